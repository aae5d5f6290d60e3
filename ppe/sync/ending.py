"""Where a run comes to rest: a review, a result, a failure, or a pause; and what that means for its connection."""

from datetime import datetime, timedelta

import structlog

from ppe import audit
from ppe.db import database
from ppe.errors import DirectoryError, RunLost, Throttled
from ppe.models import CANCELLED, DONE, FAILED, REVIEW, SUPERSEDED, Connection, SyncChange, SyncChangeMember, SyncRun
from ppe.sync import claim, notices, report, review, schedule, tallies, unattended
from ppe.sync.pull import BUDGET, out_of_time

log = structlog.get_logger()


def finish(run: SyncRun, now: datetime) -> None:
    """Everything that was ticked has an outcome."""
    lines = review.summary(run)
    summary = report.sentence(lines)
    with database.atomic():
        if run.undoes_id is None:
            _succeed(run, now)
        by = run.accepted_by_name or unattended.BY
        deed = "sync applied" if run.undoes_id is None else f"run {run.undoes_id} undone"
        audit.record(run.organization_id, by, deed, f"run {run.id}", {"summary": summary}, now=now)
        claim.keep(run, now, state=DONE, holds_connection=False, claim=None, finished_at=now)
        tallies.ended([run], lines)
    log.info("run done", summary=summary)


def open_review(run: SyncRun, now: datetime) -> None:
    """The list is complete: older lists of this connection are superseded by it."""
    older = (SyncRun.connection == run.connection_id) & (SyncRun.state == REVIEW) & SyncRun.undoes.is_null()
    superseded = list(SyncRun.update(state=SUPERSEDED, finished_at=now).where(older).returning(SyncRun).execute())
    _read_well(run)
    claim.keep(run, now, state=REVIEW, holds_connection=False, claim=None, planned_at=now)
    tallies.ended(superseded)


def end_dry_run(run: SyncRun, now: datetime) -> None:
    """The plan is complete, and that is all that was wanted: it waits for nobody and replaces no list that does."""
    _read_well(run)
    claim.keep(run, now, state=CANCELLED, holds_connection=False, claim=None, planned_at=now, finished_at=now)
    tallies.ended([run])


def _read_well(run: SyncRun) -> None:
    """The directory could be read: whatever error the settings page shows is over."""
    Connection.update(error_sentence=None, error_advice=None, error_code=None, error_correlation_id=None).where(
        Connection.id == run.connection_id
    ).execute()


def _succeed(run: SyncRun, now: datetime) -> None:
    """What the status box says of the last success, of either kind. What a person accepted is held back no longer."""
    of_kind = {"last_scheduled_success_at": now} if run.scheduled else {"holding_since": None}
    Connection.update(last_successful_sync=now, **of_kind).where(Connection.id == run.connection_id).execute()
    if run.scheduled:
        _read_well(run)
        notices.recovered(Connection.get_by_id(run.connection_id), run, now)


def fail_for_domains(run: SyncRun, unknown: list[dict[str, object]], now: datetime) -> None:
    """A manual run does not go on with part of the people: its rows are dropped, and the page names the domains."""
    rows = SyncChange.select(SyncChange.id).where(SyncChange.run == run)
    SyncChangeMember.delete().where(SyncChangeMember.change.in_(rows)).execute()
    SyncChange.delete().where(SyncChange.run == run).execute()
    _read_well(run)
    names = ", ".join(str(domain["name"]) for domain in unknown)
    sentence = f"The directory uses domains that are not registered here: {names}."
    _record_failure(run, sentence, now)
    claim.keep(
        run, now, state=FAILED, holds_connection=False, claim=None, finished_at=now, unknown_domains=unknown,
        error_sentence=sentence,
        error_advice="Register each of them as a relay or a management domain, then run the sync again.",
    )  # fmt: skip
    tallies.ended([run])


def postpone(run: SyncRun, throttled: Throttled, now: datetime) -> None:
    """Microsoft asks for patience: the worker is free for others meanwhile, and the tick comes back to this run."""
    until = now + timedelta(seconds=throttled.seconds)
    if until > run.created_at + BUDGET:
        fail(run, out_of_time(), now)
        return
    ours = (SyncRun.id == run.id) & (SyncRun.claim == run.claim)
    with database.atomic():
        paused = SyncRun.update(claim=None, not_before=until, throttles=SyncRun.throttles + 1).where(ours).execute()
        if paused:
            tallies.throttled()
    log.info("run throttled", seconds=throttled.seconds, until=until.isoformat())


def fail(run: SyncRun, error: DirectoryError, now: datetime) -> None:
    """The directory could not be read: nothing was changed, and both the run and the settings page say why."""
    said = {
        "error_sentence": error.sentence,
        "error_advice": error.advice,
        "error_code": error.code,
        "error_correlation_id": error.correlation_id,
    }
    try:
        with database.atomic():
            claim.keep(run, now, state=FAILED, holds_connection=False, claim=None, finished_at=now, **said)
            stored = Connection.get_by_id(run.connection_id)
            Connection.update(**said).where(Connection.id == run.connection_id).execute()
            _record_failure(run, error.sentence, now)
            if run.scheduled:
                _back_off(stored, run, error, now)
            tallies.ended([run])
        log.warning("run failed", error=error.code, kind=type(error).__name__, sentence=error.sentence,
                    correlation_id=error.correlation_id)  # fmt: skip
    except RunLost:
        log.info("run left to another worker")


def _record_failure(run: SyncRun, sentence: str, now: datetime) -> None:
    by = unattended.BY if run.scheduled else run.started_by_name
    audit.record(run.organization_id, by, "sync failed", f"run {run.id}", {"reason": sentence}, now=now)


def _back_off(connection: Connection, run: SyncRun, error: DirectoryError, now: datetime) -> None:
    """A failing connection is asked less and less often, and the tech contact hears of it once."""
    notices.failed(connection, run, error, now)
    following = schedule.slot_after_failure(connection.sync_frequency, connection.id, connection.failures + 1, now)
    Connection.update(next_sync_at=following).where(
        Connection.id == connection.id, Connection.sync_frequency > 0
    ).execute()
