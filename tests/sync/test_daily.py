"""When a Daily Azure AD Summary is asked for: every morning at six, once, and none of the time in between is lost."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from flask import current_app

from ppe import outbox, tasks
from ppe.models import Account, Connection, Mail, Organization
from ppe.sync import connection, daily
from tests.conftest import OpenDatabase, People
from tests.sync.desk import Desk
from tests.sync.test_connection import choices
from tests.sync.workers import at_once

NOW = datetime(2027, 3, 24, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
Period = tuple[datetime, datetime]


@pytest.fixture
def syncing(people: People, open_database: OpenDatabase) -> Iterator[People]:
    """Contoso has a frequency since now, and Ada as its tech contact."""
    with open_database():
        Connection.update(sync_frequency=6).where(Connection.organization == people.contoso).execute()
        change(people, tech_contact=people.ada, summary_until=NOW)
        yield people


def change(people: People, **columns: object) -> None:
    Organization.update(**columns).where(Organization.id == people.contoso.id).execute()


def tick(now: datetime) -> None:
    for organization_id in daily.due(now):
        daily.ask(organization_id, now)


def periods() -> list[Period]:
    mails = Mail.select().where(Mail.kind == "azure_ad_summary").order_by(Mail.id)
    return [(read(mail, "since"), read(mail, "until")) for mail in mails]


def read(mail: Mail, name: str) -> datetime:
    return datetime.fromisoformat(mail.details[name])


def let_pass(begin: datetime, end: datetime, step: timedelta) -> None:
    now = begin
    while now <= end:
        tick(now)
        now += step


@pytest.mark.parametrize(
    ("zone", "begin"),
    [
        ("Europe/Amsterdam", datetime(2027, 3, 24, 12, tzinfo=UTC)),
        ("Europe/Amsterdam", datetime(2026, 10, 20, 12, tzinfo=UTC)),
        ("Australia/Lord_Howe", datetime(2027, 3, 30, 12, tzinfo=UTC)),
        ("America/New_York", datetime(2026, 10, 28, 2, tzinfo=UTC)),
        ("Asia/Kathmandu", datetime(2027, 2, 25, 0, 14, tzinfo=UTC)),
    ],
)
def test_mornings_at_six_without_a_gap_also_when_the_clocks_change(syncing: People, zone: str, begin: datetime) -> None:
    change(syncing, time_zone=zone, summary_until=begin)
    let_pass(begin, begin + 9 * DAY, HOUR)
    told = periods()
    assert len(told) == 9
    assert told[0][0] == begin, "the first begins when the frequency was set"
    assert all(one[1] == other[0] for one, other in pairwise(told))
    mornings = [until.astimezone(ZoneInfo(zone)) for _, until in told]
    assert {(at.hour, at.minute) for at in mornings} == {(6, 0)}
    assert len({at.date() for at in mornings}) == 9


def test_it_is_asked_for_in_the_minute_after_six(syncing: People) -> None:
    six = datetime(2027, 3, 25, 6, tzinfo=UTC)
    tick(six)
    assert periods() == [], "what ended in the last second may not be written down yet"
    tick(six + MINUTE)
    assert periods() == [(NOW, six)]


def test_a_week_without_power_is_one_summary_over_all_of_it(syncing: People) -> None:
    tick(NOW + 7 * DAY)
    tick(NOW + 7 * DAY + MINUTE)
    assert periods() == [(NOW, datetime(2027, 3, 31, 6, tzinfo=UTC))]


def test_never_has_none(syncing: People) -> None:
    Connection.update(sync_frequency=0).execute()
    let_pass(NOW, NOW + 3 * DAY, HOUR)
    assert periods() == []


def test_without_a_tech_contact_no_period_is_closed_and_the_next_summary_has_it_all(syncing: People) -> None:
    change(syncing, tech_contact=None)
    let_pass(NOW, NOW + 3 * DAY, HOUR)
    change(syncing, tech_contact=syncing.bob)
    tick(NOW + 3 * DAY)
    assert periods() == [], "Bob is no administrator"
    change(syncing, tech_contact=syncing.ada)
    tick(NOW + 3 * DAY)
    assert periods() == [(NOW, datetime(2027, 3, 27, 6, tzinfo=UTC))]


def test_who_leaves_between_the_look_and_the_deed_closes_nothing(syncing: People) -> None:
    (due,) = daily.due(NOW + DAY)
    Account.update(active=False).where(Account.id == syncing.ada.id).execute()
    daily.ask(due, NOW + DAY)
    assert periods() == []
    assert Organization.get_by_id(syncing.contoso.id).summary_until == NOW


def test_a_moved_time_zone_tells_nothing_twice_and_leaves_nothing_out(syncing: People) -> None:
    for number, zone in enumerate(("Pacific/Auckland", "America/Los_Angeles", "UTC", "Asia/Tokyo", "UTC")):
        change(syncing, time_zone=zone)
        let_pass(NOW + number * 30 * HOUR, NOW + (number + 1) * 30 * HOUR, HOUR)
    told = periods()
    assert len(told) >= 5
    assert all(since < until for since, until in told)
    assert all(one[1] == other[0] for one, other in pairwise(told))


def test_a_summary_that_was_given_up_is_told_by_the_next_one(syncing: People) -> None:
    tick(NOW + DAY)
    Mail.update(given_up_at=NOW + 4 * DAY).execute()
    tick(NOW + 5 * DAY)
    tick(NOW + 6 * DAY)
    six = datetime(2027, 3, 29, 6, tzinfo=UTC)
    assert periods() == [(NOW, six), (six, six + DAY)]


def test_killed_between_closing_and_asking_it_is_neither(syncing: People, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        pass

    def dies(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as broken:
        broken.setattr(outbox, "ask", dies)
        with pytest.raises(Killed):
            tick(NOW + DAY)
    assert Organization.get_by_id(syncing.contoso.id).summary_until == NOW
    tick(NOW + DAY)
    assert len(periods()) == 1


def test_two_workers_ask_once(syncing: People, open_database: OpenDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    (due,) = daily.due(NOW + DAY)
    at_once(open_database, monkeypatch, daily, "_is_over", lambda: daily.ask(due, NOW + DAY))
    assert len(periods()) == 1


def test_a_frequency_from_before_there_were_summaries_begins_with_the_last_day(syncing: People) -> None:
    change(syncing, summary_until=None)
    tick(NOW)
    assert periods() == [(datetime(2027, 3, 23, 6, tzinfo=UTC), datetime(2027, 3, 24, 6, tzinfo=UTC))]


def test_a_saved_frequency_begins_the_first_period_and_another_one_goes_on_with_it(desk: Desk) -> None:
    def save(hours: int, now: datetime) -> None:
        wanted = choices(desk.server, sync_frequency=hours)
        connection.save(desk.connection, wanted, "Ada", current_app.config["SETTINGS"], now)

    def until() -> datetime | None:
        found: datetime | None = Organization.get_by_id(desk.organization.id).summary_until
        return found

    save(0, NOW)
    assert until() is None
    desk.settings(frequency_reset_reason="Because.", contact_missing_since=NOW - 30 * DAY)
    save(6, NOW + DAY)
    assert until() == NOW + DAY
    stored = desk.connection
    assert (stored.frequency_reset_reason, stored.contact_missing_since) == (None, None), "seven days begin anew"
    desk.settings(contact_missing_since=NOW + DAY)
    save(1, NOW + 2 * DAY)
    assert (until(), desk.connection.contact_missing_since) == (NOW + DAY, NOW + DAY)
    save(0, NOW + 3 * DAY)
    save(1, NOW + 30 * DAY)
    assert until() == NOW + 30 * DAY, "the time at Never belongs to no summary"


def the_minute_comes_round() -> None:
    """In a thread: the task opens a connection of its own."""
    worker = threading.Thread(target=tasks.tick.call_local)
    worker.start()
    worker.join()


class TestTheTick:
    def test_it_asks_and_rings_for_the_mail(self, syncing: People) -> None:
        change(syncing, summary_until=NOW - 5000 * DAY)
        the_minute_comes_round()
        assert "post" in [task.name for task in tasks.huey.pending()]
        assert len(periods()) == 1

    @pytest.mark.parametrize("part", ["unattended", "tech_contact", "secret"])
    def test_one_part_that_fails_stops_none_of_the_others(
        self, syncing: People, part: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        def fails(_: datetime) -> list[int]:
            raise ZeroDivisionError("a part is broken")

        change(syncing, summary_until=NOW - 5000 * DAY)
        monkeypatch.setattr(getattr(tasks, part), "due", fails)
        the_minute_comes_round()
        assert len(periods()) == 1
        assert "a part is broken" in caplog.text

    def test_one_organisation_that_fails_stops_none_of_the_others(
        self, syncing: People, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked: list[int] = []

        def ask(organization_id: int, _: datetime) -> None:
            asked.append(organization_id)
            raise ZeroDivisionError

        monkeypatch.setattr(daily, "due", lambda _: [1, 2, 3])
        monkeypatch.setattr(daily, "ask", ask)
        the_minute_comes_round()
        assert asked == [1, 2, 3]
