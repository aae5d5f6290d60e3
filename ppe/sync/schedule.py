"""When is something due? Pure: the clock comes in as an argument, and every answer is a moment in UTC.

Unattended syncs come in slots: every so many hours, at a minute of its own for each connection, so that a thousand
connections don't begin in the same one. Slots are counted in UTC: daylight saving neither skips nor doubles one.
"""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
SUMMARY_AT = time(6, 0)
LONGEST_BACK_OFF = timedelta(hours=24)
WARNING_DAYS = (30, 14, 7, 3, 1, 0)
# About the golden part of a day, in minutes: neighbours among the numbers come to lie far apart.
_STRIDE = 889


def next_slot(frequency_hours: int, connection_id: int, now: datetime) -> datetime | None:
    """The first slot after now; None where the frequency is Never. What was missed before counts for nothing here."""
    if frequency_hours == 0:
        return None
    step = timedelta(hours=frequency_hours)
    first = EPOCH + timedelta(minutes=connection_id * _STRIDE % (frequency_hours * 60))
    return first + ((now - first) // step + 1) * step


def slot_after_failure(frequency_hours: int, connection_id: int, failures: int, now: datetime) -> datetime | None:
    """The next slot of a failing connection, which is asked after 1, 2, 4 … slots, but once a day at least."""
    step = timedelta(hours=frequency_hours)
    wait = min(step * 2 ** min(failures - 1, 10), LONGEST_BACK_OFF)
    return next_slot(frequency_hours, connection_id, now + wait - step)


def summary_moment(time_zone: str, now: datetime) -> datetime:
    """The last six o'clock in the morning there was in a time zone."""
    zone = ZoneInfo(time_zone)
    local = now.astimezone(zone)
    today = datetime.combine(local.date(), SUMMARY_AT, zone)
    if today > local:
        today = datetime.combine(local.date() - timedelta(days=1), SUMMARY_AT, zone)
    return today.astimezone(UTC)


def warning_due(secret_expiry: datetime, warned: int | None, now: datetime) -> int | None:
    """For how many days before its end a warning about the secret is due; None where none is, or it was sent.

    Of several that were missed only the last is due. 0 means that it has expired.
    """
    left = secret_expiry - now
    reached = [days for days in WARNING_DAYS if left <= timedelta(days=days)]
    if not reached or (warned is not None and warned <= reached[-1]):
        return None
    return reached[-1]
