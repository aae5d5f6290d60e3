"""Which account follows which directory object: one each, removed accounts included."""

from collections.abc import Mapping, Sequence

from ppe.db import batches, execute, execute_many, marks


def accounts_of(organization_id: int, object_ids: Sequence[str]) -> dict[str, int]:
    """The accounts that are linked to these directory objects."""
    found: dict[str, int] = {}
    for some in batches(object_ids):
        rows = execute(
            f"SELECT directory_id, id FROM account WHERE organization_id = ? AND directory_id IN ({marks(some)})",
            (organization_id, *some),
        )
        found.update(rows.fetchall())
    return found


def let_go(organization_id: int, following: Mapping[str, int]) -> None:
    """Whom other accounts are about to follow, removed accounts follow no longer.

    An object that came back while somebody else had its address is linked to them; the account that it had before must
    not stand in the way for its 30 days.

    Args:
        organization_id: whose accounts these are.
        following: the account that follows each object from now on.
    """
    for some in batches(following):
        rows = execute(
            "SELECT id, directory_id FROM account WHERE organization_id = ? AND removed_at IS NOT NULL"
            f" AND directory_id IN ({marks(some)})",
            (organization_id, *some),
        )
        left = [(account_id,) for account_id, object_id in rows.fetchall() if following[object_id] != account_id]
        execute_many(
            "UPDATE account SET directory_tenant = NULL, directory_id = NULL, directory_fingerprint = NULL,"
            " version = version + 1 WHERE id = ?",
            left,
        )
