"""The one place that looks at the clock. Views and tasks ask here and hand the time on as an argument."""

from datetime import UTC, datetime


def utcnow() -> datetime:
    """Now, with its zone (UTC)."""
    return datetime.now(UTC)
