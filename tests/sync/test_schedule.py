from datetime import UTC, datetime, timedelta

import pytest

from ppe.sync.schedule import next_due

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def test_never_is_never_due():
    assert next_due(0, NOW - timedelta(days=9), NOW) is None


def test_what_never_ran_is_due_at_once():
    assert next_due(6, None, NOW) == NOW


@pytest.mark.parametrize("hours", [1, 3, 6, 12, 24])
def test_the_next_is_counted_from_the_last(hours):
    assert next_due(hours, NOW - timedelta(minutes=10), NOW) == NOW - timedelta(minutes=10) + timedelta(hours=hours)


def test_what_was_missed_is_due_once_and_now():
    assert next_due(1, NOW - timedelta(days=3), NOW) == NOW
