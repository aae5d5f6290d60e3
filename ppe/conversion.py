"""A person becomes a functional account, and a functional account a person again: a change of type, by hand.

The account stays the same row with the same addresses, groups and directory object, so that mail flows before, after
and meanwhile. The sync never changes the type of a converted account, takes no notice of its blocked sign-in, and asks
before it removes one (sync/plan.py).
"""

from collections.abc import Sequence
from datetime import datetime

from ppe import accounts, audit, exemptions, people
from ppe.accounts import Outdated
from ppe.db import database, execute, execute_many, marks, stamp
from ppe.errors import Refused
from ppe.models import END_USER, FUNCTIONAL, PERSON_TYPES, SILENT_USER, Account
from ppe.people import Seen

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
    SELECT o.is_group, o.enabled FROM directory_object o JOIN connection c ON c.id = o.connection_id
    WHERE c.organization_id = ? AND o.object_id = ? AND o.gone_at IS NULL
"""


def to_functional(organization_id: int, seen: Sequence[Seen], by: Account, now: datetime) -> None:
    """Convert people: their sign-in ends with all its credentials, and mail to them flows, even if it did not before.

    Raises:
        Outdated: somebody or a sync changed one of them meanwhile.
        Refused: it is whoever acts, or the last active administrator.
    """
    with database.atomic():
        people.alone(organization_id)
        found = convert(organization_id, seen, by, now)
        _record(organization_id, found, FUNCTIONAL, "converted to functional account", by, now)


def convert(organization_id: int, seen: Sequence[Seen], by: Account, now: datetime) -> Found:
    """The same inside the caller's transaction, which only one at a time may be in (people.alone).

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
            exemptions.add_many(organization_id, _things(found), "converted by hand", None, by.display_name, now)


def obstacle(account: Account) -> str:
    """Why a functional account can't be converted into a user; empty if it can."""
    directory_object = _object_of(account)
    is_of_group = directory_object and directory_object[0]
    if is_of_group or (account.directory_id and account.converted_at is None):
        return "it comes from a group of the directory, which nobody signs in as."
    if execute("SELECT 1 FROM membership WHERE group_id = ? LIMIT 1", (account.id,)).fetchone():
        return "it has members, and a user has none."
    return ""


def is_blocked(account: Account) -> bool:
    """Whether the directory blocks its sign-in, so that the next sync would deactivate the user it becomes."""
    directory_object = _object_of(account)
    return directory_object is not None and not directory_object[1]


def _object_of(account: Account) -> tuple[bool, bool] | None:
    """Whether its directory object is a group, and whether it may sign in there; None where there is none."""
    row = execute(_OBJECT, (account.organization_id, account.directory_id)).fetchone()
    return (bool(row[0]), bool(row[1])) if row else None


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
        raise Outdated(people.CHANGED)


def _record(organization_id: int, found: Found, role: str, deed: str, by: Account, now: datetime) -> None:
    for account, primary in found.values():
        told = {
            "before": {"type": account.type, "active": account.active},
            "after": {"type": role, "active": True if role == FUNCTIONAL else account.active},
        }
        audit.record(organization_id, by.display_name, deed, primary or account.display_name, told, now=now)
