"""What the tech contact hears at once: a run that held changes back or failed, and a refused or expiring secret.

Each is told once for as long as it lasts, in the transaction that finds it out: none is lost and none is doubled.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from ppe import outbox
from ppe.errors import DirectoryError, SecretRefused
from ppe.models import Connection, SyncRun
from ppe.sync.safety import Over

HELD, FAILED, RECOVERED, SECRET_REFUSED, SECRET_EXPIRES = KINDS = (
    "sync_held",
    "sync_failed",
    "sync_recovered",
    "secret_refused",
    "secret_expires",
)


def held(connection: Connection, run_id: int, over: Sequence[Over], now: datetime) -> None:
    """A run held these kinds back, in the review `run_id`; or none, which ends the episode."""
    if not over:
        _set(connection, holding_since=None)
    elif connection.holding_since is None:
        _set(connection, holding_since=now)
        _ask(HELD, connection, now, run=run_id, sentences=[kind.sentence for kind in over])


def failed(connection: Connection, run: SyncRun, error: DirectoryError, now: datetime) -> None:
    """An unattended run failed: told at the first failure, and when the reason becomes that the secret is refused."""
    is_news = connection.failing_since is None
    _set(connection, failing_since=connection.failing_since or now, failures=connection.failures + 1)
    said = {"run": run.id, "sentence": error.sentence, "advice": error.advice, "code": error.code}
    if isinstance(error, SecretRefused):
        if is_news or connection.error_code != error.code:
            _ask(SECRET_REFUSED, connection, now, **said)
    elif is_news:
        _ask(FAILED, connection, now, **said)


def recovered(connection: Connection, run: SyncRun, now: datetime) -> None:
    """A run went well; where unattended ones had failed, that is over."""
    if connection.failing_since is not None:
        _ask(RECOVERED, connection, now, run=run.id, since=connection.failing_since.isoformat())
        _set(connection, failing_since=None, failures=0)


def secret_expires(connection: Connection, days: int, now: datetime) -> None:
    """The client secret ends in so many days, or has ended where there are none left; `secret` sees that it is once."""
    _ask(SECRET_EXPIRES, connection, now, days=days, expiry=connection.secret_expiry.isoformat())


def _set(connection: Connection, **columns: Any) -> None:
    Connection.update(**columns).where(Connection.id == connection.id).execute()


def _ask(kind: str, connection: Connection, now: datetime, **details: Any) -> None:
    """To whom it goes is looked up when it is sent: the tech contact of then."""
    outbox.ask(kind, organization_id=connection.organization_id, details=details, now=now)
