"""The line itself: pull → plan → review → apply → report, and who may move a run along it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import structlog
from flask import current_app
from peewee import IntegrityError

from ppe import audit
from ppe.db import database
from ppe.errors import DirectoryError, NotFound, Refused, RunLost, Throttled
from ppe.models import (
    APPLYING,
    CANCELLED,
    PLANNING,
    PULLING,
    QUEUED,
    REVIEW,
    WORKING_STATES,
    Account,
    Connection,
    SyncRun,
)
from ppe.sync import claim, closing, connection, ending, membership, review, tallies, unattended, undoing
from ppe.sync.apply import Apply
from ppe.sync.planning import Planner
from ppe.sync.pull import Clock, Pull
from ppe.sync.wire import Wire

log = structlog.get_logger()


def proceed(run_id: int, clock: Clock, wire: Wire | None = None) -> None:
    """Take a run as far as it goes without a person; nothing happens if somebody else is at it."""
    run = claim.take(run_id, clock())
    if run is None:
        return
    with structlog.contextvars.bound_contextvars(run=run_id):
        _as_far_as_it_goes(run, clock, wire)


def _as_far_as_it_goes(run: SyncRun, clock: Clock, wire: Wire | None) -> None:
    log.info("run begun" if run.state == QUEUED else "run taken up", state=run.state, how=tallies.way(run))
    try:
        if run.state in (QUEUED, PULLING):
            pull(run, clock, wire)
            log.info("directory read", pages=run.pages, people=run.people, groups=run.groups)
        if run.state == PLANNING:
            (plan if run.undoes_id is None else undoing.plan)(run, clock)
            _say_planned(run)
        if run.state == APPLYING:
            apply(run, clock)
    except RunLost:
        log.info("run left to another worker")
    except Throttled as throttled:
        ending.postpone(run, throttled, clock())
    except DirectoryError as error:
        ending.fail(run, error, clock())


def pull(run: SyncRun, clock: Clock, wire: Wire | None = None) -> None:
    """Stream the directory into the mirror, planning behind every page."""
    settings = Connection.get_by_id(run.connection_id)
    planner = Planner(run, settings, clock())
    if run.state == QUEUED:
        with database.atomic():
            claim.keep(run, clock(), state=PULLING)
    reader = connection.graph_for(settings, current_app.config["SETTINGS"], wire)
    Pull(run, settings, reader, clock, planner.plan_page).to_the_end()


def plan(run: SyncRun, clock: Clock) -> None:
    """Decide what only the whole mirror can tell, then open the review."""
    planner = Planner(run, Connection.get_by_id(run.connection_id), clock())
    _in_steps(run, clock, 0, planner.plan_rest)
    with database.atomic():
        planner.drop_gone()
        planner.list_exempt()
        addresses_move = closing.take_over(planner)
        claim.keep(run, clock())
    _in_steps(run, clock, 0, planner.plan_gone)
    with database.atomic():
        closing.settle_contests(planner, addresses_move=addresses_move)
        if addresses_move:
            closing.link_changes(planner)
        membership.plan_members(planner)
        unknown = planner.unknown_domains()
        if run.scheduled or run.dry_run:
            claim.keep(run, clock(), unknown_domains=unknown)  # their people are left out, counted and reported
        if run.dry_run:
            ending.end_dry_run(run, clock())
        elif run.scheduled:
            unattended.accept(run, clock())
        elif unknown:
            ending.fail_for_domains(run, unknown, clock())
        else:
            ending.open_review(run, clock())


def _say_planned(run: SyncRun) -> None:
    log.info("run planned", state=run.state, **{found.name: found.count for found in review.sections(run)})
    if run.held:
        log.warning("changes held back", kinds=[kind["kind"] for kind in run.held])


def apply(run: SyncRun, clock: Clock) -> None:
    """Carry out what was ticked, and close the run."""
    Apply(run, Connection.get_by_id(run.connection_id), clock).to_the_end()
    ending.finish(run, clock())


def start(
    settings: Connection, *, by: Account | None, by_name: str, send_welcome_mails: bool, now: datetime
) -> SyncRun:
    """A new run, or the one that is already at work: a second click starts nothing.

    Raises:
        Refused: the connection is not set up yet.
    """
    if not (settings.primary_domain and settings.application_id and settings.ad_key):
        raise Refused("Fill in the Primary Domain, the Application (client) ID and the Client Secret first.")
    try:
        with database.atomic():
            run = SyncRun.create(
                organization=settings.organization_id, connection=settings.id, started_by=by, started_by_name=by_name,
                send_welcome_mails=send_welcome_mails, created_at=now,
            )  # fmt: skip
            audit.record(settings.organization_id, by_name, "sync started", f"run {run.id}", now=now)
    except IntegrityError:
        at_work = SyncRun.get_or_none(SyncRun.connection == settings.id, SyncRun.holds_connection)
        if at_work is None:
            raise Refused("Another sync has just ended. Press the button once more.") from None
        return at_work
    return run


def cancel(run: SyncRun, by_name: str, now: datetime) -> None:
    """End a run that has not begun to carry anything out. Nothing has changed by it.

    Raises:
        Refused: it is too late for that.
    """
    with database.atomic():
        cancelled = list(
            SyncRun.update(state=CANCELLED, holds_connection=False, claim=None, finished_at=now)
            .where(SyncRun.id == run.id, SyncRun.state.in_((QUEUED, PULLING, PLANNING, REVIEW)))
            .returning(SyncRun)
            .execute()
        )
        if cancelled:
            audit.record(run.organization_id, by_name, "sync cancelled", f"run {run.id}", now=now)
            tallies.ended(cancelled)
    if not cancelled:
        raise Refused("It is too late to cancel: the changes are being carried out, or the sync is over.")
    log.info("run cancelled", run=run.id)


def of(organization_id: int, run_id: int) -> SyncRun:
    """A run of this organisation.

    Raises:
        NotFound: there is none with that number.
    """
    run = SyncRun.get_or_none(SyncRun.organization == organization_id, SyncRun.id == run_id)
    if run is None:
        raise NotFound("There is no such sync.")
    return run


def waiting(now: datetime) -> list[int]:
    """The runs that should be worked on and that nobody works on, of all organisations."""
    working = SyncRun.select().where(SyncRun.state.in_(WORKING_STATES))
    return [run.id for run in working if claim.needs_worker(run, now)]


def is_stalled(run: SyncRun, now: datetime) -> bool:
    """Whether the run should be worked on and nobody does."""
    return claim.needs_worker(run, now)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a working run is: between 0 and 1, or None where nobody can tell, and in words."""

    fraction: float | None
    sentence: str


def progress(run: SyncRun) -> Progress:
    """What the progress bar shows."""
    if run.not_before is not None:
        return Progress(None, "Microsoft asks us to wait. The sync goes on by itself.")
    if run.state == QUEUED:
        return Progress(None, "Waiting for a worker…")
    fraction = run.applied / run.to_apply if run.to_apply else None
    if run.state == APPLYING:
        return Progress(fraction, f"{run.applied:,} of {run.to_apply:,} changes carried out")
    if run.undoes_id is not None:
        return Progress(fraction, f"{run.applied:,} of {run.to_apply:,} changes looked at")
    said = f"{run.people:,} people and {run.groups:,} groups read, {run.pages:,} pages"
    if run.state == PLANNING:
        return Progress(None, f"{said}. Comparing…")
    expected = (run.expected_people or 0) + (run.expected_groups or 0)
    return Progress(min(0.99, (run.people + run.groups) / expected) if expected else None, said)


def _in_steps(run: SyncRun, clock: Clock, begin: int, step: Callable[[int], int | None]) -> None:
    """Short transactions from one key to the next, each proving the claim."""
    key: int | None = begin
    while key is not None:
        with database.atomic():
            key = step(key)
            claim.keep(run, clock())
