import csv
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from flask import Flask
from flask.testing import FlaskClient
from peewee import DatabaseError

from ppe import audit
from ppe.db import execute
from ppe.models import AuditEvent, Organization
from tests.conftest import OpenDatabase, People
from tests.databases import on_both_databases, on_postgresql, on_sqlite
from tests.views.gate import assert_administrators_only

pytestmark = on_both_databases

LOG = "/account-management/audit-log"
NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


def _event(
    people: People,
    action: str = "domain removed",
    subject: str = "old.example",
    *,
    actor: str = "Ada",
    at: datetime = NOON,
    organization_id: int | None = 0,
    details: dict[str, object] | None = None,
) -> AuditEvent:
    of = people.contoso.id if organization_id == 0 else organization_id
    audit.record(of, actor, action, subject, details, now=at)
    made: AuditEvent = AuditEvent.select().order_by(AuditEvent.id.desc()).get()
    return made


def test_it_is_for_administrators_alone(app: Flask, people: People) -> None:
    assert_administrators_only(app, LOG)
    assert_administrators_only(app, f"{LOG}/events.csv")


def test_an_event_says_who_did_what_when_before_and_after_and_from_where(
    signed_in: FlaskClient, people: People
) -> None:
    signed_in.post("/account-management/profile", data={"name": "Contoso Ltd", "time_zone": "UTC", "tech_contact": ""})
    page = signed_in.get(LOG).text
    for said in ("Ada", "ada@<wbr>contoso", "Organisation profile changed", "Contoso → Contoso Ltd", "127.0.0.1"):
        assert said in page, said


def test_the_newest_come_first_and_every_one_is_on_one_page(
    signed_in: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    with open_database():
        for number in range(120):
            _event(people, subject=f"number-{number:03}", at=NOON + timedelta(seconds=number // 3))
    seen: list[str] = []
    address = f"{LOG}?action=domain+removed"
    while address:
        page = signed_in.get(address).text
        seen += [f"number-{part[:3]}" for part in page.split("number-")[1:]]
        older = page.partition('rel="next" href="')[2].partition('"')[0]
        address = older.replace("&amp;", "&")
    assert seen == [f"number-{number:03}" for number in reversed(range(120))]


def test_a_moment_is_told_to_the_second_and_in_which_zone(
    signed_in: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    with open_database():
        Organization.update(time_zone="Pacific/Auckland").where(Organization.id == people.contoso.id).execute()
        _event(people, at=datetime(2026, 11, 24, 10, 59, 7, tzinfo=UTC))
    page = signed_in.get(LOG).text
    assert ">24 Nov 2026, 23:59:07</time>" in page
    assert "Times are those of Pacific/Auckland." in page


def test_an_account_that_an_event_is_about_is_a_click_away(
    signed_in: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    with open_database():
        audit.record(people.contoso.id, "Ada", "user changed", audit.Of("bob", people.bob.id), now=NOON)
        audit.record(people.contoso.id, "Ada", "user changed", audit.Of("eve", people.eve.id), now=NOON)
        audit.record(people.contoso.id, "Ada", "user removed", audit.Of("gone", 999), now=NOON)
    page = signed_in.get(LOG).text
    assert f'<a href="/users/{people.bob.id}">bob</a>' in page
    assert '<span class="beneath">eve</span>' in page
    assert '<span class="beneath">gone</span>' in page


def test_it_is_filtered_by_words_by_deed_and_by_days_of_the_organisations_own_calendar(
    signed_in: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    with open_database():
        Organization.update(time_zone="Pacific/Auckland").where(Organization.id == people.contoso.id).execute()
        _event(people, subject="tuesday", at=datetime(2026, 11, 24, 10, 59, tzinfo=UTC))
        _event(people, subject="wednesday", at=datetime(2026, 11, 24, 11, 0, tzinfo=UTC))
        _event(people, "exemption ended", "thursday", at=datetime(2026, 11, 25, 11, 0, tzinfo=UTC))

    def found(query: str) -> set[str]:
        page = signed_in.get(f"{LOG}?{query}").text.partition("<tbody")[2]
        return {day for day in ("tuesday", "wednesday", "thursday") if day in page}

    assert found("first_day=2026-11-25&last_day=2026-11-25") == {"wednesday"}
    assert found("last_day=2026-11-24") == {"tuesday"}
    assert found("action=exemption+ended") == {"thursday"}
    assert found("text=ADA+wednes") == {"wednesday"}
    assert found("text=nobody") == set()
    assert found("first_day=nonsense&before=x") == {"tuesday", "wednesday", "thursday"}


@pytest.mark.parametrize(
    "query",
    ["last_day=9999-12-31", "first_day=0001-01-01", "first_day=9999-12-31", "before=-1", f"before={2**63}",
     f"before={'9' * 30}", f"before={'9' * 5000}"],
)  # fmt: skip
@pytest.mark.parametrize("zone", ["Pacific/Auckland", "America/Los_Angeles"])
def test_what_cannot_be_reckoned_with_counts_as_not_asked_for(
    signed_in: FlaskClient, people: People, open_database: OpenDatabase, query: str, zone: str
) -> None:
    with open_database():
        Organization.update(time_zone=zone).where(Organization.id == people.contoso.id).execute()
        _event(people, subject="oldest")
    for page in (LOG, f"{LOG}/events.csv"):
        answer = signed_in.get(f"{page}?{query}")
        assert (answer.status_code, "oldest" in answer.text) == (200, True)


def test_another_organisations_events_stay_unseen(
    signed_in: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    with open_database():
        theirs = _event(people, subject="fabrikams-secret", organization_id=people.fabrikam.id)
        _event(people, subject="nobodys-secret", organization_id=None)
    for address in (LOG, f"{LOG}?before={theirs.id + 1}", f"{LOG}/events.csv"):
        assert "secret" not in signed_in.get(address).text


def test_it_is_taken_home_whole_and_without_formulas_and_that_is_on_record(
    signed_in: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    with open_database():
        _event(people, subject="=1+1", details={"before": {"name": "A"}, "after": {"name": "B"}})
    address = f"{LOG}/events.csv?action=domain+removed&text=ada&first_day=2026-11-01"
    file = signed_in.get(address).text.lstrip("\ufeff")
    rows = list(csv.DictReader(StringIO(file)))
    assert [(row["About"], row["Details"]) for row in rows] == [("'=1+1", "Name: A → B")]
    with open_database():
        exported = AuditEvent.get(AuditEvent.action == "audit log exported")
    asked = {"text": "ada", "action": "domain removed", "first_day": "2026-11-01"}
    assert (exported.subject, exported.details) == ("", {"filter": asked})


def test_the_events_about_one_account_are_taken_home_on_record_under_its_name(
    signed_in: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    signed_in.get(f"{LOG}/events.csv?account={people.bob.id}")
    signed_in.get(f"{LOG}/events.csv?account={people.eve.id}")
    with open_database():
        exported = AuditEvent.select().where(AuditEvent.action == "audit log exported").order_by(AuditEvent.id)
        assert [(event.subject, event.subject_account) for event in exported] == [("Bob", people.bob.id), ("", None)]


@pytest.mark.parametrize("deed", ["UPDATE audit_event SET actor = 'nobody'", "DELETE FROM audit_event"])
def test_the_database_itself_refuses_to_alter_it(people: People, open_database: OpenDatabase, deed: str) -> None:
    _assert_refused(people, open_database, deed)


@on_sqlite
def test_sqlite_puts_no_row_in_anothers_place(people: People, open_database: OpenDatabase) -> None:
    same = "id, at, action, subject, details, remote_address, actor_address"
    replacing = f"INSERT OR REPLACE INTO audit_event ({same}, actor) SELECT {same}, 'nobody' FROM audit_event"
    _assert_refused(people, open_database, replacing)


@on_postgresql
@pytest.mark.parametrize("deed", ["TRUNCATE audit_event CASCADE", "TRUNCATE organization CASCADE"])
def test_postgresql_does_not_empty_it_at_one_stroke(people: People, open_database: OpenDatabase, deed: str) -> None:
    _assert_refused(people, open_database, deed)


def _assert_refused(people: People, open_database: OpenDatabase, deed: str) -> None:
    with open_database():
        _event(people)
        with pytest.raises(DatabaseError, match="only ever added to"):
            execute(deed)
    with open_database():
        assert AuditEvent.get().actor == "Ada"
