"""What a plan would do that hurts if it is wrong, counted in the database: the numbers that `safety` decides on.

A row can be of several kinds: a deactivation that also moves the primary address, a group that loses members.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from ppe.db import execute, marks, stamp
from ppe.models import DELETING, DISABLING, FUNCTIONAL, GROUP, PERSON_TYPES, SyncRun
from ppe.sync.apply import DONE
from ppe.sync.safety import DISABLINGS, GROUP_REMOVALS, LEAVINGS, PRIMARIES, REMOVALS, Count

LATELY = timedelta(hours=24)
# Each kind as a condition on a row `c` of sync_change.
CONDITIONS = {
    REMOVALS: f"c.section = '{DELETING}' AND c.kind NOT IN ('{FUNCTIONAL}', '{GROUP}')",
    GROUP_REMOVALS: f"c.section = '{DELETING}' AND c.kind IN ('{FUNCTIONAL}', '{GROUP}')",
    DISABLINGS: f"c.section = '{DISABLING}'",
    PRIMARIES: "c.moves_primary",
    LEAVINGS: "EXISTS (SELECT 1 FROM sync_change_member x WHERE x.change_id = c.id AND NOT x.joins)",
}
_MEMBERS = "(SELECT COUNT(*) FROM sync_change_member x WHERE x.change_id = c.id AND NOT x.joins)"
_WORTH = {LEAVINGS: f"COALESCE(SUM({_MEMBERS}), 0)"}
# What there is of each: synced accounts, and of groups their members.
_SYNCED = "a.organization_id = ? AND a.directory_id IS NOT NULL AND a.removed_at IS NULL"
_BASES: dict[str, tuple[str, tuple[str, ...]]] = {
    REMOVALS: (f"account a WHERE {_SYNCED} AND a.type IN ({marks(PERSON_TYPES)})", PERSON_TYPES),
    GROUP_REMOVALS: (f"account a WHERE {_SYNCED} AND a.type IN (?, ?)", (GROUP, FUNCTIONAL)),
    DISABLINGS: (f"account a WHERE {_SYNCED} AND a.active AND a.type IN ({marks(PERSON_TYPES)})", PERSON_TYPES),
    PRIMARIES: (f"account a WHERE {_SYNCED} AND a.type <> ?", (GROUP,)),
    LEAVINGS: (
        f"account a JOIN membership m ON m.group_id = a.id WHERE {_SYNCED} AND a.type IN (?, ?)",
        (GROUP, FUNCTIONAL),
    ),
}


def counts(run: SyncRun, now: datetime) -> list[Count]:
    """What is ticked in this run, and what unattended runs of the same connection did in the last 24 hours.

    Only of the kinds that there is something of: an hourly sync of an unchanged directory counts no accounts.
    """
    planned = {kind: rows for kind in CONDITIONS if (rows := _planned(run, kind))}
    lately = _lately(run, now, list(planned))
    return [
        # What was done lately is not there any more to be counted, so it is added back.
        Count(kind, rows, lately[kind], _base(run, kind) + (lately[kind] if kind != PRIMARIES else 0))
        for kind, rows in planned.items()
    ]


def ids_of(run: SyncRun, kinds: Sequence[str]) -> list[int]:
    """The ticked rows of these kinds, with the rows that are linked to them."""
    condition = " OR ".join(CONDITIONS[kind] for kind in kinds)
    rows = execute(
        f"SELECT c.id FROM sync_change c WHERE c.run_id = ? AND c.ticked AND ({condition}"
        f" OR c.link IN (SELECT c.link FROM sync_change c WHERE c.run_id = ? AND c.ticked AND ({condition})))",
        (run.id, run.id),
    ).fetchall()
    return [change_id for (change_id,) in rows]


def _planned(run: SyncRun, kind: str) -> int:
    return _one(
        f"SELECT {_WORTH.get(kind, 'COUNT(*)')} FROM sync_change c"
        f" WHERE c.run_id = ? AND c.ticked AND {CONDITIONS[kind]}",
        (run.id,),
    )


def _lately(run: SyncRun, now: datetime, kinds: Sequence[str]) -> dict[str, int]:
    """What a person accepted does not count: a run that holds something back hands those rows to a review."""
    found = execute(
        "SELECT id FROM sync_run WHERE connection_id = ? AND scheduled AND accepted_at > ? AND id <> ?",
        (run.connection_id, stamp(now - LATELY), run.id),
    ).fetchall()
    runs = [run_id for (run_id,) in found]
    if not runs:
        return dict.fromkeys(kinds, 0)
    return {
        kind: _one(
            f"SELECT {_WORTH.get(kind, 'COUNT(*)')} FROM sync_change c"
            f" WHERE c.run_id IN ({marks(runs)}) AND c.outcome = ? AND {CONDITIONS[kind]}",
            (*runs, DONE),
        )
        for kind in kinds
    }


def _base(run: SyncRun, kind: str) -> int:
    """How many there are now that this kind could concern."""
    what, parameters = _BASES[kind]
    return _one(f"SELECT COUNT(*) FROM {what}", (run.organization_id, *parameters))


def _one(statement: str, parameters: Sequence[Any]) -> int:
    return int(execute(statement, parameters).fetchone()[0])
