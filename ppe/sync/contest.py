"""Who gets an address that several want. Pure.

Whoever holds an address keeps it unless the holder's own change gives it up. Among those who want a free address the
primary beats the alias, then the lower object id wins, so that every run decides alike.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Claimant:
    """One object and the addresses it wants: its own account's id, if it has one."""

    object_id: str
    name: str
    primary: str
    aliases: frozenset[str]
    account: int | None = None


@dataclass(frozen=True, slots=True)
class Holder:
    """The account that has an address now. `name` is None if it belongs to another organisation.

    `stays` says that nothing in this run makes it give the address up: it is local, exempt, frozen or switched off.
    """

    account: int
    name: str | None
    stays: bool


def settle(claimants: Iterable[Claimant], holders: Mapping[str, Holder]) -> dict[str, dict[str, str]]:
    """For each losing object the addresses it does not get, each with the sentence that says why.

    A loser keeps what it holds, which may cost another object the address it hoped for, so this repeats until nobody
    loses more; losses only ever grow, so it ends.
    """
    everybody = sorted(claimants, key=lambda claimant: claimant.object_id)
    wanting: dict[str, list[Claimant]] = {}
    for claimant in everybody:
        for address in (claimant.primary, *sorted(claimant.aliases)):
            wanting.setdefault(address, []).append(claimant)
    accounts: dict[int | None, Claimant] = {
        claimant.account: claimant for claimant in everybody if claimant.account is not None
    }
    lost: dict[str, dict[str, str]] = {}
    while True:
        before = sum(map(len, lost.values()))
        for address, rivals in wanting.items():
            _settle_one(address, rivals, holders.get(address), accounts, lost)
        if sum(map(len, lost.values())) == before:
            return lost


def belongs_to(address: str, name: str | None) -> str:
    """That somebody has an address; without a name it is somebody of another organisation."""
    return f"{address} belongs to {name or 'an account of another organisation'}."


def _settle_one(
    address: str,
    rivals: Sequence[Claimant],
    holder: Holder | None,
    accounts: Mapping[int | None, Claimant],
    lost: dict[str, dict[str, str]],
) -> None:
    if holder is not None and _keeps(address, holder, accounts, lost):
        sentence = belongs_to(address, holder.name)
        for rival in rivals:
            if rival.account != holder.account:
                lost.setdefault(rival.object_id, {})[address] = sentence
        return
    open_to = [rival for rival in rivals if not _is_out(rival, address, lost)]
    if len(open_to) < 2:
        return
    winner = min(open_to, key=lambda rival: (rival.primary != address, rival.object_id))
    for rival in open_to:
        if rival is not winner:
            lost.setdefault(rival.object_id, {})[address] = f"{address} also belongs to {winner.name} in the directory."


def _keeps(
    address: str, holder: Holder, accounts: Mapping[int | None, Claimant], lost: Mapping[str, Mapping[str, str]]
) -> bool:
    """Whether the account that has the address will still have it after this run."""
    if holder.stays:
        return True
    own = accounts.get(holder.account)
    if own is None:
        return False  # its removal frees it
    if address == own.primary or address in own.aliases:
        return True
    return own.primary in lost.get(own.object_id, {})  # who can't take the new primary address keeps all the old ones


def _is_out(rival: Claimant, address: str, lost: Mapping[str, Mapping[str, str]]) -> bool:
    """A rival that lost this address, or its primary one and with it everything."""
    losses = lost.get(rival.object_id, {})
    return address in losses or rival.primary in losses
