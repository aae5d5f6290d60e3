"""When is the next sync due? Pure: the clock comes in as an argument."""

from datetime import datetime, timedelta


def next_due(frequency_hours: int, last_scheduled_at: datetime | None, now: datetime) -> datetime | None:
    """When the next unattended sync is due; None where the frequency is Never.

    One that was missed, because the box was off, is due now and only once: the next is counted from when it ran.
    """
    if frequency_hours == 0:
        return None
    if last_scheduled_at is None:
        return now
    return max(last_scheduled_at + timedelta(hours=frequency_hours), now)
