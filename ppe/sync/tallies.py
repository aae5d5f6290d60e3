"""What is counted of a run for good: once, in the transaction that ends it."""

from collections.abc import Iterable, Iterator
from datetime import timedelta

from ppe import tally
from ppe.models import DONE, FAILED, SyncRun
from ppe.sync.report import Line
from ppe.tally import Count, one

# The upper edges of the histogram of durations, in seconds.
EDGES = (1, 5, 15, 60, 300, 900, 3600, 14400)


def ended(runs: Iterable[SyncRun], lines: Iterable[Line] = ()) -> None:
    """These runs are over, as they stand in their rows; `lines` say what became of the changes."""
    tally.add([count for run in runs for count in _of(run)] + [count for line in lines for count in _of_line(line)])


def throttled() -> None:
    """Microsoft asked a run to wait for longer than a moment."""
    tally.add([one("throttles")])


def way(run: SyncRun) -> str:
    """How a run came about."""
    if run.dry_run:
        return "dry_run"
    if run.undoes_id is not None:
        return "undo"
    if run.held_from_id is not None:
        return "held"
    return "scheduled" if run.scheduled else "manual"


def worked(run: SyncRun) -> timedelta:
    """How long an ended run took, without the time for which it waited for a person."""
    took: timedelta = run.finished_at - run.created_at
    if run.planned_at is not None and run.accepted_at is not None:
        took -= run.accepted_at - run.planned_at
    return max(took, timedelta())


def _of(run: SyncRun) -> Iterator[Count]:
    how = way(run)
    yield one("runs", how=how, outcome=run.state)
    yield one("objects", run.people, kind="people")
    yield one("objects", run.groups, kind="groups")
    if run.state in (DONE, FAILED):
        seconds = worked(run).total_seconds()
        edge = next((str(edge) for edge in EDGES if seconds <= edge), "+Inf")
        yield one("run_durations", how=how, le=edge)
        yield one("run_milliseconds", round(seconds * 1000), how=how)


def _of_line(line: Line) -> Iterator[Count]:
    outcomes = {"done": line.done, "failed": line.failed, "stale": line.stale, "unticked": line.left_out}
    for outcome, count in outcomes.items():
        yield one("changes", count, section=line.section, outcome=outcome)
