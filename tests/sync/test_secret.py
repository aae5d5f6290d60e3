"""The day on which the client secret ends: read where that is permitted, and warned of once at each of its days."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from flask import current_app

from ppe.errors import Throttled
from ppe.models import Connection, Mail
from ppe.practice.errors import GraphError
from ppe.sync import connection, secret
from tests.conftest import OpenDatabase, People
from tests.sync.desk import Desk
from tests.sync.night import Night
from tests.sync.workers import at_once

NOW = datetime(2026, 10, 1, 9, 30, tzinfo=UTC)  # the clocks change within the weeks after
DAY = timedelta(days=1)
EXPIRY = NOW + 40 * DAY


@pytest.fixture
def known(people: People, open_database: OpenDatabase) -> Iterator[People]:
    """Contoso's secret ends in 40 days; Fabrikam has none."""
    with open_database():
        Connection.update(ad_key="encrypted", secret_expiry=EXPIRY).where(
            Connection.organization == people.contoso
        ).execute()
        yield people


def tick(now: datetime) -> None:
    for connection_id in secret.due(now):
        secret.warn(connection_id, now)


def warned() -> list[int]:
    return [mail.details["days"] for mail in Mail.select().where(Mail.kind == "secret_expires").order_by(Mail.id)]


@pytest.mark.parametrize(
    ("left", "days"),
    [
        (timedelta(days=30), 30),
        (timedelta(days=29, hours=23), 30),
        (timedelta(days=12, hours=1), 12),
        (timedelta(hours=30), 1),
        (timedelta(minutes=1), 1),
        (timedelta(0), 0),
        (-40 * DAY, 0),
    ],
)
def test_days_are_counted_as_people_count_them(left: timedelta, days: int) -> None:
    assert secret.days_left(Connection(secret_expiry=NOW + left), NOW) == days


def test_nobody_counts_days_to_an_unknown_one() -> None:
    assert secret.days_left(Connection(), NOW) is None


def test_each_warning_comes_once_in_forty_five_days(known: People) -> None:
    for hour in range(0, 45 * 24, 6):
        now = NOW + timedelta(hours=hour, minutes=1)
        tick(now)
        tick(now + timedelta(minutes=1))
    assert warned() == [30, 14, 7, 3, 1, 0]
    assert {mail.organization_id for mail in Mail.select()} == {known.contoso.id}


def test_after_a_fortnight_without_power_only_the_last_one_is_told(known: People) -> None:
    tick(EXPIRY - 14 * DAY)
    tick(EXPIRY + 3 * DAY)
    assert warned() == [14, 0]


def test_a_new_secret_is_warned_of_anew_and_the_same_day_is_no_news(known: People) -> None:
    tick(EXPIRY - 3 * DAY)
    stored = Connection.get(Connection.organization == known.contoso)
    secret.keep(stored, EXPIRY)
    secret.keep(stored, None)
    tick(EXPIRY - 3 * DAY)
    assert warned() == [3]
    secret.keep(stored, EXPIRY + 25 * DAY)
    tick(EXPIRY - 3 * DAY)
    assert warned() == [3, 30]


def test_what_was_read_with_another_secret_is_not_written_down(known: People) -> None:
    read_with = Connection.get(Connection.organization == known.contoso)
    Connection.update(ad_key="another").where(Connection.id == read_with.id).execute()
    secret.keep(read_with, EXPIRY + 700 * DAY)
    assert Connection.get_by_id(read_with.id).secret_expiry == EXPIRY


def test_two_workers_warn_once(known: People, open_database: OpenDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    (due,) = secret.due(EXPIRY - DAY)
    at_once(open_database, monkeypatch, secret, "_warning", lambda: secret.warn(due, EXPIRY - DAY))
    assert warned() == [1]


class TestReadByARunWithNobodyWatching:
    def test_the_day_is_read_and_a_renewed_secret_noticed(self, desk: Desk) -> None:
        night = Night(desk)
        night.done()
        ends = desk.server.tenant.registration.secret.ends
        assert abs(desk.connection.secret_expiry - ends) < timedelta(seconds=1)
        desk.settings(secret_warned=7)
        night.done()
        assert desk.connection.secret_warned == 7, "the same day is no news"
        desk.tenant.renew_secret()
        night.done()
        assert desk.connection.secret_expiry > ends
        assert desk.connection.secret_warned is None

    def test_where_it_may_not_be_read_the_run_goes_on(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        def refused(_: object) -> None:
            raise GraphError(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")

        monkeypatch.setattr(type(desk.server.tenant.registration), "described", refused)
        desk.settings(secret_expiry=EXPIRY, secret_warned=14)
        Night(desk).done()
        stored = desk.connection
        assert (stored.secret_expiry, stored.secret_warned, stored.error_sentence) == (EXPIRY, 14, None)

    def test_an_order_to_wait_is_one_for_the_whole_run(self, desk: Desk) -> None:
        reader = connection.graph_for(desk.connection, current_app.config["SETTINGS"], desk.wire())
        reader.verified_domains()
        desk.server.weather.throttle(1, "3600")
        with pytest.raises(Throttled):
            secret.expiry_of(reader)
