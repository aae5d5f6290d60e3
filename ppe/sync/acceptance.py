"""When a list may be accepted: while it is open, and with one more, typed confirmation where it is over a limit."""

from datetime import datetime

from ppe.errors import Refused
from ppe.models import APPLYING, CANCELLED, DONE, FAILED, REVIEW, SUPERSEDED, Connection, SyncRun
from ppe.sync import harm, safety
from ppe.sync.safety import Over

CLOSED = {
    SUPERSEDED: "A newer sync has replaced this list. Please look through the newer one.",
    CANCELLED: "This sync was cancelled.",
    APPLYING: "These changes are being carried out already.",
    DONE: "This sync is finished.",
    FAILED: "This sync has failed. Nothing was changed by it.",
}


def require_open(run: SyncRun) -> None:
    """Raises Refused: the list is not complete yet, or not open any more."""
    if run.state != REVIEW:
        raise Refused(CLOSED.get(run.state, "The list is not complete yet."))


def keep_open(run: SyncRun) -> None:
    """Inside a transaction that changes the list: until it ends nobody accepts what the list was before.

    Raises:
        Refused: the list is not open any more.
    """
    if not SyncRun.update(state=REVIEW).where(SyncRun.id == run.id, SyncRun.state == REVIEW).execute():
        require_open(SyncRun.get_by_id(run.id))


def over(run: SyncRun, now: datetime) -> list[Over]:
    """The kinds among the ticked rows that are over their limit for unattended syncs."""
    connection = Connection.get_by_id(run.connection_id)
    return safety.over(harm.counts(run, now), safety.limits(connection.limits))


def require_confirmed(run: SyncRun, typed: str, now: datetime) -> int:
    """What is over a limit is done only when whoever accepts it typed how much it is.

    Returns:
        How much that is.

    Raises:
        Refused: another number was typed, or none; `field` is `confirmed`.
    """
    return safety.require_typed(over(run, now), typed, "untick what should stay as it is")
