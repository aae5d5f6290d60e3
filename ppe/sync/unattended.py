"""A run with nobody watching: begun when its slot has come, and accepted as far as it is safe.

The kinds of change that are over their limit are held, with the rows that are linked to them: they wait as an ordinary
review, which a person can trim and accept. Accepting it binds to that plan alone and raises no limit.
"""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime
from hashlib import sha256
from typing import Any

from peewee import IntegrityError

from ppe import audit
from ppe.db import batches, database, execute, execute_many, marks
from ppe.errors import Refused
from ppe.models import APPLYING, REVIEW, SUPERSEDED, Connection, SyncChange, SyncRun
from ppe.sync import claim, harm, notices, safety, schedule, tallies

BY = "the schedule"
MOST_AT_ONCE = 50  # in one minute: after a night without power a thousand connections are due together


def due(now: datetime) -> list[int]:
    """The connections whose slot has come, those that wait longest first.

    Those at work wait for the end of their run outside this list, where they would keep others from being begun.
    """
    at_work = SyncRun.select(SyncRun.connection).where(SyncRun.holds_connection)
    found = Connection.select(Connection.id).where(_waits(now), Connection.id.not_in(at_work))
    return [connection.id for connection in found.order_by(Connection.next_sync_at).limit(MOST_AT_ONCE)]


def begin(connection_id: int, now: datetime) -> int | None:
    """Claim a slot and start its run, together or not at all; gives the run.

    None when somebody else claimed it, or while another run of the connection is at work: the slot waits for its end.
    """
    with suppress(IntegrityError), database.atomic():
        connection = Connection.get_by_id(connection_id)
        following = schedule.next_slot(connection.sync_frequency, connection_id, now)
        claimed = (
            Connection.update(next_sync_at=following)
            .where(Connection.id == connection_id, Connection.next_sync_at == connection.next_sync_at, _waits(now))
            .execute()
        )
        if following is None or not claimed:
            return None
        return _new_run(connection, BY, now).id
    return None


def begin_at_once(connection: Connection, by_name: str, now: datetime, *, dry_run: bool) -> SyncRun:
    """Start an unattended run although no slot has come; the slots stay as they are. A dry run ends with its plan.

    Raises:
        Refused: another run of the connection is at work.
    """
    with suppress(IntegrityError), database.atomic():
        return _new_run(connection, by_name, now, dry_run=dry_run)
    raise Refused("A sync of this organisation is at work already. Wait for its end, or cancel it in the console.")


def _new_run(connection: Connection, by_name: str, now: datetime, *, dry_run: bool = False) -> SyncRun:
    run: SyncRun = SyncRun.create(
        organization=connection.organization_id,
        connection=connection.id,
        started_by_name="" if by_name == BY else by_name,
        scheduled=not dry_run,
        dry_run=dry_run,
        send_welcome_mails=False,
        created_at=now,
    )
    audit.record(connection.organization_id, by_name, "sync started", f"run {run.id}", now=now)
    return run


def accept(run: SyncRun, now: datetime) -> None:
    """Inside the transaction that completes the plan: hold what is over a limit, let everything else go through.

    Raises:
        RunLost: another worker took the run over.
    """
    connection = Connection.get_by_id(run.connection_id)
    over = safety.over(harm.counts(run, now), safety.limits(connection.limits))
    kept = _hold(run, over, now) if over else None
    superseded = _supersede(run, kept, now)
    notices.held(connection, kept.id if kept else run.id, over, now)
    count = SyncChange.select().where(SyncChange.run == run, SyncChange.ticked).count()
    held = [asdict(kind) for kind in over]
    claim.keep(
        run, now, state=APPLYING, planned_at=now, accepted_at=now, to_apply=count, applied=0, held=held
    )  # fmt: skip
    tallies.ended(superseded)


def _waits(now: datetime) -> Any:
    """Whether a slot has come: who is late with the same list must not claim the one after it as well."""
    return (Connection.sync_frequency > 0) & (Connection.next_sync_at <= now)


def _hold(run: SyncRun, over: list[safety.Over], now: datetime) -> SyncRun:
    """Move the rows into a review of their own, unless the very same rows wait in one already."""
    ids = harm.ids_of(run, [kind.kind for kind in over])
    digest = _digest(ids)
    waiting: SyncRun | None = SyncRun.get_or_none(
        SyncRun.connection == run.connection_id, SyncRun.state == REVIEW, SyncRun.held_digest == digest
    )
    if waiting is not None:
        for some in batches(ids):
            execute(f"DELETE FROM sync_change_member WHERE change_id IN ({marks(some)})", some)
            execute(f"DELETE FROM sync_change WHERE id IN ({marks(some)})", some)
        return waiting
    review: SyncRun = SyncRun.create(
        organization=run.organization_id,
        connection=run.connection_id,
        state=REVIEW,
        holds_connection=False,
        started_by_name=BY,
        held=[asdict(kind) for kind in over],
        held_from=run,
        held_digest=digest,
        cursor=run.cursor,  # the domains that the tenant owned, which apply asks for
        created_at=now,
        planned_at=now,
    )
    execute_many("UPDATE sync_change SET run_id = ? WHERE id = ?", [(review.id, change_id) for change_id in ids])
    held = {"held": [kind.sentence for kind in over], "wait in": f"run {review.id}"}
    audit.record(run.organization_id, BY, "changes held back", f"run {run.id}", held, now=now)
    return review


def _supersede(run: SyncRun, kept: SyncRun | None, now: datetime) -> list[SyncRun]:
    """The plan is newer than every other list that waits, but for the one that holds the same rows; gives the older."""
    older = (SyncRun.connection == run.connection_id) & (SyncRun.state == REVIEW) & SyncRun.undoes.is_null()
    older &= SyncRun.id != (kept.id if kept else 0)
    return list(SyncRun.update(state=SUPERSEDED, finished_at=now).where(older).returning(SyncRun).execute())


def _digest(ids: list[int]) -> str:
    """What the rows say, whatever run they are of."""
    whole = sha256()
    for line in sorted(_lines(ids)):
        whole.update(line.encode())
    return whole.hexdigest()


def _lines(ids: list[int]) -> Iterator[str]:
    for some in batches(ids):
        rows = execute(
            f"SELECT object_id, section, after, account_version FROM sync_change WHERE id IN ({marks(some)})", some
        ).fetchall()
        members = execute(
            "SELECT c.object_id, m.member_id, m.joins FROM sync_change c"
            " JOIN sync_change_member m ON m.change_id = c.id"
            f" WHERE c.id IN ({marks(some)})",
            some,
        ).fetchall()
        for row in (*rows, *((object_id, member_id, bool(joins)) for object_id, member_id, joins in members)):
            yield json.dumps(list(row))
