import re
from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from ppe import db
from ppe.clock import utcnow
from ppe.models import Connection, Organization, SyncChange, SyncRun
from ppe.sync import schedule
from tests.conftest import OpenDatabase, People, sign_in
from tests.views.conftest import Console
from tests.views.gate import assert_administrators_only

PAGE = "/import-sync/summary"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
AZURE, PROFILE = "/import-sync/azure", "/account-management/profile"


def ran(people: People, ended: datetime, name: str) -> SyncRun:
    """A run that added somebody."""
    connection = Connection.get(Connection.organization == people.contoso)
    run: SyncRun = SyncRun.create(
        organization=people.contoso, connection=connection, state="done", scheduled=True, holds_connection=False,
        created_at=ended, finished_at=ended,
    )  # fmt: skip
    SyncChange.create(
        run=run, object_id=name, section="adding", kind="user", name=name, outcome="done", sort_key=name,
        search_key=name,
    )  # fmt: skip
    return run


def last_six() -> datetime:
    return schedule.summary_moment("UTC", utcnow())


def test_it_is_for_administrators_alone(app: Flask, people: People) -> None:
    assert_administrators_only(app, PAGE)
    assert_administrators_only(app, f"{PAGE}/2026-11-24")


def test_today_so_far_and_the_last_period(signed_in: FlaskClient, people: People, open_database: OpenDatabase) -> None:
    with open_database():
        ran(people, utcnow(), "Today's")
        run = ran(people, last_six() - HOUR, "Yesterday's")
        ran(people, last_six() - DAY - HOUR, "Older")
    today = signed_in.get(PAGE).text
    assert "today so far" in today
    assert "Today&#39;s" in today
    assert "Yesterday&#39;s" not in today
    (earlier,) = re.findall(r'rel="prev" href="([^"]+)"', today)
    assert earlier == f"{PAGE}/{last_six().date()}"
    last = signed_in.get(earlier).text
    assert "Yesterday&#39;s" in last
    assert "Today&#39;s" not in last
    assert "Older" not in last
    assert f'href="/import-sync/runs/{run.id}"' in last
    (before,) = re.findall(r'rel="prev" href="([^"]+)"', last)
    older = signed_in.get(before).text
    assert "Older" in older
    assert f'rel="next" href="{earlier}"' in older


def test_today_begins_where_the_last_summary_ended(
    signed_in: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    with open_database():
        ran(people, last_six() - 2 * DAY, "Untold")
        Organization.update(summary_until=last_six() - 3 * DAY).execute()
    assert "Untold" not in signed_in.get(PAGE).text, "with Never nobody is told"
    with open_database():
        Connection.update(sync_frequency=6).execute()
    assert "Untold" in signed_in.get(PAGE).text


def test_a_mail_over_several_days_leads_to_all_of_them(
    signed_in: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    six = last_six()
    with open_database():
        ran(people, six - 2 * DAY, "Long ago")
    day = f"{PAGE}/{six.date()}"
    assert "Long ago" not in signed_in.get(day).text
    assert "Long ago" in signed_in.get(f"{day}?since={six - 3 * DAY:%Y-%m-%dT%H:%M:%SZ}").text
    for nonsense in ("", "never", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-12:00", f"{six + DAY:%Y-%m-%d}"):
        answer = signed_in.get(day, query_string={"since": nonsense})
        assert answer.status_code == 200
        assert f"{on((six - DAY).date())}, 06:00 to {on(six.date())}, 06:00 (UTC)" in answer.text


@pytest.mark.parametrize("day", ["no-day", "2026-02-30", "0001-01-01", "2019-12-31", "9999-12-31", "1"])
def test_what_is_no_day_of_ours_leads_nowhere(signed_in: FlaskClient, day: str) -> None:
    assert signed_in.get(f"{PAGE}/{day}").status_code == 404


def test_a_day_that_is_not_over_leads_nowhere(signed_in: FlaskClient) -> None:
    assert signed_in.get(f"{PAGE}/{last_six().date() + DAY}").status_code == 404


def test_a_day_is_one_of_the_organisation_s_own(
    signed_in: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    zone = "Pacific/Auckland"
    with open_database():
        Organization.update(time_zone=zone).execute()
        six = schedule.summary_moment(zone, datetime(2026, 6, 10, 12, tzinfo=UTC))
        ran(people, six - timedelta(minutes=1), "Just before")
        ran(people, six, "Just after")
    text = signed_in.get(f"{PAGE}/2026-06-10").text
    assert six == datetime(2026, 6, 9, 18, tzinfo=UTC)
    assert "9 Jun 2026, 06:00 to 10 Jun 2026, 06:00 (Pacific/Auckland)" in text
    assert "Just before" in text
    assert "Just after" not in text


def test_another_organisation_s_day_is_empty(
    app: Flask, signed_in: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    with open_database():
        ran(people, utcnow(), "Ours")
    assert "Ours" in signed_in.get(PAGE).text
    eve = sign_in(app.test_client(), "eve@fabrikam.example")
    assert "Ours" not in eve.get(PAGE).text


def test_nothing_in_it_needs_an_inline_style_and_names_are_escaped(
    signed_in: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    with open_database():
        ran(people, utcnow(), "<script>alert(1)</script>")
    text = signed_in.get(PAGE).text
    assert "style=" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


def test_the_run_history_leads_to_it(signed_in: FlaskClient) -> None:
    assert f'href="{PAGE}"' in signed_in.get("/import-sync/runs").text


class TestWithoutATechContact:
    def test_the_settings_and_the_profile_say_so_from_the_first_day_with_the_date(self, console: Console) -> None:
        assert "goes back to Never by itself after 7 days" in flattened(console.browser.get(AZURE).text)
        console.save(sync_frequency="6")
        day = on(utcnow().date() + timedelta(days=7))
        for page in (AZURE, PROFILE):
            assert f"On {day} When to Sync goes back to Never by itself." in flattened(console.browser.get(page).text)
        with db.database.connection_context():
            Connection.update(contact_missing_since=utcnow() - 2 * DAY).execute()
        day = on(utcnow().date() + timedelta(days=5))
        for page in (AZURE, PROFILE):
            assert f"On {day} When to Sync goes back to Never by itself." in flattened(console.browser.get(page).text)

    def test_with_one_nothing_is_said(self, console: Console) -> None:
        console.save(sync_frequency="6")
        with db.database.connection_context():
            Organization.update(tech_contact=console.people.ada).execute()
        for page in (AZURE, PROFILE):
            assert "goes back to Never" not in console.browser.get(page).text

    def test_the_reason_stands_beside_the_field_until_a_frequency_is_saved(self, console: Console) -> None:
        with db.database.connection_context():
            Connection.update(frequency_reset_reason="There was nobody.").execute()
        console.save(sync_frequency="0")
        assert "There was nobody." in console.browser.get(AZURE).text
        console.save(sync_frequency="12")
        assert "There was nobody." not in console.browser.get(AZURE).text


@pytest.mark.parametrize(
    ("days", "sentence"), [(30, "expires in 30 days"), (31, ""), (1, "in 1 day."), (-3, "has expired")]
)
def test_the_settings_warn_of_a_secret_that_ends(console: Console, days: int, sentence: str) -> None:
    console.save()
    with db.database.connection_context():
        Connection.update(secret_expiry=utcnow() + days * DAY).execute()
    page = flattened(console.browser.get(AZURE).text)
    assert ("This secret" in page) is bool(sentence)
    assert sentence in page


def flattened(page: str) -> str:
    return " ".join(page.split())


def on(day: date) -> str:
    return f"{day.day} {day:%b %Y}"
