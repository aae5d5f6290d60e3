"""The life of accounts. A change takes a whole set, so that the sync passes a batch and a view a set of one."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from ppe import directory_links, removed_memberships
from ppe.db import as_json, batches, execute, execute_many, marks, stamp
from ppe.errors import Refused
from ppe.models import ADMIN, folded

Memberships = Literal["none", "by hand", "all"]


@dataclass(frozen=True, slots=True)
class Standing:
    """Everything about an account that a change may set. `aliases` never contains `primary`."""

    type: str
    display_name: str
    first_name: str = ""
    last_name: str = ""
    mobile: str = ""
    active: bool = True
    deactivated_by: str | None = None
    converted: bool = False
    primary: str | None = None
    aliases: tuple[str, ...] = ()
    directory_tenant: str | None = None
    directory_id: str | None = None
    directory_fingerprint: str | None = None


@dataclass(frozen=True, slots=True)
class Amendment:
    """An existing account, at the version that was looked at, and how it is to stand afterwards.

    `is_relinked` says that another directory object, and so perhaps another person, takes it over: whatever somebody
    could sign in with before ends. `memberships` says which of those that it lost when it was removed come back with
    it: all, or, where the directory brings it back and decides about its own groups, only those given by hand.
    """

    account_id: int
    version: int
    standing: Standing
    is_relinked: bool = False
    memberships: Memberships = "none"


@dataclass(frozen=True, slots=True)
class Removal:
    """An existing account, at the version that was looked at, that goes away for 30 days and then for good."""

    account_id: int
    version: int


@dataclass(slots=True)
class Batch:
    """A set of changes to one organisation's accounts that become true together."""

    newcomers: list[Standing] = field(default_factory=list)
    amendments: list[Amendment] = field(default_factory=list)
    removals: list[Removal] = field(default_factory=list)


class Outdated(Refused):
    """An account has changed since it was looked at: look again."""


_NEW = """
    INSERT INTO account (organization_id, type, display_name, name_key, first_name, last_name, surname_key, mobile,
                         active, deactivated_by, converted_at, directory_tenant, directory_id, directory_fingerprint,
                         created_at, read_only, receives_digest, version)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)
"""
_AMEND = """
    UPDATE account SET type = ?, display_name = ?, name_key = ?, first_name = ?, last_name = ?, surname_key = ?,
        mobile_changed_at = CASE WHEN mobile = ? THEN mobile_changed_at ELSE ? END, mobile = ?, active = ?,
        deactivated_by = ?, microsoft_tenant = NULL, microsoft_id = NULL,
        converted_at = CASE WHEN ? THEN COALESCE(converted_at, ?) END,
        directory_tenant = ?, directory_id = ?, directory_fingerprint = ?,
        removed_at = NULL, removed_addresses = NULL, version = version + 1
    WHERE organization_id = ? AND id = ? AND version = ?
"""


def carry_out(organization_id: int, batch: Batch, now: datetime) -> None:
    """Make the batch true, inside the caller's transaction: every address is taken away before any is given.

    Raises:
        Outdated: an account is not at the version that was looked at.
        Refused: no active administrator would be left.
        peewee.IntegrityError: an address, or a directory object, belongs to another account.
    """
    _remove(organization_id, batch.removals, now)
    take_addresses([change.account_id for change in batch.amendments])
    _amend(organization_id, batch.amendments, now)
    for which in ("by hand", "all"):
        back = [change.account_id for change in batch.amendments if change.memberships == which]
        removed_memberships.give_back(organization_id, back, by_hand_only=which == "by hand")
    _create(organization_id, batch.newcomers, now)
    touched = [change.standing for change in batch.amendments]
    if batch.removals or any(to.type == ADMIN or to.converted for to in touched):
        require_administrator(organization_id)


def require_administrator(organization_id: int) -> None:
    """Refuse what would leave nobody who can change anything: who is read-only can't.

    Raises:
        Refused: the organisation has no such administrator left.
    """
    left = execute(
        "SELECT 1 FROM account WHERE organization_id = ? AND type = ? AND active AND NOT read_only"
        " AND removed_at IS NULL LIMIT 1",
        (organization_id, ADMIN),
    ).fetchone()
    if left is None:
        raise Refused("The last active administrator can be neither disabled nor removed.")


def _remove(organization_id: int, removals: Sequence[Removal], now: datetime) -> None:
    """The rows stay for 30 days with their addresses and memberships noted; the addresses are free at once."""
    ids = [change.account_id for change in removals]
    noted: dict[int, list[str]] = {}
    for some in batches(ids):
        rows = execute(
            f"SELECT account_id, address FROM address WHERE account_id IN ({marks(some)})"
            " ORDER BY is_primary DESC, address",
            some,
        )
        for account_id, address in rows.fetchall():
            noted.setdefault(account_id, []).append(address)
    memberships = removed_memberships.of(ids)
    removed = execute_many(
        "UPDATE account SET removed_at = ?, removed_addresses = ?, removed_memberships = ?, version = version + 1"
        " WHERE organization_id = ? AND id = ? AND version = ? AND removed_at IS NULL",
        [
            (
                stamp(now),
                as_json(noted.get(change.account_id, [])),
                json.dumps(memberships.get(change.account_id, [])),
                organization_id,
                change.account_id,
                change.version,
            )
            for change in removals
        ],
    )
    _require_all(removed, removals)
    take_addresses(ids)
    end_sessions(ids)
    for side in ("member_id", "group_id"):
        execute_many(f"DELETE FROM membership WHERE {side} = ?", [(account_id,) for account_id in ids])


def _amend(organization_id: int, amendments: Sequence[Amendment], now: datetime) -> None:
    """An amendment comes from the directory, whose object is the person's identity at Microsoft from now on.

    Where a link is undone there is none any more, and nobody stays signed in by it.
    """
    following = {c.standing.directory_id: c.account_id for c in amendments if c.standing.directory_id is not None}
    directory_links.let_go(organization_id, following)
    amended = execute_many(
        _AMEND,
        [
            (
                to.type, to.display_name, folded(to.display_name), to.first_name, to.last_name, folded(to.last_name),
                to.mobile, stamp(now), to.mobile, to.active, to.deactivated_by, to.converted, stamp(now),
                to.directory_tenant, to.directory_id, to.directory_fingerprint,
                organization_id, change.account_id, change.version,
            )
            for change in amendments
            for to in (change.standing,)
        ],
    )  # fmt: skip
    _require_all(amended, amendments)
    give_addresses([(change.account_id, change.standing) for change in amendments])
    strangers = [c.account_id for c in amendments if c.is_relinked or c.standing.converted]
    shut_out = [c.account_id for c in amendments if not c.standing.active or c.standing.directory_id is None]
    end_sessions([*strangers, *shut_out])
    end_credentials(strangers)


def _create(organization_id: int, newcomers: Sequence[Standing], now: datetime) -> None:
    """Newcomers are found again by their object id, for their addresses; who has none is made one by one."""
    created = stamp(now)
    linked = [new for new in newcomers if new.directory_id is not None]
    by_hand = [new for new in newcomers if new.directory_id is None]
    execute_many(_NEW, [_new(organization_id, new, created) for new in linked])
    ids = directory_links.accounts_of(organization_id, [new.directory_id or "" for new in linked])
    owners = [(ids[new.directory_id or ""], new) for new in linked]
    for new in by_hand:
        (account_id,) = execute(f"{_NEW} RETURNING id", _new(organization_id, new, created)).fetchone()
        owners.append((account_id, new))
    give_addresses(owners)


def _new(organization_id: int, new: Standing, created: str) -> tuple[object, ...]:
    return (
        organization_id, new.type, new.display_name, folded(new.display_name), new.first_name, new.last_name,
        folded(new.last_name), new.mobile, new.active, new.deactivated_by, created if new.converted else None,
        new.directory_tenant, new.directory_id, new.directory_fingerprint, created, False, False,
    )  # fmt: skip


def take_addresses(account_ids: Sequence[int]) -> None:
    """Free every address of these accounts."""
    execute_many("DELETE FROM address WHERE account_id = ?", [(account_id,) for account_id in account_ids])


def give_addresses(owners: Sequence[tuple[int, Standing]]) -> None:
    """Give accounts that have none the addresses of their standing."""
    rows = []
    for account_id, standing in owners:
        given = (standing.primary, *standing.aliases) if standing.primary else standing.aliases
        rows += [(account_id, address, address.rpartition("@")[2], address == standing.primary) for address in given]
    execute_many("INSERT INTO address (account_id, address, domain, is_primary) VALUES (?, ?, ?, ?)", rows)


def end_sessions(account_ids: Sequence[int]) -> None:
    """Nobody stays signed in, or half signed in, or may come back without a second factor."""
    ids = [(account_id,) for account_id in account_ids]
    for table in ("sign_in_session", "half_sign_in", "trusted_browser"):
        execute_many(f"DELETE FROM {table} WHERE account_id = ?", ids)


def end_credentials(account_ids: Sequence[int]) -> None:
    """Neither the password nor the second factor of whoever had the account before is good for anything."""
    ids = [(account_id,) for account_id in account_ids]
    for table in ("authenticator", "second_factor_code", "password_link"):
        execute_many(f"DELETE FROM {table} WHERE account_id = ?", ids)
    execute_many("UPDATE account SET password_hash = NULL, second_factor_at = NULL WHERE id = ?", ids)


def _require_all(changed: int, wanted: Sequence[object]) -> None:
    if changed != len(wanted):
        raise Outdated("The account has changed since this plan was made. Run the sync again to see where it stands.")
