"""What of a run can still be undone, and what is: counted in the database, for the pages and for undoing.py."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ppe.db import batches, execute, marks
from ppe.models import SyncRun

NOTHING_LEFT = "Nothing of this can be undone: it is undone already, or it was not done."
_UNDONE = "EXISTS (SELECT 1 FROM sync_change u WHERE u.undoes_id = c.id AND u.outcome = 'done')"
# Of one run, the changes `c` that were carried out and that no other run has undone.
LEFT = f"c.run_id = ? AND c.outcome = 'done' AND NOT {_UNDONE}"
_COUNT = "SELECT COUNT(*) FROM sync_change WHERE run_id = ? AND outcome = 'done'"
_OUTLOOK = f"""
    SELECT c.section, COUNT(*),
        COUNT(CASE WHEN a.id IS NULL THEN 1 END),
        COUNT(CASE WHEN a.version <> COALESCE(c.account_version, 0) + 1 THEN 1 END)
    FROM sync_change c LEFT JOIN account a ON a.id = c.account_id WHERE {LEFT}
"""


@dataclass(frozen=True, slots=True)
class Part:
    """Of one section: how many changes are left to undo, and of how many it is clear that they can't be undone."""

    section: str
    left: int
    gone: int  # the account is not there any more
    changed: int  # something has happened to it since

    @property
    def possible(self) -> int:
        """What the list of the undo is likely to offer; it alone knows about addresses, domains and administrators."""
        return self.left - self.gone - self.changed


@dataclass(frozen=True, slots=True)
class Undone:
    """How many changes of a run another run has undone."""

    run_id: int
    changes: int


def done(run: SyncRun) -> int:
    """How many changes a run carried out."""
    return _count(_COUNT, (run.id,))


def done_among(run: SyncRun, chosen: Sequence[int]) -> int:
    """How many of these changes the run carried out."""
    return sum(_count(f"{_COUNT} AND id IN ({marks(some)})", (run.id, *some)) for some in batches(chosen))


def left(run: SyncRun, chosen: Sequence[int] | None) -> int:
    """How many of the changes are carried out and not undone."""
    return sum(part.left for part in outlook(run, chosen))


def outlook(run: SyncRun, chosen: Sequence[int] | None) -> list[Part]:
    """What an undo of all changes, or of those chosen, comes to, by section."""
    if chosen is None:
        return _parts(execute(f"{_OUTLOOK} GROUP BY c.section ORDER BY c.section", (run.id,)).fetchall())
    rows: list[Any] = []
    for some in batches(chosen):
        statement = f"{_OUTLOOK} AND c.id IN ({marks(some)}) GROUP BY c.section ORDER BY c.section"
        rows += execute(statement, (run.id, *some)).fetchall()
    return _parts(rows)


def with_linked(run: SyncRun, change_ids: Iterable[int]) -> list[int]:
    """These changes of the run with those that passed an address to them or from them, in order."""
    found: set[int] = set()
    for some in batches(change_ids):
        picked = f"FROM sync_change WHERE run_id = ? AND id IN ({marks(some)})"
        rows = execute(
            f"SELECT id {picked} UNION SELECT c.id FROM sync_change c WHERE c.run_id = ? AND c.link IN"
            f" (SELECT link {picked} AND link IS NOT NULL)",
            (run.id, *some, run.id, run.id, *some),
        )
        found.update(change_id for (change_id,) in rows.fetchall())
    return sorted(found)


def names(run: SyncRun, chosen: Sequence[int], limit: int) -> list[str]:
    """The first names of what was chosen."""
    some = list(chosen)[:limit]
    rows = execute(
        f"SELECT name FROM sync_change WHERE run_id = ? AND id IN ({marks(some)}) ORDER BY sort_key", (run.id, *some)
    )
    return [name for (name,) in rows.fetchall()]


def by_runs(run: SyncRun) -> list[Undone]:
    """Which runs have undone how much of this one."""
    rows = execute(
        "SELECT n.id, COUNT(*) FROM sync_run n JOIN sync_change u ON u.run_id = n.id AND u.outcome = 'done'"
        " WHERE n.undoes_id = ? GROUP BY n.id ORDER BY n.id",
        (run.id,),
    )
    return [Undone(*row) for row in rows.fetchall()]


def among(change_ids: Sequence[int]) -> dict[int, int]:
    """Which of these changes are undone, each with the run that did it."""
    if not change_ids:
        return {}
    rows = execute(
        f"SELECT undoes_id, run_id FROM sync_change WHERE undoes_id IN ({marks(change_ids)}) AND outcome = 'done'",
        change_ids,
    )
    return dict(rows.fetchall())


def _parts(rows: Iterable[Sequence[Any]]) -> list[Part]:
    counts: dict[str, list[int]] = {}
    for section, *numbers in rows:
        before = counts.get(section, [0, 0, 0])
        counts[section] = [one + other for one, other in zip(before, numbers, strict=True)]
    return [Part(section, *numbers) for section, numbers in sorted(counts.items())]


def _count(statement: str, parameters: Sequence[object]) -> int:
    return int(execute(statement, parameters).fetchone()[0])
