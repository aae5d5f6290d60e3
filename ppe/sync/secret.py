"""When the client secret ends: read from the directory where that is permitted, shown, and warned of in time."""

from datetime import datetime, timedelta

from ppe.db import database
from ppe.errors import DirectoryError, Throttled
from ppe.models import Connection
from ppe.sync import notices, schedule
from ppe.sync.graph import Graph

DAY = timedelta(days=1)
WARNED_FROM = max(schedule.WARNING_DAYS)


def days_left(connection: Connection, now: datetime) -> int | None:
    """In how many days the secret expires; 0 when it has, None when nobody knows."""
    if connection.secret_expiry is None:
        return None
    return whole_days(connection.secret_expiry - now)


def whole_days(left: timedelta) -> int:
    """A time as people count it in days: the last one is one, and 0 is none at all."""
    return max(1, round(left / DAY)) if left > timedelta() else 0


def expiry_of(reader: Graph) -> datetime | None:
    """What the directory says, None where it doesn't: the registration may live in another tenant.

    Raises:
        Throttled: Microsoft asks us to wait, which is an order for the whole run.
    """
    try:
        return reader.secret_expiry()
    except Throttled:
        raise
    except DirectoryError:
        return None


def keep(connection: Connection, expiry: datetime | None) -> None:
    """Write down what the directory said, unless the secret was replaced meanwhile. Another day is warned of anew."""
    if expiry is not None:
        Connection.update(secret_expiry=expiry, secret_warned=None).where(
            Connection.id == connection.id,
            Connection.ad_key == connection.ad_key,
            Connection.secret_expiry.is_null() | (Connection.secret_expiry != expiry),
        ).execute()


def due(now: datetime) -> list[int]:
    """The connections whose secret is to be warned of."""
    soon = Connection.select().where(Connection.secret_expiry <= now + DAY * WARNED_FROM, Connection.ad_key != "")
    return [connection.id for connection in soon if _warning(connection, now) is not None]


def warn(connection_id: int, now: datetime) -> None:
    """Ask for the warning that is due, once, whoever else does."""
    with database.atomic():
        connection = Connection.get_by_id(connection_id)
        days, warned = _warning(connection, now), connection.secret_warned
        if days is None:
            return
        unchanged = Connection.secret_warned.is_null() if warned is None else Connection.secret_warned == warned
        claimed = (
            Connection.update(secret_warned=days)
            .where(Connection.id == connection_id, Connection.secret_expiry == connection.secret_expiry, unchanged)
            .execute()
        )
        if claimed:
            notices.secret_expires(connection, days, now)


def _warning(connection: Connection, now: datetime) -> int | None:
    if connection.secret_expiry is None:
        return None
    return schedule.warning_due(connection.secret_expiry, connection.secret_warned, now)
