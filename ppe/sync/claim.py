"""Who works on which run. A claim is a conditional update; each later write proves that it still holds."""

import os
import socket
from datetime import datetime, timedelta
from secrets import token_hex
from typing import Any

from ppe.errors import RunLost
from ppe.models import WORKING_STATES, CsvImport, MassUpdate, SyncRun

STALE_AFTER = timedelta(minutes=3)  # the longest a worker stays silent: one request with all its tries


def take(run_id: int, now: datetime) -> SyncRun | None:
    """Claim a run that has work to do; None when there is nothing to do or somebody is at it."""
    run = SyncRun.get_or_none(SyncRun.id == run_id)
    if run is None or not needs_worker(run, now):
        return None
    ours = f"{socket.gethostname()}:{os.getpid()}:{token_hex(8)}"
    unchanged = SyncRun.claim.is_null() if run.claim is None else SyncRun.claim == run.claim
    claimed = (
        SyncRun.update(claim=ours, heartbeat_at=now, not_before=None)
        .where(SyncRun.id == run_id, SyncRun.state.in_(WORKING_STATES), unchanged)
        .execute()
    )
    return SyncRun.get_by_id(run_id) if claimed else None


def needs_worker(run: SyncRun, now: datetime) -> bool:
    """Whether the run should be worked on and nobody does."""
    if not run.is_working or (run.not_before is not None and run.not_before > now):
        return False
    return run.claim is None or is_dead(run.claim) or run.heartbeat_at is None or now - run.heartbeat_at > STALE_AFTER


def keep(run: SyncRun | CsvImport | MassUpdate, now: datetime, **changes: Any) -> None:
    """Prove the claim and write the run's own columns, inside the transaction that writes everything else.

    A CSV import and a mass update are claimed and kept in the same way.

    Raises:
        RunLost: the run was cancelled, or another worker took it over; the transaction must not commit.
    """
    table = type(run)
    kept = (
        table.update(heartbeat_at=now, **changes)
        .where(table.id == run.id, table.claim == run.claim, table.state == run.state)
        .execute()
    )
    if not kept:
        raise RunLost(f"{table.__name__} {run.id} is no longer ours")
    for name, value in changes.items():
        setattr(run, name, value)


def is_dead(claim: str) -> bool:
    """Whether the process behind a claim ran on this machine and is gone; of other machines the heartbeat tells."""
    host, pid, _ = claim.rsplit(":", 2)
    if host != socket.gethostname():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass  # it lives, as somebody else's
    return False
