"""Who works on which long piece of work, a CSV import or a mass update. Killed at any moment, it goes on where it was:
each write proves that the claim holds (sync/claim.py)."""

import os
import socket
from collections.abc import Callable
from datetime import datetime
from secrets import token_hex
from typing import TypeVar

from ppe.models import CsvImport, MassUpdate
from ppe.sync.claim import STALE_AFTER, is_dead

Clock = Callable[[], datetime]
Work = TypeVar("Work", CsvImport, MassUpdate)


def waiting(table: type[Work], now: datetime) -> list[int]:
    """The rows of the table that have work to do and that nobody works on."""
    working = table.select().where(table.state.in_(table.WORKING)).order_by(table.id)
    return [one.id for one in working if needs_worker(one, now)]


def needs_worker(one: CsvImport | MassUpdate, now: datetime) -> bool:
    """Whether it should be worked on and nobody does."""
    if not one.is_working:
        return False
    return one.claim is None or is_dead(one.claim) or one.heartbeat_at is None or now - one.heartbeat_at > STALE_AFTER


def claim(table: type[Work], work_id: int, now: datetime) -> Work | None:
    """Take what has work to do; None when there is nothing to do or somebody is at it."""
    one = table.get_or_none(table.id == work_id)
    if one is None or not needs_worker(one, now):
        return None
    ours = f"{socket.gethostname()}:{os.getpid()}:{token_hex(8)}"
    unchanged = table.claim.is_null() if one.claim is None else table.claim == one.claim
    claimed = (
        table.update(claim=ours, heartbeat_at=now)
        .where(table.id == work_id, table.state == one.state, unchanged)
        .execute()
    )
    return table.get_by_id(work_id) if claimed else None
