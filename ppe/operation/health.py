"""Is everything at work? Asked by machines every few seconds, and answered in time whatever hangs."""

from collections.abc import Callable
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue
from threading import BoundedSemaphore, Thread
from time import monotonic
from typing import Any

import structlog

from ppe.db import connect, moment
from ppe.models import APPLYING, PREPARING, READING, Installation

log = structlog.get_logger()

OK, NOT_OK, STARTING = "ok", "not ok", "starting"
SECONDS = 2.0
WORKER_IS_AWAY_AFTER = timedelta(minutes=3)
BEAT = timedelta(seconds=30)
_AT_ONCE = 8  # so many questions may hang before the next ones wait in vain; nobody gathers threads by asking often

# A worker that does nothing but long work does not come round to its minute, and is at work all the same.
_WORKER_SEEN = (
    "SELECT worker_seen_at FROM installation UNION ALL SELECT heartbeat_at FROM sync_run WHERE holds_connection"
    f" UNION ALL SELECT heartbeat_at FROM csv_import WHERE state IN ('{READING}', '{APPLYING}')"
    f" UNION ALL SELECT heartbeat_at FROM mass_update WHERE state IN ('{PREPARING}', '{APPLYING}')"
)
_NOTHING = object()


def beat(now: datetime) -> None:
    """The worker is here. Of several that say so at once one writes."""
    Installation.insert(id=1).on_conflict_ignore().execute()
    late = Installation.worker_seen_at.is_null() | (Installation.worker_seen_at < now - BEAT)
    Installation.update(worker_seen_at=now).where(Installation.id == 1, late).execute()


def worker_seen(database: Any) -> datetime | None:
    """When a worker was last seen at work, by itself or by what it works on."""
    seen = (moment(at) for (at,) in database.execute_sql(_WORKER_SEEN).fetchall())
    return max((at for at in seen if at is not None), default=None)


class Health:
    """What one web process knows of the others. `pending` asks the queue; `started_at` is when this process began."""

    def __init__(self, database_url: str, pending: Callable[[], int], started_at: datetime) -> None:
        self._database_url = database_url
        self._pending = pending
        self._started_at = started_at
        self._free = BoundedSemaphore(_AT_ONCE)

    def look(self, now: datetime) -> dict[str, str]:
        """How each part is: ok, not ok or, for a worker that may be about to begin, starting."""
        until = monotonic() + SECONDS
        database, queue = self._ask("database", self._worker_seen, until), self._ask("queue", self._pending, until)
        seen = _answer(database, until)
        return {
            "web": OK,
            "database": NOT_OK if seen is _NOTHING else OK,
            "queue": NOT_OK if _answer(queue, until) is _NOTHING else OK,
            "worker": NOT_OK if seen is _NOTHING else self._worker(seen, now),
        }

    def _worker(self, seen: datetime | None, now: datetime) -> str:
        if seen is not None and now - seen <= WORKER_IS_AWAY_AFTER:
            return OK
        return STARTING if now - self._started_at <= WORKER_IS_AWAY_AFTER else NOT_OK

    def _worker_seen(self) -> datetime | None:
        """On a connection of its own: one that another request uses says nothing about the next."""
        database = connect(self._database_url)
        with database.connection_context():
            return worker_seen(database)

    def _ask(self, part: str, question: Callable[[], object], until: float) -> SimpleQueue[object]:
        """Ask in a thread, which may hang for longer than anybody waits for the answer."""
        answers: SimpleQueue[object] = SimpleQueue()

        def ask() -> None:
            try:
                answers.put(question())
            except Exception as broken:
                log.warning(
                    "no answer to a question about health", part=part, error=type(broken).__name__, exc_info=True
                )
                answers.put(_NOTHING)
            finally:
                self._free.release()

        if self._free.acquire(timeout=max(0.0, until - monotonic())):
            Thread(target=ask, daemon=True).start()
        return answers


def _answer(answers: SimpleQueue[object], until: float) -> Any:
    try:
        return answers.get(timeout=max(0.0, until - monotonic()))
    except Empty:
        return _NOTHING
