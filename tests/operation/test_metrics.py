from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from ppe import outbox, tally
from ppe.models import Connection, Mail, Organization, SyncChange, SyncRun, Tally
from ppe.operation import health, metrics
from ppe.sync import tallies
from tests.conftest import OpenDatabase, People

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
TOKEN = "a-token-for-tests-alone"
Numbers = dict[tuple[str, str], float]


def numbers(queue: int = 0) -> Numbers:
    """What is said, as Prometheus itself reads it: by name and the values of the labels."""
    text = metrics.exposition(lambda: queue, NOW).decode()
    families = text_string_to_metric_families(text)
    return {
        (s.name, " ".join(s.labels[label] for label in sorted(s.labels))): s.value for f in families for s in f.samples
    }


def _token(app: Flask) -> dict[str, str]:
    app.config["SETTINGS"] = replace(app.config["SETTINGS"], metrics_token=TOKEN)
    return {"Authorization": f"Bearer {TOKEN}"}


def _run(people: People, **columns: object) -> SyncRun:
    connection = Connection.get(Connection.organization == people.contoso)
    made: SyncRun = SyncRun.create(
        **{"organization": people.contoso, "connection": connection, "holds_connection": False, "created_at": NOW}
        | columns
    )
    return made


def test_without_a_token_there_is_no_such_page(client: FlaskClient, people: People) -> None:
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


@pytest.mark.parametrize("shown", [None, "Bearer", f"Bearer {TOKEN}x", f"Basic {TOKEN}", "Bearer ü"])
def test_who_does_not_show_the_token_reads_nothing(
    app: Flask, client: FlaskClient, people: People, shown: str | None
) -> None:
    _token(app)
    answer = client.get("/metrics", headers={"Authorization": shown} if shown else {})
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert "ppe_" not in answer.text


def test_the_token_opens_it_before_set_up_too(app: Flask, client: FlaskClient) -> None:
    answer = client.get("/metrics", headers=_token(app))
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=1.0.0")
    assert "ppe_throttles_total 0.0" in answer.text
    assert "Set-Cookie" not in answer.headers


def test_how_the_tables_stand(people: People, open_database: OpenDatabase) -> None:
    with open_database():
        health.beat(NOW - timedelta(seconds=20))
        Connection.update(
            primary_domain="contoso.example", application_id="an id", ad_key="encrypted", failing_since=NOW,
            last_successful_sync=NOW - timedelta(hours=5), secret_expiry=NOW + timedelta(days=3), sync_frequency=1,
            next_sync_at=NOW - timedelta(minutes=2),
        ).where(Connection.organization == people.contoso).execute()  # fmt: skip
        _run(people, state="pulling", holds_connection=True)
        held = _run(people, state="review", held_from=_run(people, state="done"))
        for number in range(3):
            SyncChange.create(
                run=held,
                object_id=str(number),
                section="deleting",
                kind="user",
                name="Somebody",
                sort_key="",
                search_key="",
            )
        outbox.ask("summary", organization_id=people.contoso.id, now=NOW)
        said = numbers(queue=4)
    contoso = str(people.contoso.id)
    expected = {
        ("ppe_runs_at_work", "pulling"): 1, ("ppe_runs_at_work", "applying"): 0, ("ppe_reviews_waiting", ""): 1,
        ("ppe_held_changes_waiting", ""): 3, ("ppe_mails_waiting", ""): 1, ("ppe_mails_given_up", ""): 0,
        ("ppe_queue_length", ""): 4, ("ppe_accounts", "organization_admin"): 2, ("ppe_accounts", "end_user"): 1,
        ("ppe_worker_heartbeat_age_seconds", ""): 20, ("ppe_connection_failing", contoso): 1,
        ("ppe_connection_seconds_since_success", contoso): 18_000, ("ppe_secret_days_left", contoso): 3,
        ("ppe_connection_overdue_seconds", contoso): 120,
    }  # fmt: skip
    assert {key: said.get(key) for key in expected} == expected
    assert ("ppe_connection_failing", str(people.fabrikam.id)) not in said, "it is not set up"


def test_durations_are_buckets_that_hold_those_below_them(people: People, open_database: OpenDatabase) -> None:
    with open_database():
        for seconds in (0.5, 4, 59, 60, 100_000):
            ended = NOW + timedelta(seconds=seconds)
            tallies.ended([_run(people, scheduled=True, state="done", finished_at=ended)])
        waited = NOW + timedelta(days=2)
        tallies.ended([
            _run(people, state="done", planned_at=NOW + timedelta(seconds=3), accepted_at=waited,
                 finished_at=waited + timedelta(seconds=7)),
            _run(people, state="superseded", planned_at=NOW, finished_at=waited),
        ])  # fmt: skip
        said = numbers()
    buckets = {le: said["ppe_run_seconds_bucket", f"scheduled {le}"] for le in ("1", "5", "15", "60", "14400", "+Inf")}
    assert buckets == {"1": 1, "5": 2, "15": 2, "60": 4, "14400": 4, "+Inf": 5}
    assert said["ppe_run_seconds_count", "scheduled"] == 5
    assert said["ppe_run_seconds_sum", "scheduled"] == pytest.approx(100_123.5)
    assert said["ppe_run_seconds_sum", "manual"] == 10, "the two days for which it waited for a person are not work"
    assert said["ppe_runs_total", "manual superseded"] == 1


def test_mails_are_counted_with_what_became_of_them(people: People, open_database: OpenDatabase) -> None:
    with open_database():
        for _ in range(2):
            outbox.ask("welcome", organization_id=people.contoso.id, now=NOW)
        first, second = Mail.select().order_by(Mail.id)
        for mail in (first, second):
            outbox.claim(mail.id, NOW)
        outbox.sent(Mail.get_by_id(first.id), NOW)
        outbox.postpone(Mail.get_by_id(second.id), "away", NOW)
        later = NOW + timedelta(days=3)
        late = outbox.claim(second.id, later)
        assert late is not None
        outbox.postpone(late, "still away", later)
        outbox.postpone(late, "a second time, with a claim that is gone", later)
        said = numbers()
    assert {key[1]: value for key, value in said.items() if key[0] == "ppe_mails_total"} == {
        "welcome sent": 1, "welcome postponed": 1, "welcome given_up": 1,
    }  # fmt: skip


def test_what_is_counted_fits_any_number_and_two_at_once_add_up(app: Flask, open_database: OpenDatabase) -> None:
    with open_database():
        for _ in range(3):
            tally.add(
                [tally.one("objects", 2_000_000_000, kind="people"), tally.one("throttles"), tally.one("none", 0)]
            )
        assert numbers()["ppe_objects_total", "people"] == 6_000_000_000
        assert {row.name for row in Tally.select()} == {"objects", "throttles"}


def test_no_name_of_anybody_is_a_label(people: People, open_database: OpenDatabase) -> None:
    with open_database():
        Organization.update(name="Contoso Secret Projects").execute()
        text = metrics.exposition(lambda: 0, NOW).decode().casefold()
    assert not any(name in text for name in ("contoso", "fabrikam", "ada", "bob@"))
