"""Who works on which import. Killed at any moment, it goes on where it was: each write proves that the claim holds."""

import os
import socket
from collections.abc import Callable
from datetime import datetime
from secrets import token_hex

from ppe.errors import NotFound
from ppe.models import APPLYING, READING, CsvImport
from ppe.sync.claim import STALE_AFTER, is_dead

Clock = Callable[[], datetime]

WORKING_STATES = (READING, APPLYING)


def of(organization_id: int, import_id: int) -> CsvImport:
    """One import of the organisation.

    Raises:
        NotFound: the organisation has no such import.
    """
    found: CsvImport | None = CsvImport.get_or_none(
        CsvImport.organization == organization_id, CsvImport.id == import_id
    )
    if found is None:
        raise NotFound("There is no such import.")
    return found


def waiting(now: datetime) -> list[int]:
    """The imports that have work to do and that nobody works on."""
    working = CsvImport.select().where(CsvImport.state.in_(WORKING_STATES)).order_by(CsvImport.id)
    return [one.id for one in working if needs_worker(one, now)]


def needs_worker(one: CsvImport, now: datetime) -> bool:
    """Whether it should be worked on and nobody does."""
    if not one.is_working:
        return False
    return one.claim is None or is_dead(one.claim) or one.heartbeat_at is None or now - one.heartbeat_at > STALE_AFTER


def claim(import_id: int, now: datetime) -> CsvImport | None:
    """Take an import that has work to do; None when there is nothing to do or somebody is at it."""
    one = CsvImport.get_or_none(CsvImport.id == import_id)
    if one is None or not needs_worker(one, now):
        return None
    ours = f"{socket.gethostname()}:{os.getpid()}:{token_hex(8)}"
    unchanged = CsvImport.claim.is_null() if one.claim is None else CsvImport.claim == one.claim
    claimed = (
        CsvImport.update(claim=ours, heartbeat_at=now)
        .where(CsvImport.id == import_id, CsvImport.state == one.state, unchanged)
        .execute()
    )
    return CsvImport.get_by_id(import_id) if claimed else None
