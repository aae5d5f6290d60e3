"""What kind of group an account is: as the directory says, or, of one made by hand, as whoever made it said."""

from collections.abc import Sequence

from ppe.db import execute, marks
from ppe.sql_parts import Part, one_after_another

_OF_ACCOUNTS = """
    SELECT a.id, COALESCE(o.group_kind, a.group_kind) FROM account a
    LEFT JOIN connection c ON c.organization_id = a.organization_id
    LEFT JOIN directory_object o ON o.connection_id = c.id AND o.object_id = a.directory_id
    WHERE a.id IN
"""


def of(account_ids: Sequence[int]) -> dict[int, str]:
    """The kinds of those of these accounts that have one; the others come from a mailbox, or nobody said."""
    rows = execute(f"{_OF_ACCOUNTS} ({marks(account_ids or [0])})", account_ids or [0]).fetchall()
    return {account_id: kind for account_id, kind in rows if kind}


def is_of(kind: str) -> Part:
    """Whether an account `a` is of this kind."""
    return Part(
        "COALESCE((SELECT o.group_kind FROM connection c CROSS JOIN directory_object o"
        " WHERE c.organization_id = a.organization_id AND o.connection_id = c.id AND o.object_id = a.directory_id),"
        " a.group_kind) = ?",
        (kind,),
    )


def ids(organization_id: int, kind: str) -> Part:
    """The ids of all accounts of this kind."""
    holds = is_of(kind)
    return one_after_another(
        Part(
            "SELECT a.id FROM connection c CROSS JOIN directory_object o CROSS JOIN account a"
            " WHERE c.organization_id = ? AND o.connection_id = c.id AND o.group_kind = ?"
            " AND a.organization_id = c.organization_id AND a.directory_id = o.object_id",
            (organization_id, kind),
        ),
        Part(
            f"SELECT a.id FROM account a WHERE a.organization_id = ? AND a.group_kind = ? AND {holds.sql}",
            (organization_id, kind, *holds.parameters),
        ),
    )
