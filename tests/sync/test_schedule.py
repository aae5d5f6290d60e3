from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ppe.sync.schedule import EPOCH, next_slot, slot_after_failure, summary_moment, warning_due

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
FREQUENCIES = (1, 3, 6, 12, 24)
moments = st.integers(0, 19 * 365 * 86_400).map(lambda seconds: EPOCH + timedelta(days=366, seconds=seconds))


def test_never_is_never_due() -> None:
    assert next_slot(0, 1, NOW) is None


@given(st.sampled_from(FREQUENCIES), st.integers(1, 10**6), moments)
def test_the_next_slot_is_ahead_and_no_further_than_the_frequency(hours: int, number: int, now: datetime) -> None:
    slot = next_slot(hours, number, now)
    assert slot is not None
    assert now < slot <= now + timedelta(hours=hours)
    assert next_slot(hours, number, slot) == slot + timedelta(hours=hours)


@given(st.sampled_from(FREQUENCIES), st.integers(1, 10**6), moments, st.integers(1, 500))
def test_what_was_missed_is_one_slot_however_many_there_were(
    hours: int, number: int, now: datetime, missed: int
) -> None:
    """The claim moves on to the first slot after now: an hour or a week of downtime costs one run."""
    due = next_slot(hours, number, now)
    assert due is not None
    late = due + timedelta(hours=hours * missed, minutes=1)
    following = next_slot(hours, number, late)
    assert following is not None
    assert following > late
    assert (following - due) % timedelta(hours=hours) == timedelta(0)


@pytest.mark.parametrize("hours", FREQUENCIES)
def test_a_thousand_connections_do_not_begin_in_the_same_minute(hours: int) -> None:
    slots = [next_slot(hours, number, EPOCH + timedelta(days=9)) for number in range(1, 1001)]
    busiest = max(slots.count(slot) for slot in set(slots))
    assert busiest <= -(-1000 // (hours * 60))


def test_a_failing_connection_is_asked_less_and_less_but_once_a_day() -> None:
    waits = []
    now = next_slot(1, 7, NOW)
    assert now is not None
    for failures in range(1, 8):
        following = slot_after_failure(1, 7, failures, now)
        assert following is not None
        waits.append((following - now) // timedelta(hours=1))
    assert waits == [1, 2, 4, 8, 16, 24, 24]
    daily = next_slot(24, 7, NOW)
    assert daily is not None
    assert slot_after_failure(24, 7, 9, daily) == daily + timedelta(hours=24)
    assert slot_after_failure(0, 7, 3, NOW) is None


@given(
    st.sampled_from(["UTC", "Europe/Amsterdam", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]), moments
)
def test_the_summary_is_for_six_in_the_morning_wherever_that_is(zone: str, now: datetime) -> None:
    moment = summary_moment(zone, now)
    assert moment <= now < moment + timedelta(hours=25)
    assert moment.astimezone(ZoneInfo(zone)).time() == time(6)


@pytest.mark.parametrize("changed", [date(2027, 3, 28), date(2026, 10, 25)])
def test_on_the_days_that_the_clocks_change_there_is_one_summary_each(changed: date) -> None:
    zone = "Europe/Amsterdam"
    start = datetime.combine(changed - timedelta(days=2), time(0), UTC)
    seen = {summary_moment(zone, start + timedelta(minutes=10 * step)) for step in range(6 * 24 * 4)}
    days = [moment.astimezone(ZoneInfo(zone)).date() for moment in sorted(seen)]
    assert days == [days[0] + timedelta(days=step) for step in range(len(days))]


def test_warnings_come_once_each_and_only_the_last_of_those_that_were_missed() -> None:
    expiry, warned, told = NOW + timedelta(days=40), None, []
    for day in range(45):
        now = NOW + timedelta(days=day, minutes=3)
        for _ in range(3):
            due = warning_due(expiry, warned, now)
            if due is not None:
                told.append((day, due))
                warned = due
    assert told == [(10, 30), (26, 14), (33, 7), (37, 3), (39, 1), (40, 0)]
    assert warning_due(expiry, None, expiry - timedelta(days=2)) == 3
    assert warning_due(expiry, None, expiry - timedelta(days=31)) is None
