"""What administrators do by hand with people and functional accounts: add, edit, deactivate, activate and remove.

Each takes a set. Who is a functional account differs in what its form asks for alone (functional_details.py).

Who acts can't shut themselves out, nor can anybody take the last administrator away. What the directory owns comes
back with the next sync, unless the account is exempt: an edit clears the fingerprint, so that the sync looks anew.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from peewee import IntegrityError

from ppe import accounts, audit, domains, exemptions, outbox
from ppe.accounts import Batch, Outdated, Removal, Standing
from ppe.db import database, execute_many, one_at_a_time
from ppe.errors import Refused
from ppe.models import ADMIN, FUNCTIONAL, MAIL_TYPES, PERSON_TYPES, SIGN_IN_TYPES, Account, Address, folded
from ppe.people import details, switching
from ppe.people.details import OWNED_BY_DIRECTORY, Details
from ppe.people.switching import Switch

TAKEN = "One of these addresses was given to somebody else just now. Save again to see which."
CHANGED = "Somebody or a sync changed this account meanwhile. Look at it again."


@dataclass(frozen=True, slots=True)
class Seen:
    """An account, at the version that was looked at."""

    account_id: int
    version: int


@dataclass(frozen=True, slots=True)
class Edit:
    """An account at the version that was looked at, and how it is to stand."""

    seen: Seen
    wanted: Details


def add(organization_id: int, newcomers: Sequence[Details], by: Account, now: datetime, *, welcome: bool) -> list[int]:
    """Make accounts by hand. The welcome mail goes to whoever can sign in: never to a Silent User.

    Raises:
        Refused: an address was taken meanwhile, or its domain removed.
    """
    try:
        with database.atomic():
            for new in newcomers:
                _require_domains(organization_id, new, Details())
            ids = [_create(organization_id, new, now) for new in newcomers]
            if welcome:
                welcomed = [i for i, new in zip(ids, newcomers, strict=True) if new.type in SIGN_IN_TYPES]
                outbox.ask_many("welcome", organization_id, welcomed, now)
            for account_id, new in zip(ids, newcomers, strict=True):
                details: dict[str, Any] = {"after": new.told(), "before": {}}
                if new.type in PERSON_TYPES:
                    details["welcome mail"] = welcome and new.type in SIGN_IN_TYPES
                what, subject = deed(new.type, "added"), audit.Of(new.primary, account_id)
                audit.record(organization_id, by.display_name, what, subject, details, now=now)
    except IntegrityError:
        raise Refused(TAKEN, "primary") from None
    return ids


def edit(organization_id: int, edits: Sequence[Edit], by: Account, now: datetime, *, exempt: bool = False) -> int:
    """Let people stand as wanted; gives how many changed. `exempt` keeps the directory away from them as well.

    Raises:
        Outdated: somebody changed one of them meanwhile.
        Refused: it would shut out who acts, or every administrator, or an address was taken meanwhile or its domain
            removed.
    """
    try:
        with database.atomic():
            alone(organization_id)
            found = _people(organization_id, [change.seen for change in edits])
            changed = [(change, found[change.seen.account_id]) for change in edits]
            changed = [(change, standing) for change, standing in changed if change.wanted != standing[1]]
            for change, (account, before) in changed:
                _require_allowed(account, before, change.wanted, by)
                _require_domains(organization_id, change.wanted, before)
            _write(organization_id, changed)
            accounts.require_administrator(organization_id)
            for change, (account, before) in changed:
                told = {"before": before.told(), "after": change.wanted.told()}
                what, subject = deed(change.wanted.type, "changed"), audit.Of(change.wanted.primary, account.id)
                audit.record(organization_id, by.display_name, what, subject, told, now=now)
            if exempt:
                _exempt(
                    organization_id, [(found[change.seen.account_id][0], change.wanted) for change in edits], by, now
                )
    except IntegrityError:
        raise Refused(TAKEN, "primary") from None
    return len(changed)


def set_active(organization_id: int, seen: Sequence[Seen], by: Account, now: datetime, *, active: bool) -> None:
    """Deactivate people, which ends their sessions and their mail, or activate them again.

    Raises:
        Outdated: somebody changed one of them meanwhile.
        Refused: it is whoever acts, or the last active administrator.
    """
    with database.atomic():
        alone(organization_id)
        found = _people(organization_id, seen)
        switches = [Switch(one.account_id, one.version, active=active) for one in seen]
        _require_all(switching.switch(organization_id, switches, by), seen)
        for account, before in found.values():
            told = {"before": {"active": account.active}, "after": {"active": active}}
            what = deed(account.type, "activated" if active else "deactivated")
            subject = audit.Of(before.primary or account.display_name, account.id)
            audit.record(organization_id, by.display_name, what, subject, told, now=now)


def remove(organization_id: int, seen: Sequence[Seen], by: Account, now: datetime, *, exempt: bool = False) -> None:
    """Remove people: their addresses are free at once, and for 30 days they can be restored.

    Raises:
        Outdated: somebody changed one of them meanwhile.
        Refused: it is whoever acts, or the last active administrator.
    """
    with database.atomic():
        alone(organization_id)
        found = _people(organization_id, seen)
        if any(one.account_id == by.id for one in seen):
            raise Refused("You can't remove yourself. Another administrator can.")
        if exempt:
            _exempt(organization_id, list(found.values()), by, now)
        batch = Batch(removals=[Removal(one.account_id, one.version) for one in seen])
        accounts.carry_out(organization_id, batch, now)
        for account, before in found.values():
            told = {"before": before.told(), "after": {}}
            what, subject = deed(account.type, "removed"), audit.Of(before.primary or account.display_name, account.id)
            audit.record(organization_id, by.display_name, what, subject, told, now=now)


def _create(organization_id: int, new: Details, now: datetime) -> int:
    fields = {name: getattr(new, name) for name in _COLUMNS}
    account = Account.create(organization=organization_id, created_at=now, **fields)
    accounts.give_addresses([(account.id, with_addresses(new.primary, new.aliases))])
    number: int = account.id
    return number


_COLUMNS = ("type", "display_name", "first_name", "last_name", "mobile", "read_only", "receives_digest", "group_kind")
_Standing = tuple[Account, Details]


def _write(organization_id: int, changed: Sequence[tuple[Edit, _Standing]]) -> None:
    """Every address is taken away before any is given: two people may swap theirs."""
    rows = [
        (
            *(getattr(change.wanted, name) for name in _COLUMNS),
            folded(change.wanted.display_name), folded(change.wanted.last_name),
            _is_of_directory(before, change.wanted), organization_id, change.seen.account_id, change.seen.version,
        )
        for change, (_, before) in changed
    ]  # fmt: skip
    settings = ", ".join(f"{name} = ?" for name in (*_COLUMNS, "name_key", "surname_key"))
    written = execute_many(
        f"UPDATE account SET {settings}, version = version + 1,"
        " directory_fingerprint = CASE WHEN ? = 1 THEN NULL ELSE directory_fingerprint END"
        " WHERE organization_id = ? AND id = ? AND version = ?",
        rows,
    )
    _require_all(written, changed)
    ids = [change.seen.account_id for change, _ in changed]
    owned = [with_addresses(change.wanted.primary, change.wanted.aliases) for change, _ in changed]
    accounts.take_addresses(ids)
    accounts.give_addresses(list(zip(ids, owned, strict=True)))


def _is_of_directory(before: Details, after: Details) -> int:
    return int(any(getattr(before, name) != getattr(after, name) for name in OWNED_BY_DIRECTORY))


def deed(kind: str, done: str) -> str:
    """What was done, as the audit log names it."""
    return f"{'functional account' if kind == FUNCTIONAL else 'user'} {done}"


def with_addresses(primary: str | None, aliases: tuple[str, ...]) -> Standing:
    """A standing of which only the addresses matter."""
    return Standing("", "", primary=primary or None, aliases=aliases)


def alone(organization_id: int) -> None:
    """Two administrators who take each other's role away at the same moment would leave none."""
    one_at_a_time(f"administrators of {organization_id}")


def _people(organization_id: int, seen: Sequence[Seen]) -> dict[int, _Standing]:
    ids = [one.account_id for one in seen]
    addresses: dict[int, list[str]] = {number: [] for number in ids}
    primaries: dict[int, str] = {}
    for row in Address.select().where(Address.account.in_(ids)):
        if row.is_primary:
            primaries[row.account_id] = row.address
        else:
            addresses[row.account_id].append(row.address)
    found = {
        account.id: (account, details.of(account, primaries.get(account.id, ""), addresses[account.id]))
        for account in Account.select().where(
            Account.organization == organization_id, Account.id.in_(ids), Account.type.in_(MAIL_TYPES),
            Account.removed_at.is_null(),
        )
    }  # fmt: skip
    if any(one.account_id not in found or found[one.account_id][0].version != one.version for one in seen):
        raise Outdated(CHANGED)
    return found


def _require_allowed(account: Account, before: Details, after: Details, by: Account) -> None:
    loses = before.type == ADMIN and (after.type != ADMIN or (after.read_only and not before.read_only))
    if loses and account.id == by.id:
        raise Refused("You can't take your own role away. Another administrator can.", "type")


def _require_domains(organization_id: int, wanted: Details, before: Details) -> None:
    """What somebody has already may stay, whatever became of its domain."""
    had = {before.primary, *before.aliases, ""}
    domains.require(organization_id, {wanted.primary} - had, "primary")
    domains.require(organization_id, sorted(set(wanted.aliases) - had), "aliases")


def _require_all(changed: int, wanted: Sequence[object]) -> None:
    if changed != len(wanted):
        raise Outdated(CHANGED)


def _exempt(organization_id: int, these: Sequence[_Standing], by: Account, now: datetime) -> None:
    things = [
        {"object_id": account.directory_id, "address": details.primary or None, "name": details.display_name}
        for account, details in these
    ]
    exemptions.add_missing(organization_id, things, "changed by hand", by.display_name, now)
