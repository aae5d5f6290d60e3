"""What is counted for good is counted once for each run, however it ends and however often a worker is killed."""

import pytest

from ppe import tally
from ppe.clock import utcnow
from ppe.errors import Refused
from ppe.models import Connection, SyncRun
from ppe.sync import connection, review, run, unattended
from tests.sync.desk import Desk
from tests.sync.night import MINUTE, Night
from tests.sync.test_killed import kill_until_it_gets_through


def counted(name: str) -> dict[str, int]:
    """By the values of the labels."""
    return {" ".join(labels.values()): value for kind, labels, value in tally.read() if kind == name}


def test_a_run_is_counted_when_it_ends_and_not_before(desk: Desk) -> None:
    for name in ("Bo", "Cy"):
        desk.tenant.hire(name, f"{name}@contoso.example")
    planned = desk.plan()
    assert (counted("runs"), counted("objects"), counted("changes")) == ({}, {}, {})
    desk.untick(planned, "Cy")
    desk.accept(planned)
    assert counted("runs") == {"manual done": 1}
    assert counted("objects") == {"people": 2}
    assert counted("changes") == {"done adding": 1, "unticked adding": 1}
    assert sum(counted("run_durations").values()) == 1


def test_workers_that_are_killed_count_nothing_twice(company: Desk) -> None:
    planned = company.plan()
    review.accept(planned, "Ada", utcnow())
    assert kill_until_it_gets_through(company, planned, step=2) >= 2
    assert counted("runs") == {"manual done": 1}
    assert sum(counted("changes").values()) == SyncRun.get_by_id(planned.id).to_apply


def test_every_end_is_counted(desk: Desk) -> None:
    desk.tenant.hire("Bo", "bo@contoso.example")
    desk.plan()
    newer = desk.plan()
    assert counted("runs") == {"manual superseded": 1}
    run.cancel(newer, "Ada", utcnow())
    with pytest.raises(Refused):
        run.cancel(newer, "Ada", utcnow())
    assert counted("runs") == {"manual superseded": 1, "manual cancelled": 1}
    desk.server.weather.down()
    assert desk.plan().state == "failed"
    desk.server.weather.calm()
    assert counted("runs")["manual failed"] == 1
    desk.tenant.add_domain("wingtip.example")
    desk.tenant.hire("Wim", "wim@wingtip.example")
    assert desk.plan().state == "failed"
    assert counted("runs")["manual failed"] == 2
    desk.register("wingtip.example")
    desk.plan()
    connection._forget_directory(Connection.get_by_id(desk.connection_id), utcnow())
    assert counted("runs")["manual superseded"] == 2


def test_unattended_runs_their_pauses_and_what_they_hold_back(desk: Desk) -> None:
    people = [desk.tenant.hire(f"P{number}", f"p{number}@contoso.example") for number in range(12)]
    night = Night(desk)
    desk.server.weather.throttle(1, "120")
    assert night.sync().state in ("queued", "pulling")
    assert counted("throttles") == {"": 1}
    assert counted("runs") == {}
    night.minute(3 * MINUTE)
    assert counted("runs") == {"scheduled done": 1}
    for person in people[:8]:
        desk.tenant.delete(person)
    night.done()
    desk.tenant.delete(people[8])
    night.done()
    assert counted("runs") == {"scheduled done": 3, "held superseded": 1}
    desk.accept(SyncRun.get(SyncRun.state == "review"))
    assert counted("runs")["held done"] == 1
    assert counted("changes")["done deleting"] == 9


def test_a_dry_run_ends_with_its_plan_and_leaves_every_list_and_slot_alone(desk: Desk) -> None:
    desk.tenant.hire("Bo", "bo@contoso.example")
    night = Night(desk)
    waits, slot = desk.plan(), night.slot
    dry = unattended.begin_at_once(desk.connection, "the command line", night.now, dry_run=True)
    with pytest.raises(Refused, match="at work already"):
        unattended.begin_at_once(desk.connection, "the command line", night.now, dry_run=True)
    ended = desk.proceed(dry)
    assert (ended.state, ended.holds_connection, ended.scheduled) == ("cancelled", False, False)
    assert set(desk.rows(ended)) == {"Bo"}
    assert counted("runs") == {"dry_run cancelled": 1}
    assert SyncRun.get_by_id(waits.id).state == "review"
    assert night.slot == slot
    assert set(desk.people()) == {"Ada Admin"}


def test_a_dry_run_whose_process_was_killed_still_carries_nothing_out(company: Desk) -> None:
    dry = unattended.begin_at_once(company.connection, "the command line", utcnow(), dry_run=True)
    before = company.people()
    assert kill_until_it_gets_through(company, dry, step=4) >= 2
    assert SyncRun.get_by_id(dry.id).state == "cancelled"
    assert company.people() == before


def test_a_run_begun_by_hand_is_like_one_of_the_schedule_and_takes_no_slot(desk: Desk) -> None:
    desk.tenant.hire("Bo", "bo@contoso.example")
    night = Night(desk)
    slot = night.slot
    begun = unattended.begin_at_once(desk.connection, "the command line", night.now, dry_run=False)
    assert desk.proceed(begun).state == "done"
    assert set(desk.people()) == {"Ada Admin", "Bo"}
    assert (night.slot, begun.started_by_name) == (slot, "the command line")
