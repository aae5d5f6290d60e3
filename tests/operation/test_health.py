import sqlite3
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from ppe import tasks
from ppe.clock import utcnow
from ppe.models import Connection, CsvImport, Installation, SyncRun
from ppe.operation import health
from ppe.operation.health import Health
from tests.conftest import OpenDatabase, People
from tests.databases import on_sqlite

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def long_at_work(app: Flask) -> Health:
    """A web process that began an hour ago."""
    return Health(app.config["SETTINGS"].database_url, lambda: 0, NOW - timedelta(hours=1))


@pytest.fixture
def hanging() -> Iterator[threading.Event]:
    """What hangs until the test is over."""
    over = threading.Event()
    yield over
    over.set()


def test_strangers_hear_that_all_is_well_and_nothing_else(
    client: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    with open_database():
        health.beat(utcnow())
    answer = client.get("/healthz")
    assert answer.status_code == 200
    assert answer.json == {"status": "ok", "web": "ok", "database": "ok", "queue": "ok", "worker": "ok"}
    assert "Set-Cookie" not in answer.headers


def test_it_answers_before_set_up(client: FlaskClient) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json and answer.json["worker"]) == (200, "starting")


def test_the_tick_says_that_the_worker_is_there(
    app: Flask, client: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    tasks.tick.call_local()
    with open_database():
        assert utcnow() - Installation.get().worker_seen_at < MINUTE
    assert client.get("/healthz").json["worker"] == "ok"  # type: ignore[index]


def test_the_tick_rings_for_the_daily_clean_up(
    app: Flask, people: People, monkeypatch: pytest.MonkeyPatch, open_database: OpenDatabase
) -> None:
    rung: list[bool] = []
    monkeypatch.setattr(tasks, "sweep", lambda: rung.append(True))
    tasks.tick.call_local()
    with open_database():
        Installation.update(swept_at=utcnow()).execute()
    tasks.tick.call_local()
    assert rung == [True]


def test_a_worker_that_starts_says_so_at_once(app: Flask, open_database: OpenDatabase) -> None:
    tasks.here()
    with open_database():
        assert Installation.get().worker_seen_at is not None


def test_a_worker_is_away_after_three_minutes(long_at_work: Health, open_database: OpenDatabase) -> None:
    with open_database():
        assert long_at_work.look(NOW)["worker"] == "not ok", "never seen, and this process is old enough to know"
        health.beat(NOW)
    assert long_at_work.look(NOW + 3 * MINUTE)["worker"] == "ok"
    assert long_at_work.look(NOW + 3 * MINUTE + timedelta(seconds=1))["worker"] == "not ok"


def test_a_worker_that_may_be_about_to_begin_is_not_away(app: Flask, open_database: OpenDatabase) -> None:
    fresh = Health(app.config["SETTINGS"].database_url, lambda: 0, NOW)
    with open_database():
        health.beat(NOW - timedelta(days=1))
    assert fresh.look(NOW + 2 * MINUTE)["worker"] == "starting"
    assert fresh.look(NOW + 4 * MINUTE)["worker"] == "not ok"


def test_a_worker_in_the_middle_of_a_long_sync_is_not_away(
    long_at_work: Health, people: People, open_database: OpenDatabase
) -> None:
    with open_database():
        health.beat(NOW - timedelta(hours=1))
        SyncRun.create(
            organization=people.contoso, connection=Connection.get(Connection.organization == people.contoso),
            state="pulling", heartbeat_at=NOW - MINUTE, created_at=NOW,
        )  # fmt: skip
    assert long_at_work.look(NOW)["worker"] == "ok"


def test_a_worker_in_the_middle_of_a_long_file_is_not_away(
    long_at_work: Health, people: People, open_database: OpenDatabase
) -> None:
    with open_database():
        health.beat(NOW - timedelta(hours=1))
        CsvImport.create(
            organization=people.contoso,
            created_by_name="Ada",
            state="reading",
            heartbeat_at=NOW - MINUTE,
            created_at=NOW,
        )
    assert long_at_work.look(NOW)["worker"] == "ok"


def test_a_beat_writes_once_in_half_a_minute(app: Flask, open_database: OpenDatabase) -> None:
    with open_database():
        for seconds in (0, 10, 40):
            health.beat(NOW + timedelta(seconds=seconds))
            seen = Installation.get().worker_seen_at
            assert seen == NOW + timedelta(seconds=0 if seconds < 30 else 40)


def test_a_queue_that_is_broken_or_hangs_is_told_in_time(
    monkeypatch: pytest.MonkeyPatch, app: Flask, hanging: threading.Event
) -> None:
    monkeypatch.setattr(health, "SECONDS", 0.3)

    def broken() -> int:
        raise OSError("the queue's disk is gone, at a secret place")

    url = app.config["SETTINGS"].database_url
    assert Health(url, broken, NOW).look(NOW)["queue"] == "not ok"
    hangs = Health(url, lambda: int(hanging.wait(30)), NOW)
    begun = time.monotonic()
    told = hangs.look(NOW)
    assert (told["queue"], told["database"]) == ("not ok", "ok")
    assert time.monotonic() - begun < 2


def test_whoever_asks_often_gathers_no_threads(
    monkeypatch: pytest.MonkeyPatch, app: Flask, hanging: threading.Event
) -> None:
    monkeypatch.setattr(health, "SECONDS", 0.02)
    hangs = Health(app.config["SETTINGS"].database_url, lambda: int(hanging.wait(30)), NOW)
    before = threading.active_count()
    for _ in range(20):
        assert hangs.look(NOW)["queue"] == "not ok"
    assert threading.active_count() - before <= 8


@on_sqlite
def test_a_database_that_is_locked_is_told_in_time(
    client: FlaskClient, people: People, monkeypatch: pytest.MonkeyPatch, settings: object, tmp_path: Path
) -> None:
    monkeypatch.setattr(health, "SECONDS", 0.3)
    holder = sqlite3.connect(tmp_path / "ppe.db", isolation_level=None)
    holder.execute("PRAGMA locking_mode=EXCLUSIVE")
    holder.execute("BEGIN EXCLUSIVE")
    holder.execute("UPDATE installation SET demo = demo")
    begun = time.monotonic()
    answer = client.get("/healthz")
    assert time.monotonic() - begun < 2
    holder.rollback()
    holder.close()
    assert answer.status_code == 503
    assert (answer.json and answer.json["database"], answer.json and answer.json["web"]) == ("not ok", "ok")


def test_a_database_that_is_away_is_told_without_a_mishap(app: Flask, client: FlaskClient, people: People) -> None:
    app.extensions["health"] = Health("postgresql://nobody@127.0.0.1:9/nothing", lambda: 0, NOW)
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json == {"status": "not ok", "web": "ok", "database": "not ok", "queue": "ok", "worker": "not ok"}
