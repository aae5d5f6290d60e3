"""Who the directory says is in a group, beside who is in it here: as the last pull left the mirror."""

from dataclasses import dataclass

from ppe.db import execute
from ppe.models import Account, Connection, DirectoryObject

SHOWN = 50

_NOT_YET = """
    FROM directory_member d JOIN account m ON m.organization_id = ? AND m.directory_id = d.member_id
        AND m.removed_at IS NULL
    WHERE d.connection_id = ? AND d.group_id = ?
      AND NOT EXISTS (SELECT 1 FROM membership x WHERE x.group_id = ? AND x.member_id = m.id)
"""
_NO_LONGER = """
    FROM membership x JOIN account m ON m.id = x.member_id AND m.directory_id IS NOT NULL
    WHERE x.group_id = ? AND NOT EXISTS (SELECT 1 FROM directory_member d
        WHERE d.connection_id = ? AND d.group_id = ? AND d.member_id = m.directory_id)
"""
_BY_HAND = """
    FROM membership x JOIN account m ON m.id = x.member_id AND m.directory_id IS NULL WHERE x.group_id = ?
"""
_UNKNOWN = """
    SELECT COUNT(*) FROM directory_member d WHERE d.connection_id = ? AND d.group_id = ? AND NOT EXISTS (
        SELECT 1 FROM account m WHERE m.organization_id = ? AND m.directory_id = d.member_id AND m.removed_at IS NULL)
"""


@dataclass(frozen=True, slots=True)
class Some:
    """How many accounts, and the first of them by name: id, name and type."""

    total: int
    first: list[tuple[int, str, str]]


@dataclass(frozen=True, slots=True)
class Compared:
    """The difference: who would join and leave by the next sync, whom it leaves alone, and whom it doesn't know.

    `unknown` counts members that have no account here, such as guests, devices and contacts.
    """

    joining: Some
    leaving: Some
    by_hand: Some
    unknown: int


def compared(group: Account) -> Compared | None:
    """The members of a group there and here; None where the directory says nothing of this group."""
    connection = Connection.get_or_none(Connection.organization == group.organization_id)
    if connection is None or not group.directory_id:
        return None
    mirrored = DirectoryObject.select().where(
        DirectoryObject.connection == connection, DirectoryObject.object_id == group.directory_id,
        DirectoryObject.is_group, DirectoryObject.gone_at.is_null(),
    )  # fmt: skip
    if not mirrored.exists():
        return None
    organization_id, there, here = group.organization_id, group.directory_id, group.id
    (unknown,) = execute(_UNKNOWN, (connection.id, there, organization_id)).fetchone()
    return Compared(
        joining=_some(_NOT_YET, (organization_id, connection.id, there, here)),
        leaving=_some(_NO_LONGER, (here, connection.id, there)),
        by_hand=_some(_BY_HAND, (here,)),
        unknown=int(unknown),
    )


def _some(condition: str, given: tuple[object, ...]) -> Some:
    (total,) = execute(f"SELECT COUNT(*) {condition}", given).fetchone()
    statement = f"SELECT m.id, m.display_name, m.type {condition} ORDER BY m.name_key, m.id LIMIT {SHOWN}"
    return Some(int(total), [tuple(row) for row in execute(statement, given).fetchall()] if total else [])
