"""A person becomes a functional account, and a functional account a person again: a change of type, by hand.

The account stays the same row with the same addresses, groups and directory object, so that mail flows before, after
and meanwhile. The sync never changes the type of a converted account, takes no notice of its blocked sign-in, and asks
before it removes one (sync/plan.py).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from ppe import accounts, audit, exemptions
from ppe.accounts import Outdated
from ppe.db import database, execute, execute_many, marks, stamp
from ppe.errors import Refused
from ppe.models import END_USER, FUNCTIONAL, PERSON_TYPES, SILENT_USER, Account
from ppe.people import by_hand
from ppe.people.by_hand import Seen

Found = dict[int, tuple[Account, str]]  # by the id, with the primary address

ROLES_BACK = (END_USER, SILENT_USER)  # nobody becomes an administrator on the way

_TO_FUNCTIONAL = """
    UPDATE account SET type = ?, converted_at = ?, active = ?, deactivated_by = NULL, read_only = ?,
        microsoft_tenant = NULL, microsoft_id = NULL, directory_fingerprint = NULL, version = version + 1
    WHERE organization_id = ? AND id = ? AND version = ?
"""
_TO_USER = """
    UPDATE account SET type = ?, converted_at = NULL, directory_fingerprint = NULL, version = version + 1
    WHERE organization_id = ? AND id = ? AND version = ?
"""
_OBJECT = """
    SELECT o.is_group, o.enabled, o.gone_at IS NULL AND o.primary_address IS NOT NULL AND NOT o.guest
    FROM directory_object o JOIN connection c ON c.id = o.connection_id
    WHERE c.organization_id = ? AND o.object_id = ?
"""


class _Object(NamedTuple):
    """What the directory last said of an account's object."""

    is_group: bool
    enabled: bool
    has_mailbox: bool


def to_functional(organization_id: int, seen: Sequence[Seen], by: Account, now: datetime) -> None:
    """Convert people: their sign-in ends with all its credentials, and mail to them flows, even if it did not before.

    Raises:
        Outdated: somebody or a sync changed one of them meanwhile.
        Refused: it is whoever acts, or the last active administrator.
    """
    with database.atomic():
        by_hand.alone(organization_id)
        found = convert(organization_id, seen, by, now)
        _record(organization_id, found, FUNCTIONAL, "converted to functional account", by, now)


def convert(organization_id: int, seen: Sequence[Seen], by: Account, now: datetime) -> Found:
    """The same inside the caller's transaction, which only one at a time may be in (by_hand.alone).

    It leaves no record: whoever calls writes one for all. Gives the accounts as they were, with their addresses.
    """
    found = _found(organization_id, seen, PERSON_TYPES)
    if by.id in found:
        raise Refused("You can't convert yourself. Another administrator can.")
    rows = [(FUNCTIONAL, stamp(now), True, False, organization_id, one.account_id, one.version) for one in seen]
    _require_all(execute_many(_TO_FUNCTIONAL, rows), seen)
    accounts.end_sessions(list(found))
    accounts.end_credentials(list(found))
    accounts.require_administrator(organization_id)
    return found


def to_user(
    organization_id: int, seen: Sequence[Seen], role: str, by: Account, now: datetime, *, exempt: bool = False
) -> None:
    """Convert functional accounts back into End Users or Silent Users, whom the next sync treats like any other.

    `exempt` keeps the directory away from them.

    Raises:
        Outdated: somebody or a sync changed one of them meanwhile.
        Refused: the role is none of these, or one of them can't be a user.
    """
    if role not in ROLES_BACK:
        raise Refused("Choose a role.", "role")
    with database.atomic():
        found = _found(organization_id, seen, [FUNCTIONAL])
        for account, _ in found.values():
            if why := obstacle(account):
                raise Refused(f"{account.display_name} can't be converted: {why}")
        rows = [(role, organization_id, one.account_id, one.version) for one in seen]
        _require_all(execute_many(_TO_USER, rows), seen)
        _record(organization_id, found, role, "converted to user", by, now)
        if exempt:
            exemptions.add_missing(organization_id, _things(found), "converted by hand", by.display_name, now)


def obstacle(account: Account) -> str:
    """Why a functional account can't be converted into a user; empty if it can."""
    known = _object_of(account)
    if known.is_group if known else account.directory_id and account.converted_at is None:
        return "it comes from a group of the directory, which nobody signs in as."
    if execute("SELECT 1 FROM membership WHERE group_id = ? LIMIT 1", (account.id,)).fetchone():
        return "it has members, and a user has none."
    return ""


def danger(account: Account) -> str:
    """What the next sync would do to the user that it becomes, whom mail would not reach any more; empty if nothing."""
    known = _object_of(account)
    if known is None or (known.enabled and known.has_mailbox):
        return ""
    if known.has_mailbox:
        return "Sign-in is blocked in the directory: the next sync would deactivate this user"
    return "The directory has no mailbox for it any more: the next sync would remove this user"


def _object_of(account: Account) -> _Object | None:
    """Its directory object, gone or not; None where there is none, or where it was another tenant's."""
    row = execute(_OBJECT, (account.organization_id, account.directory_id)).fetchone()
    return _Object(*map(bool, row)) if row else None


def _found(organization_id: int, seen: Sequence[Seen], types: Sequence[str]) -> Found:
    """The accounts that were seen, each with its primary address."""
    ids = [one.account_id for one in seen]
    primaries = dict(
        execute(f"SELECT account_id, address FROM address WHERE is_primary AND account_id IN ({marks(ids)})", ids)
    )
    found = {
        account.id: (account, primaries.get(account.id, ""))
        for account in Account.select().where(
            Account.organization == organization_id, Account.id.in_(ids), Account.type.in_(types),
            Account.removed_at.is_null(),
        )
    }  # fmt: skip
    _require_all(len(found), seen)
    return found


def _things(found: Found) -> list[dict[str, str | None]]:
    return [
        {"object_id": account.directory_id, "address": primary or None, "name": account.display_name}
        for account, primary in found.values()
    ]


def _require_all(changed: int, seen: Sequence[Seen]) -> None:
    if changed != len(seen):
        raise Outdated(by_hand.CHANGED)


def _record(organization_id: int, found: Found, role: str, deed: str, by: Account, now: datetime) -> None:
    for account, primary in found.values():
        told = {
            "before": {"type": account.type, "active": account.active},
            "after": {"type": role, "active": True if role == FUNCTIONAL else account.active},
        }
        subject = audit.Of(primary or account.display_name, account.id)
        audit.record(organization_id, by.display_name, deed, subject, told, now=now)
