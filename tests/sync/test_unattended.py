"""When unattended syncs begin: on time, once, and never two at a time. The clock is moved over weeks."""

import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import current_app
from playhouse import migrations

from ppe import db
from ppe.clock import utcnow
from ppe.models import AuditEvent, Connection, Organization, SyncRun
from ppe.sync import connection, run, schedule, unattended
from ppe.sync.choices import Choices
from tests.databases import FreshDatabase, on_both_databases
from tests.sync.desk import Desk
from tests.sync.night import MINUTE, Night

WEEK = timedelta(days=7)


def end(run_id: int) -> None:
    """The shortest way for a run to be over."""
    run.cancel(SyncRun.get_by_id(run_id), "Ada", utcnow())


def runs() -> list[SyncRun]:
    return list(SyncRun.select().order_by(SyncRun.id))


@pytest.mark.parametrize(("hours", "weeks"), [(1, 1), (3, 2), (6, 3), (12, 4), (24, 8)])
def test_every_frequency_keeps_its_minute_for_weeks(desk: Desk, hours: int, weeks: int) -> None:
    night = Night(desk, hours)
    first, until = night.slot, night.now + weeks * WEEK
    while night.slot <= until:
        slot = night.slot
        night.now = slot - MINUTE
        assert night.begin_due() == []
        night.now = slot
        (begun,) = night.begin_due()
        end(begun)
        night.now = slot + MINUTE
        assert night.begin_due() == []
    step = timedelta(hours=hours)
    assert [one.created_at for one in runs()] == [first + step * number for number in range(weeks * 7 * 24 // hours)]


def test_a_week_of_changes_arrives_with_nobody_watching(desk: Desk) -> None:
    night = Night(desk, 24)
    people = [desk.tenant.hire(f"P{number}", f"p{number}@contoso.example") for number in range(7)]
    group = desk.tenant.add_group("All", "security", members=people)
    for day, somebody in enumerate(people):
        done = night.done()
        assert (done.scheduled, done.accepted_by_name, done.held) == (True, "", [])
        desk.tenant.rename(somebody, f"P{day} of day {day}")
        if day == 3:
            desk.tenant.delete(people[6])
            desk.tenant.remove_member(group, people[0])
    night.done()
    assert set(desk.people()) == {"Ada Admin", "All", *(f"P{day} of day {day}" for day in range(6))}
    assert desk.members("All") == {f"P{day} of day {day}" for day in range(1, 6)}
    actors = {event.actor for event in AuditEvent.select().where(AuditEvent.action == "sync applied")}
    assert actors == {"the schedule"}
    assert night.mails() == []


class TestOnceOnly:
    def test_a_restart_within_the_minute_begins_nothing_twice(self, desk: Desk) -> None:
        night = Night(desk)
        night.now = night.slot
        assert len(night.begin_due()) == 1
        assert night.begin_due() == []
        end(runs()[0].id)
        night.now += timedelta(seconds=30)
        assert night.begin_due() == []

    def test_a_worker_with_an_old_list_does_not_claim_the_slot_after_it(self, desk: Desk) -> None:
        """Both looked at what is due before either began; the first one's run was over before the second came."""
        night = Night(desk)
        night.now = night.slot
        lists = [unattended.due(night.now), unattended.due(night.now)]
        assert lists == [[desk.connection_id]] * 2
        begun = unattended.begin(desk.connection_id, night.now)
        assert begun is not None
        end(begun)
        following = night.slot
        assert unattended.begin(desk.connection_id, night.now) is None
        assert night.slot == following

    def test_many_workers_in_the_same_instant_begin_one_run(self, desk: Desk) -> None:
        night = Night(desk)
        for _ in range(5):
            night.now = night.slot
            begun = at_once(8, lambda: unattended.begin(desk.connection_id, night.now))
            assert sum(run_id is not None for run_id in begun) == 1, begun
            end(next(run_id for run_id in begun if run_id is not None))
        assert len(runs()) == 5

    def test_what_was_missed_while_everything_was_down_runs_once(self, desk: Desk) -> None:
        night = Night(desk, 3)
        missed = night.slot
        night.now = missed + timedelta(days=9, minutes=7)
        (begun,) = night.begin_due()
        assert night.begin_due() == []
        assert night.now < night.slot <= night.now + timedelta(hours=3)
        assert (night.slot - missed) % timedelta(hours=3) == timedelta(0)
        end(begun)
        assert night.begin_due() == []


class TestARunAtWork:
    @pytest.mark.parametrize("by_hand", [True, False])
    def test_delays_the_slot_until_its_end_and_the_slot_is_not_lost(self, desk: Desk, by_hand: bool) -> None:
        night = Night(desk)
        if by_hand:
            at_work = desk.begin().id
        else:
            night.now = night.slot
            (at_work,) = night.begin_due()
        slot = night.slot
        night.now = slot + timedelta(minutes=20)
        assert night.begin_due() == []
        assert unattended.begin(desk.connection_id, night.now) is None
        assert night.slot == slot, "it was not claimed, so it still waits"
        end(at_work)
        assert len(night.begin_due()) == 1
        assert night.slot == slot + timedelta(hours=1)

    def test_keeps_nobody_else_from_beginning(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        """Those that wait longest come first; fifty that wait for their own runs must not be all that is looked at."""
        monkeypatch.setattr(unattended, "MOST_AT_ONCE", 3)
        night = Night(desk)
        stuck = more_connections(3)
        for connection_id in stuck:
            assert unattended.begin(connection_id, night.slot) is not None
        Connection.update(next_sync_at=night.slot - timedelta(hours=5)).where(Connection.id.in_(stuck)).execute()
        night.now = night.slot
        assert unattended.due(night.now) == [desk.connection_id]


class TestManyConnections:
    def test_a_thousand_begin_in_minutes_of_their_own(self, desk: Desk) -> None:
        night = Night(desk, 24)
        ids = more_connections(1000)
        begun: Counter[int] = Counter()
        for connection_id in ids:
            slot = schedule.next_slot(24, connection_id, night.now)
            assert slot is not None
            begun[(slot - night.now) // MINUTE] += 1
        assert max(begun.values()) == 1

    def test_after_a_night_without_power_fifty_begin_each_minute(self, desk: Desk) -> None:
        night = Night(desk, 24)
        more_connections(119)
        night.now += timedelta(days=2)
        begun = []
        while started := night.begin_due():
            begun.append(len(started))
            night.now += MINUTE
        assert begun == [50, 50, 20]
        counted = Counter(one.connection_id for one in runs())
        assert (len(counted), set(counted.values())) == (120, {1})


class TestAnotherFrequency:
    def test_never_begins_nothing_any_more(self, desk: Desk) -> None:
        night = Night(desk)
        save(desk, 0)
        assert desk.connection.next_sync_at is None
        night.now += 4 * WEEK
        assert night.begin_due() == []
        assert unattended.begin(desk.connection_id, night.now) is None

    def test_another_one_has_slots_of_its_own_from_now_on(self, desk: Desk) -> None:
        night = Night(desk, 24)
        before = utcnow()
        save(desk, 6)
        assert before < night.slot <= utcnow() + timedelta(hours=6)
        assert night.slot == schedule.next_slot(6, desk.connection_id, before)

    def test_saving_the_same_one_again_moves_nothing(self, desk: Desk) -> None:
        night = Night(desk, 6)
        desk.settings(next_sync_at=night.slot + timedelta(hours=18))  # as after failures
        slot = night.slot
        save(desk, 6)
        assert night.slot == slot

    @on_both_databases
    def test_one_that_was_chosen_before_there_were_slots_is_due_at_once(
        self, tmp_path: Path, schemaless_database: FreshDatabase
    ) -> None:
        old = db.connect(schemaless_database(tmp_path))
        with old.connection_context():
            migrations.Runner(old, str(db.MIGRATIONS)).up(target="0002_sign_in")
            insert(old, "organization", name="Contoso")
            insert(old, "connection", organization_id=1, sync_frequency=3)
            migrations.Runner(old, str(db.MIGRATIONS)).up()
            ((slot,),) = old.execute_sql("SELECT next_sync_at FROM connection").fetchall()
        found = db.moment(slot)
        assert found is not None
        assert found < utcnow()


def insert(into: Any, table: str, **values: Any) -> None:
    """A row of a schema that no model fits any more: 0, or some day, in every other column that needs something."""
    needed = {
        column.name: "2026-01-01" if "time" in column.data_type.lower() else "0"
        for column in into.get_columns(table)
        if not column.null and column.name != "id"
    }
    row = needed | values
    marks = ", ".join([into.param] * len(row))
    into.execute_sql(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", tuple(row.values()))


def save(desk: Desk, hours: int) -> None:
    stored = desk.connection
    names = Choices.__dataclass_fields__
    chosen = {name: getattr(stored, name) for name in names} | {"ad_key": "", "sync_frequency": hours}
    connection.save(stored, Choices(**chosen), "Ada", current_app.config["SETTINGS"], utcnow())


def more_connections(count: int) -> list[int]:
    """Organisations with a connection that is due, and that leads nowhere."""
    ids = []
    long_ago = utcnow() - timedelta(days=1)
    with db.database.atomic():
        for number in range(count):
            organization = Organization.create(name=f"Organisation {number}", created_at=long_ago)
            made = Connection.create(organization=organization, sync_frequency=24, next_sync_at=long_ago)
            ids.append(made.id)
    return ids


def at_once(count: int, deed: Callable[[], int | None]) -> list[int | None]:
    """What several threads, each with a database connection of its own, get when they do the same thing together."""
    gate, found = threading.Barrier(count), []

    def work() -> None:
        with db.database.connection_context():
            gate.wait()
            found.append(deed())

    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found
