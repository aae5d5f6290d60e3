"""What the history of runs shows."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from peewee import fn

from ppe.models import REVIEW, SyncChange, SyncRun
from ppe.sync import held, review
from ppe.views.run_page import OUTCOMES, deeds, headline, number, took

RUNS_PER_PAGE = 25


def gather(organization_id: int, asked: Mapping[str, str]) -> dict[str, Any]:
    """One page of the organisation's runs, the newest first, with what each of them did."""
    mine = SyncRun.select().where(SyncRun.organization == organization_id)
    total = mine.count()
    last = max(1, -(-total // RUNS_PER_PAGE))
    current = min(number(asked.get("page")), last)
    found = list(mine.order_by(SyncRun.created_at.desc(), SyncRun.id.desc()).paginate(current, RUNS_PER_PAGE))
    counts = _outcomes(found)
    rows = [
        {
            "run": run,
            "headline": headline(run),
            "took": took(run),
            "counts": counts[run.id],
            "planned": _planned(run),
            "deeds": deeds(run),
            "held": [kind.words for kind in held.reasons(run)],
        }
        for run in found
    ]
    return {"rows": rows, "total": total, "number": current, "last": last, "outcomes": OUTCOMES}


def _planned(run: SyncRun) -> list[review.Section]:
    """What a run that waits for its review would do."""
    if run.state != REVIEW:
        return []
    return [section for section in review.sections(run) if section.can_tick and section.count]


def _outcomes(runs: Sequence[SyncRun]) -> dict[int, dict[str, int]]:
    """For each run, how many of its changes ended how."""
    counts: dict[int, dict[str, int]] = defaultdict(dict)
    ended = (
        SyncChange.select(SyncChange.run, SyncChange.outcome, fn.COUNT(SyncChange.id))
        .where(SyncChange.run.in_(list(runs)), SyncChange.outcome.is_null(False))
        .group_by(SyncChange.run, SyncChange.outcome)
    )
    rows: Any = ended.tuples() if runs else ()
    for run_id, outcome, count in rows:
        counts[run_id][outcome] = count
    return counts
