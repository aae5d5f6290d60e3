"""Who joins and who leaves which group: planned by comparing whole sets, never member by member."""

from ppe.db import batches, execute, marks
from ppe.sync.change import ADDING, DISABLING, FUNCTIONAL, GROUP, UPDATING, Change, Known
from ppe.sync.entry import DISTRIBUTION, MAIL_SECURITY, MICROSOFT365, SECURITY
from ppe.sync.planning import Planner

_CHANGING = (ADDING, UPDATING, DISABLING)

# Directory members that have, or in this run get, an account, and are not in the group here.
_JOINING = """
    FROM directory_member dm
    JOIN directory_object o ON o.connection_id = dm.connection_id AND o.object_id = dm.group_id AND o.gone_at IS NULL
    LEFT JOIN account g ON g.organization_id = ? AND g.directory_id = dm.group_id AND g.removed_at IS NULL
    LEFT JOIN account m ON m.organization_id = ? AND m.directory_id = dm.member_id AND m.removed_at IS NULL
    LEFT JOIN sync_change mc ON m.id IS NULL AND mc.run_id = ? AND mc.object_id = dm.member_id
                            AND mc.section IN (?, ?, ?)
    WHERE dm.connection_id = ? AND (m.id IS NOT NULL OR mc.id IS NOT NULL)
      AND (g.id IS NULL
           OR NOT EXISTS (SELECT 1 FROM membership x
                          WHERE x.group_id = g.id AND x.member_id = COALESCE(m.id, mc.account_id)))
"""
# The same for the groups that have an account, which an unchanged run asks: from the few groups to their members.
_GROUPS_JOINED = """
    FROM account g CROSS JOIN directory_object o CROSS JOIN directory_member dm
    LEFT JOIN account m ON m.organization_id = g.organization_id AND m.directory_id = dm.member_id
                       AND m.removed_at IS NULL
    LEFT JOIN sync_change mc ON m.id IS NULL AND mc.run_id = ? AND mc.object_id = dm.member_id
                            AND mc.section IN (?, ?, ?)
    WHERE g.organization_id = ? AND g.type IN (?, ?) AND g.removed_at IS NULL
      AND o.connection_id = ? AND o.object_id = g.directory_id AND o.gone_at IS NULL
      AND dm.connection_id = o.connection_id AND dm.group_id = g.directory_id
      AND (m.id IS NOT NULL OR mc.id IS NOT NULL)
      AND NOT EXISTS (SELECT 1 FROM membership x
                      WHERE x.group_id = g.id AND x.member_id = COALESCE(m.id, mc.account_id))
"""
# Synced members of synced groups that the directory no longer has in the group. Members added by hand stay, and who is
# gone altogether leaves with the account. A mailbox has no members there, which says nothing about its members here.
_LEAVING = """
    FROM membership x
    JOIN account g ON g.id = x.group_id AND g.organization_id = ? AND g.removed_at IS NULL
    JOIN account m ON m.id = x.member_id AND m.directory_id IS NOT NULL AND m.removed_at IS NULL
    JOIN directory_object o ON o.connection_id = ? AND o.object_id = g.directory_id AND o.gone_at IS NULL
                           AND o.is_group
    WHERE NOT EXISTS (SELECT 1 FROM directory_member dm WHERE dm.connection_id = o.connection_id
                      AND dm.group_id = g.directory_id AND dm.member_id = m.directory_id)
      AND NOT EXISTS (SELECT 1 FROM directory_object mo WHERE mo.connection_id = o.connection_id
                      AND mo.object_id = m.directory_id AND mo.gone_at IS NOT NULL)
"""
# From the few groups to their members, as above: SQLite would else look through all members for each of them.
_DONE = "FROM sync_change c CROSS JOIN sync_change_member cm"
_WHERE_DONE = "WHERE c.run_id = ? AND c.outcome = ? AND cm.change_id = c.id"


def plan_members(planner: Planner) -> None:
    """A row for every group whose members change, and under it who joins and who leaves."""
    _plan_groups(planner)
    if not _has_changing_groups(planner):
        return
    joining, leaving = _parameters(planner)
    run_id = planner.run.id
    execute(
        "INSERT INTO sync_change_member (change_id, member_id, name, joins)"
        " SELECT gc.id, picked.member_id, picked.name, ? FROM"
        " (SELECT dm.group_id, dm.member_id, COALESCE(m.display_name, mc.name) AS name"
        f" {_JOINING}) picked"
        " JOIN sync_change gc ON gc.run_id = ? AND gc.object_id = picked.group_id AND gc.section IN (?, ?, ?)",
        (True, *joining, run_id, *_CHANGING),
    )
    execute(
        "INSERT INTO sync_change_member (change_id, member_id, name, joins)"
        " SELECT gc.id, picked.member_id, picked.name, ? FROM"
        f" (SELECT g.directory_id AS group_id, m.directory_id AS member_id, m.display_name AS name {_LEAVING}) picked"
        " JOIN sync_change gc ON gc.run_id = ? AND gc.object_id = picked.group_id AND gc.section IN (?, ?, ?)",
        (False, *leaving, run_id, *_CHANGING),
    )


def join_and_leave(run_id: int, organization_id: int, done: str) -> None:
    """Carry out the members of the changes that were done, as sets; who has no account here is left out.

    Who had the directory id from a link that this run took back is found by that change.
    """
    execute(
        "INSERT INTO membership (group_id, member_id)"
        f" SELECT c.account_id, m.id {_DONE} CROSS JOIN account m CROSS JOIN account g"
        f" {_WHERE_DONE} AND cm.joins AND m.organization_id = ? AND m.directory_id = cm.member_id"
        " AND m.removed_at IS NULL AND g.id = c.account_id AND g.removed_at IS NULL ON CONFLICT DO NOTHING",
        (run_id, done, organization_id),
    )
    execute(
        "DELETE FROM membership WHERE (group_id, member_id) IN ("
        f" SELECT c.account_id, m.id {_DONE} CROSS JOIN account m"
        f" {_WHERE_DONE} AND NOT cm.joins AND m.organization_id = ? AND m.directory_id = cm.member_id UNION ALL"
        f" SELECT c.account_id, mc.account_id {_DONE} CROSS JOIN sync_change mc"
        f" {_WHERE_DONE} AND NOT cm.joins AND mc.run_id = c.run_id AND mc.object_id = cm.member_id)",
        (run_id, done, organization_id, run_id, done),
    )


def _has_changing_groups(planner: Planner) -> bool:
    row = execute(
        "SELECT 1 FROM sync_change WHERE run_id = ? AND section IN (?, ?, ?) AND kind IN (?, ?) LIMIT 1",
        (planner.run.id, *_CHANGING, GROUP, FUNCTIONAL),
    ).fetchone()
    return row is not None


def _plan_groups(planner: Planner) -> None:
    """Rows for the groups that change in nothing but their members."""
    kinds = _kinds(planner)
    if not (planner.options.update_groups and kinds):
        return
    _, leaving = _parameters(planner)
    organization_id, run_id = planner.run.organization_id, planner.run.id
    joined = (run_id, *_CHANGING, organization_id, GROUP, FUNCTIONAL, planner.connection_id)
    of_kind = f" AND o.group_kind IN ({marks(kinds)})"
    unplanned = " AND NOT EXISTS (SELECT 1 FROM sync_change c WHERE c.run_id = ? AND c.object_id = o.object_id)"
    rows = execute(
        f"SELECT g.id {_GROUPS_JOINED}{of_kind}{unplanned} UNION SELECT g.id {_LEAVING}{of_kind}{unplanned}",
        (*joined, *kinds, run_id, *leaving, *kinds, run_id),
    ).fetchall()
    for some in batches([account_id for (account_id,) in rows]):
        planner.store(
            [
                (account.directory_id or "", _members_change(account))
                for account in planner.pairs.accounts(some).values()
                if account.type in (GROUP, FUNCTIONAL)
            ]
        )


def _members_change(account: Known) -> Change:
    """An update of nothing but members; its fingerprint is the one that the account already has."""
    return Change(
        UPDATING,
        account.type,
        account.display_name,
        account.primary or "",
        reason="Changed in the directory: members.",
        account=account,
        fingerprint=account.fingerprint,
    )


def _parameters(planner: Planner) -> tuple[tuple[object, ...], tuple[object, ...]]:
    organization_id, connection_id = planner.run.organization_id, planner.connection_id
    joining = (organization_id, organization_id, planner.run.id, *_CHANGING, connection_id)
    return joining, (organization_id, connection_id)


def _kinds(planner: Planner) -> list[str]:
    """The kinds of groups that *What to Sync* includes."""
    distribution = [MICROSOFT365, DISTRIBUTION] if planner.options.distribution_groups else []
    return distribution + ([MAIL_SECURITY, SECURITY] if planner.options.security_groups else [])
