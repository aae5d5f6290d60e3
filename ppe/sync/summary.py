"""The daily summary, gathered from the tables: one organisation, a period, and whatever happened in it.

A run belongs to the period in which it ended, so that each is told once, with its outcome. What is not over yet is told
in every summary until it is.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from peewee import Case, fn

from ppe import exemptions
from ppe.db import batches
from ppe.models import (
    APPLYING,
    DONE,
    FAILED,
    NOT_IMPORTED,
    REVIEW,
    SECTIONS,
    Exemption,
    Organization,
    SyncChange,
    SyncRun,
)
from ppe.sync import connection as connections
from ppe.sync import held, report, secret, unattended
from ppe.sync.report import Held, LeftOut, Line, Names, Part, Problem, Reason, Run, Summary
from ppe.sync.safety import Over

NAMES_SHOWN = 50
RUNS_SHOWN = 50
REASONS_SHOWN = 20
NAMES_BEHIND_A_REASON = 10
ENDS_WITHIN = timedelta(days=7)


def gather(organization: Organization, since: datetime, until: datetime, now: datetime) -> Summary:
    """Everything there is to tell of the time from `since` until just before `until`."""
    return _Gathering(organization, since, until, now).summary()


class _Gathering:
    """One summary in the making."""

    def __init__(self, organization: Organization, since: datetime, until: datetime, now: datetime) -> None:
        self.organization = organization
        self.connection = connections.of(organization.id)
        self.zone = ZoneInfo(organization.time_zone)
        self.since, self.until, self.now = since, until, now
        self.runs = self._runs()

    def summary(self) -> Summary:
        lines = self._lines()
        loud, quiet = self._told_apart(lines)
        shown, connection, planned = loud[-RUNS_SHOWN:], self.connection, self._newest_plan()
        return Summary(
            organization=self.organization.name,
            zone=self.organization.time_zone,
            since=self._local(self.since),
            until=self._local(self.until),
            runs=tuple(self._told(run, lines[run.id]) for run in shown),
            earlier=len(loud) - len(shown),
            quiet=tuple(self._local(run.created_at) for run in quiet),
            held=tuple(self._held(review) for review in self._held_reviews()),
            problems=report.problems(self._problem(run) for run in self.runs if run.state == FAILED),
            failing_since=self._local(connection.failing_since) if connection.failing_since else None,
            left_out=self._left_out(planned) if planned else None,
            domains=tuple((domain["name"], domain["people"]) for domain in planned.unknown_domains) if planned else (),
            secret_expiry=self._local(connection.secret_expiry) if connection.secret_expiry else None,
            secret_days=secret.days_left(connection, self.now),
            ending=tuple(self._ending()),
            next_run=self._local(connection.next_sync_at) if connection.next_sync_at else None,
            totals=report.totals(line for found in lines.values() for line in found),
        )

    def _runs(self) -> list[SyncRun]:
        """The runs that ended in the period, and those that are not over; the oldest first.

        A list of held rows counts as a run once somebody has accepted it.
        """
        ended = (SyncRun.finished_at >= self.since) & (SyncRun.finished_at < self.until)
        is_open = SyncRun.finished_at.is_null() & (SyncRun.created_at < self.until)
        query = SyncRun.select().where(
            SyncRun.organization == self.organization.id,
            ~SyncRun.dry_run,
            ended | is_open,
            SyncRun.held_digest.is_null() | SyncRun.accepted_at.is_null(False),
        )
        return list(query.order_by(SyncRun.created_at, SyncRun.id))

    def _lines(self) -> dict[int, list[Line]]:
        """Of every run that carried something out, the counts by section."""
        outcomes: dict[int, list[tuple[str, str | None, int]]] = defaultdict(list)
        done = [run for run in self.runs if run.state == DONE]
        for some in batches(run.id for run in done):
            counted: Any = (
                SyncChange.select(SyncChange.run, SyncChange.section, SyncChange.outcome, fn.COUNT(1))
                .where(SyncChange.run.in_(some))
                .group_by(SyncChange.run, SyncChange.section, SyncChange.outcome)
                .tuples()
            )
            for run_id, section, outcome, count in counted:
                outcomes[run_id].append((section, outcome, count))
        found = {run.id: report.lines(outcomes[run.id], self._held_counts(run)) for run in done}
        return {run.id: found.get(run.id, []) for run in self.runs}

    def _held_counts(self, run: SyncRun) -> dict[str, int]:
        review = held.review_of(run)
        return _counts(review) if review else {}

    def _told_apart(self, lines: dict[int, list[Line]]) -> tuple[list[SyncRun], list[SyncRun]]:
        """The runs that have something to tell, and the quiet ones, which say nothing that the one before didn't."""
        loud, quiet, before = list[SyncRun](), list[SyncRun](), list[Line]()
        for run in self.runs:
            is_quiet = run.state == DONE and report.is_quiet(lines[run.id], before)
            (quiet if is_quiet else loud).append(run)
            before = lines[run.id] if run.state == DONE else before
        return loud, quiet

    def _told(self, run: SyncRun, lines: Sequence[Line]) -> Run:
        by = run.accepted_by_name or run.started_by_name or (unattended.BY if run.scheduled else "")
        parts = tuple(
            Part(line, _names(run, line.section, line.done + line.failed + line.stale + line.left_out))
            for line in lines
        )
        return Run(run.id, self._local(run.created_at), by, run.state, parts, run.undoes_id)

    def _held_reviews(self) -> list[SyncRun]:
        """The lists that wait; where none does, the newest of the period, to say what became of it."""
        mine = SyncRun.select().where(
            SyncRun.organization == self.organization.id,
            SyncRun.held_digest.is_null(False),
            SyncRun.created_at < self.until,
        )
        newest = mine.order_by(SyncRun.id.desc())
        waiting = list(newest.where(SyncRun.state == REVIEW))
        return waiting or list(newest.where(SyncRun.created_at >= self.since).limit(1))

    def _held(self, review: SyncRun) -> Held:
        why = review.held_from.held if review.held_from else ()
        parts = tuple(
            Part(line, _names(review, line.section, line.held, with_notes=False))
            for line in report.lines((), _counts(review))
        )
        return Held(
            review.id, self._local(review.created_at), review.state, tuple(Over(**one).sentence for one in why), parts
        )

    def _problem(self, run: SyncRun) -> Problem:
        at = self._local(run.finished_at or run.created_at)
        return Problem(run.error_sentence or "", run.error_advice or "", at, at, run.id)

    def _newest_plan(self) -> SyncRun | None:
        """The newest run of the period that saw the whole directory."""
        seen = (DONE, APPLYING, REVIEW)
        whole = [run for run in self.runs if run.undoes_id is None and run.held_digest is None]
        found = [run for run in whole if run.state in seen or (run.state == FAILED and run.unknown_domains)]
        return max(found, key=lambda run: (run.finished_at or run.created_at, run.id), default=None)

    def _left_out(self, run: SyncRun) -> LeftOut | None:
        rows = (SyncChange.run == run.id) & (SyncChange.section == NOT_IMPORTED)
        counted: Any = SyncChange.select(SyncChange.reason, fn.COUNT(1)).where(rows).group_by(SyncChange.reason)
        reasons = sorted(counted.tuples(), key=lambda found: (-found[1], found[0]))
        shown = [
            Reason(report.named(reason).name, count, _some(rows & (SyncChange.reason == reason), count))
            for reason, count in reasons[:REASONS_SHOWN]
        ]
        total = sum(count for _, count in reasons)
        return LeftOut(run.id, total, tuple(shown), total - sum(reason.count for reason in shown)) if total else None

    def _ending(self) -> Iterable[tuple[str, Any]]:
        today = self.organization.today(self.now)
        soon = exemptions.in_force(self.organization.id, today).where(Exemption.last_day <= today + ENDS_WITHIN)
        for exemption in soon.order_by(Exemption.last_day, Exemption.name).limit(NAMES_SHOWN):
            yield report.named(exemption.name or exemption.address or exemption.object_id).name, exemption.last_day

    def _local(self, at: datetime) -> datetime:
        return at.astimezone(self.zone)


def _counts(run: SyncRun) -> dict[str, int]:
    counted: Any = SyncChange.select(SyncChange.section, fn.COUNT(1)).where(SyncChange.run == run)
    counts = dict(counted.group_by(SyncChange.section).tuples())
    return {section: counts[section] for section in SECTIONS if section in counts}


def _names(run: SyncRun, section: str, count: int, *, with_notes: bool = True) -> Names:
    """The first names of a section: what went wrong comes before what went well."""
    order = Case(SyncChange.outcome, (("failed", 0), ("stale", 1), ("done", 2)), 3)
    found: Any = (
        SyncChange.select(SyncChange.name, SyncChange.address, SyncChange.outcome, SyncChange.outcome_reason)
        .where(SyncChange.run == run, SyncChange.section == section)
        .order_by(order, SyncChange.sort_key, SyncChange.id)
        .limit(NAMES_SHOWN)
        .tuples()
    )
    first = tuple(report.named(*row) if with_notes else report.named(*row[:2]) for row in found)
    return Names(first, count - len(first))


def _some(rows: Any, count: int) -> Names:
    found: Any = SyncChange.select(SyncChange.name, SyncChange.address).where(rows).order_by(SyncChange.sort_key)
    first = tuple(report.named(*row) for row in found.limit(NAMES_BEHIND_A_REASON).tuples())
    return Names(first, count - len(first))
