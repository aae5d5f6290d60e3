"""Every decision about a sync stands in the audit log: who, what, how much of it, and when."""

from typing import Any

from ppe.models import AuditEvent, SyncRun
from ppe.sync import acceptance, review
from tests.databases import on_both_databases
from tests.sync.desk import Desk
from tests.sync.night import Night

pytestmark = on_both_databases


def events(action: str) -> list[tuple[str, str, Any]]:
    found = AuditEvent.select().where(AuditEvent.action == action).order_by(AuditEvent.id)
    return [(event.actor, event.subject, event.details) for event in found]


def test_what_was_accepted_of_which_section(desk: Desk) -> None:
    for name in ("Bo", "Cy", "Di"):
        desk.tenant.hire(name, f"{name.lower()}@contoso.example")
    planned = desk.plan()
    desk.untick(planned, "Cy")
    desk.accept(planned)
    assert events("sync accepted") == [("Ada", f"run {planned.id}", {"Adding": "2 of 3"})]
    assert [event[:2] for event in events("sync applied")] == [("Ada", f"run {planned.id}")]


def test_the_number_that_was_typed_for_a_list_over_a_limit(desk: Desk) -> None:
    bo = desk.tenant.hire("Bo", "bo@contoso.example")
    desk.sync()
    desk.settings(limits={"removals": [0, 0]})
    desk.tenant.delete(bo)
    desk.accept(desk.plan())
    assert events("sync accepted")[-1][2] == {"Deleting": "1 of 1", "confirmed": "1"}


def test_an_undo_is_accepted_under_its_own_name(desk: Desk) -> None:
    desk.tenant.hire("Bo", "bo@contoso.example")
    undo = desk.undo(desk.sync())
    assert events("undo accepted") == [("Ada", f"run {undo.id}", {"Deleting": "1 of 1"})]


def test_what_the_schedule_held_back_and_where_it_waits(desk: Desk) -> None:
    hired = [desk.tenant.hire(f"P{n}", f"p{n}@contoso.example") for n in range(8)]
    night = Night(desk)
    night.done()
    for one in hired[:7]:
        desk.tenant.delete(one)
    done = night.done()
    waiting = SyncRun.get(SyncRun.held_from == done)
    ((actor, subject, details),) = events("changes held back")
    assert (actor, subject, details["wait in"]) == ("the schedule", f"run {done.id}", f"run {waiting.id}")
    assert details["held"] == [kind.sentence for kind in acceptance.over(waiting, night.now)]
    night.done()
    assert len(events("changes held back")) == 1, "the same list that waits on is said once"


def test_a_failure_with_its_reason_by_hand_and_on_the_schedule(desk: Desk) -> None:
    night = Night(desk)
    desk.server.weather.down()
    failed = night.sync()
    desk.proceed(desk.begin())
    by_schedule, by_hand = events("sync failed")
    assert by_schedule == ("the schedule", f"run {failed.id}", {"reason": failed.error_sentence})
    assert by_hand[0] == "Ada"


def test_unknown_domains_are_a_failure_too(desk: Desk) -> None:
    desk.tenant.add_domain("wingtip.example")
    desk.tenant.hire("Wim", "wim@wingtip.example")
    failed = desk.plan()
    assert events("sync failed") == [("Ada", f"run {failed.id}", {"reason": failed.error_sentence})]


def test_a_list_taken_home(desk: Desk) -> None:
    planned = desk.plan()
    review.record_export(planned, "Ada", planned.created_at)
    assert events("sync list exported") == [("Ada", f"run {planned.id}", {"state": "review"})]
