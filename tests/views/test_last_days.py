"""An exemption's last day is one of the organisation's own time zone, on every page and in every sync."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from ppe import db, exemptions
from ppe.clock import utcnow
from ppe.mass_update import line
from ppe.models import Exemption, MassUpdateRow, Organization, SyncRun
from ppe.sync import review, summary
from tests.conftest import OpenDatabase, People, sign_in
from tests.databases import on_both_databases
from tests.views.conftest import Console

YESTERDAY, TODAY = date(2026, 11, 24), date(2026, 11, 25)
HALF_PAST_FIVE_IN_THE_WEST = ("America/Los_Angeles", datetime(2026, 11, 26, 1, 30, tzinfo=UTC))
SEVEN_IN_THE_EAST = ("Pacific/Auckland", datetime(2026, 11, 24, 18, 0, tzinfo=UTC))

pytestmark = [
    on_both_databases,
    pytest.mark.parametrize(("zone", "now"), [HALF_PAST_FIVE_IN_THE_WEST, SEVEN_IN_THE_EAST], ids=["west", "east"]),
    pytest.mark.usefixtures("_on_25_november"),
]


@pytest.fixture
def _on_25_november(zone: str, now: datetime, people: People, open_database: OpenDatabase) -> Iterator[None]:
    with open_database():
        Organization.update(time_zone=zone).where(Organization.id == people.contoso).execute()
    with time_machine.travel(now, tick=False):
        yield


@pytest.fixture
def ada(_on_25_november: None, client: FlaskClient) -> FlaskClient:
    return sign_in(client, "ada@contoso.example")


def _exempt(people: People, address: str, last_day: date) -> None:
    Exemption.create(
        organization=people.contoso, address=address, name=address, last_day=last_day, created_at=utcnow(),
        created_by_name="Ada",
    )  # fmt: skip


@pytest.fixture
def _bob_today_and_ada_yesterday(people: People, open_database: OpenDatabase) -> None:
    """Bob is exempt for the last day today; Ada was until yesterday."""
    with open_database():
        _exempt(people, "bob@contoso.example", TODAY)
        _exempt(people, "ada@contoso.example", YESTERDAY)


def test_today_can_be_chosen_and_yesterday_can_not(ada: FlaskClient) -> None:
    form = {"address": "bob@contoso.example", "reason": "", "last_day": TODAY.isoformat()}
    assert ada.post("/exemptions", data=form).status_code == 303
    assert "Until" in ada.get("/exemptions").text
    refused = ada.post("/exemptions", data=form | {"last_day": YESTERDAY.isoformat()})
    assert (refused.status_code, "The last day is over already." in refused.text) == (422, True)


@pytest.mark.usefixtures("_bob_today_and_ada_yesterday")
def test_the_lists_tell_who_is_exempt_from_who_was(ada: FlaskClient, people: People) -> None:
    in_force, ended = ada.get("/exemptions").text, ada.get("/exemptions?show=ended").text
    assert ("bob@contoso.example" in in_force, "its last day" in in_force) == (True, False)
    assert ("24 Nov 2026, its last day" in ended, "bob@contoso.example" in ended) == (True, False)
    assert "Exempt from Sync until 25 Nov 2026" in ada.get(f"/users/{people.bob.id}").text
    assert "Exempt from Sync until" not in ada.get(f"/users/{people.ada.id}").text
    exempt = ada.get("/users?exemption=exempt").text
    assert ("bob@contoso.example" in exempt, "1 user<" in exempt) == (True, True)


@pytest.mark.usefixtures("_bob_today_and_ada_yesterday")
def test_the_file_tells_them_apart_too(ada: FlaskClient) -> None:
    rows = csv.DictReader(io.StringIO(ada.get("/users.csv").text.removeprefix("\N{BYTE ORDER MARK}")))
    assert {row["Display name"]: row["Exempt from Sync"] for row in rows} == {"Bob": "yes", "Ada": "no"}


@pytest.mark.usefixtures("_bob_today_and_ada_yesterday")
def test_a_mass_update_finds_and_changes_who_is_exempt_today(
    ada: FlaskClient, app: Flask, people: People, open_database: OpenDatabase
) -> None:
    form = {"new_exemption": "exempt", "last_day": YESTERDAY.isoformat()}
    found = "/mass-update?list=users&whom=found&exemption=exempt"
    assert "Choose today or a later day" in ada.post(found, data=form).text
    begun = ada.post(found, data={"new_exemption": "end"})
    number = int(begun.headers["Location"].rpartition("/")[2])
    with app.app_context(), open_database():
        line.proceed(number, utcnow)
        (row,) = MassUpdateRow.select()
        assert (row.name, row.before) == ("Bob", {"exemption": {"reason": "", "last_day": "2026-11-25"}})
    ada.post(f"/mass-update/{number}/apply")
    with app.app_context(), open_database():
        line.proceed(number, utcnow)
        assert not exemptions.in_force(people.contoso.id, YESTERDAY).where(Exemption.last_day == TODAY).exists()


def test_a_sync_leaves_alone_who_is_exempt_today_and_nobody_else(
    ada: FlaskClient, console: Console, people: People, open_database: OpenDatabase
) -> None:
    console.connect()
    with open_database():
        _exempt(people, "clara@contoso.example", TODAY)
        _exempt(people, "dora@contoso.example", YESTERDAY)
    run_id = console.review()
    sections = {name: row.section for name, row in console.rows(run_id).items()}
    assert (sections["Clara"], sections["Dora"]) == ("exempt", "adding")
    with open_database():
        _exempt(people, "emil@contoso.example", TODAY)
        review.accept(SyncRun.get_by_id(run_id), "Ada", utcnow())
    console.work(run_id)
    outcomes = {name: row.outcome for name, row in console.rows(run_id).items()}
    assert (outcomes["Clara"], outcomes["Dora"], outcomes["Emil"]) == (None, "done", "failed")


@pytest.mark.usefixtures("_bob_today_and_ada_yesterday")
def test_the_daily_summary_names_what_ends_today(people: People) -> None:
    with db.database.connection_context():
        contoso, now = Organization.get_by_id(people.contoso.id), utcnow()
        assert [day for _, day in summary.gather(contoso, now, now, now).ending] == [TODAY]
