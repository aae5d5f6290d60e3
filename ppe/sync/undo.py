"""A change that a finished run carried out -> its opposite, or why it can't be undone. Pure.

Undone is only what still stands as the run left it: whatever happened to an account since would be lost otherwise.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ppe.sync.change import ADDING, ADMIN, DELETING, DISABLING, GROUP, NOT_IMPORTED, UPDATING, Change, Known
from ppe.sync.desired import kind
from ppe.sync.entry import domain_of
from ppe.sync.plan import LAST_ADMINISTRATOR

ADMIN_UNTICKED = "This is an administrator, who signs in differently afterwards, so tick it on purpose."
RELINK_NOTE = (
    "The password and the second factor that the account had before it was relinked don't come back, and those set up"
    " since end."
)
UNLINK_NOTE = (
    "Whoever is signed in is signed out. A Microsoft account that was connected by hand before is not connected again."
)
CONVERSION_NOTE = "The password and the second factor from before the conversion don't come back."
GONE_FOR_GOOD = "Its 30 days are over: the removed account is gone for good."


@dataclass(frozen=True, slots=True)
class Deed:
    """A change that was carried out. `version` is the account's as the change met it; what was new had none."""

    run_id: int
    section: str
    kind: str
    name: str
    address: str = ""
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What else may stand in the way: domains, whom directory objects belong to, and which objects are known at all."""

    registered: frozenset[str]
    linked: Mapping[str, str] = field(default_factory=dict)  # object id -> the name of its account
    known_objects: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Contested:
    """An address that an undo wants and another account has; `giver` is the undo that frees it, if there is one."""

    change_id: int
    address: str
    holder: str | None  # None is somebody of another organisation
    giver: int | None


def opposite(deed: Deed, account: Known | None, facts: Facts) -> Change:
    """The change that takes a deed back; one under Not imported says why there is none."""
    if account is None or (why := _changed_since(deed, account)):
        gone = GONE_FOR_GOOD if deed.section == DELETING else "The account is not here any more."
        change = Change(NOT_IMPORTED, deed.kind, deed.name, deed.address, account=account)
        return _impossible(change, gone if account is None else why)
    change = _taken_back(deed, account)
    obstacle = _obstacle(change, account, facts)
    return _impossible(change, obstacle) if obstacle else change


def settle(contested: Iterable[Contested]) -> tuple[dict[int, str], list[tuple[int, int]]]:
    """The undos that can't have an address, each with the reason, and the pairs that pass one between them."""
    wishes = list(contested)
    refused: dict[int, str] = {}
    while True:
        lost = {
            wish.change_id: f"{wish.address} belongs to {wish.holder or 'another organisation'} now."
            for wish in wishes
            if wish.change_id not in refused and (wish.giver is None or wish.giver in refused)
        }
        if not lost:
            break
        refused |= lost
    return refused, [(w.change_id, w.giver) for w in wishes if w.giver is not None and w.change_id not in refused]


def wanted(after: Mapping[str, Any]) -> set[str]:
    """The addresses that a change gives to its account."""
    return {after.get("primary"), *after.get("aliases", ())} - {None}


def frees(section: str, after: Mapping[str, Any], account: Known, address: str) -> bool:
    """Whether an account that has this address has it no more after the change."""
    if section == DELETING:
        return True
    return address not in (after.get("primary", account.primary), *after.get("aliases", account.aliases))


def _changed_since(deed: Deed, account: Known) -> str:
    """Why a deed is not the last thing that happened to an account; empty if it is."""
    if account.removed and deed.section != DELETING:
        return "The account was removed since."
    left = (deed.version or 0) + 1
    fields = {} if deed.section == DELETING else deed.after
    if account.version != left or any(_plain(getattr(account, name)) != _plain(fields[name]) for name in fields):
        return "The account has changed since, so it stays as it is."
    return ""


def _taken_back(deed: Deed, account: Known) -> Change:
    return {ADDING: _remove, DELETING: _restore, UPDATING: _put_back, DISABLING: _put_back}[deed.section](deed, account)


def _remove(deed: Deed, account: Known) -> Change:
    before = {
        "type": account.type,
        "display_name": account.display_name,
        "primary": account.primary,
        "aliases": account.aliases,
    }
    return Change(
        DELETING,
        kind(account.type),
        account.display_name,
        account.primary or "",
        before=before,
        reason=f"Added by run {deed.run_id}: the account is removed, and kept for 30 days.",
        account=account,
    )


def _restore(deed: Deed, account: Known) -> Change:
    primary: str | None = deed.before.get("primary")
    after = {
        "type": account.type,
        "display_name": account.display_name,
        "active": account.active,
        "primary": primary,
        "aliases": tuple(deed.before.get("aliases", ())),
    }
    back = "its members" if account.type == GROUP else "its addresses and memberships"
    if account.is_person:
        back = "addresses, memberships, password and second factor"
    return Change(
        ADDING,
        kind(account.type),
        account.display_name,
        primary or "",
        after=after,
        reason=f"Deleted by run {deed.run_id}: the account comes back with {back}.",
        account=account,
    )


def _put_back(deed: Deed, account: Known) -> Change:
    after: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in deed.before.items()
    }
    was = "Disabled" if deed.section == DISABLING else "Updated"
    does = "the account is reactivated" if after.get("active") else "it is put back as it was"
    change = Change(
        DISABLING if after.get("active") is False else UPDATING,
        kind(after.get("type", account.type)),
        after.get("display_name", account.display_name),
        after.get("primary", account.primary) or "",
        before={name: getattr(account, name) for name in after},
        after=after,
        reason=f"{was} by run {deed.run_id}: {does}.",
        account=account,
    )
    if after.get("converted") is False:
        change = replace(change, notes=(CONVERSION_NOTE,))
    if "directory_id" not in after:
        return change
    note = UNLINK_NOTE if after["directory_id"] is None else RELINK_NOTE
    change = replace(change, notes=(*change.notes, note))
    if account.type == ADMIN:
        return replace(change, ticked=False, notes=(*change.notes, ADMIN_UNTICKED))
    return change


def _obstacle(change: Change, account: Known, facts: Facts) -> str:
    """What keeps a change from being carried out; empty if nothing does."""
    if account.last_admin and change.section in (DELETING, DISABLING):
        return LAST_ADMINISTRATOR
    for address in sorted(wanted(change.after)):
        if domain_of(address) not in facts.registered:
            return f"The domain {domain_of(address)} is not registered here any more."
    object_id = change.after.get("directory_id")
    if object_id is None:
        return ""
    if object_id in facts.linked:
        return f"Its directory object belongs to {facts.linked[object_id]} now."
    if object_id not in facts.known_objects:
        return "Its directory object is not known any more."
    return ""


def _impossible(change: Change, reason: str) -> Change:
    return replace(change, section=NOT_IMPORTED, reason=reason, ticked=False)


def _plain(value: object) -> object:
    return sorted(value) if isinstance(value, list | tuple) else value
