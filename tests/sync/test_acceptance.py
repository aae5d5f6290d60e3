"""What a list was when it was accepted is what is carried out; and over a limit nobody accepts by the way."""

from collections.abc import Callable

import pytest

from ppe.clock import utcnow
from ppe.errors import Refused
from ppe.models import SyncRun
from ppe.sync import acceptance, conversion_choice, review, safety
from tests.sync.desk import Desk

PEOPLE = ("Clara", "Dora", "Emil")


@pytest.fixture
def planned(desk: Desk) -> SyncRun:
    """A list of three removals by hand, and of one blocked mailbox that could be imported."""
    people = [desk.tenant.hire(name, f"{name.lower()}@contoso.example") for name in PEOPLE]
    desk.sync()
    for somebody in people:
        desk.tenant.delete(somebody)
    desk.tenant.block(desk.tenant.hire("Shared", "shared@contoso.example"))
    return desk.plan()


@pytest.mark.parametrize(
    "change",
    [
        lambda run, row: review.tick(run, False, change_ids=[row]),
        lambda run, row: review.tick(run, False, section="deleting"),
        lambda run, row: review.exempt(run, [row], "", None, "Bea", utcnow()),
    ],
    ids=["untick", "untick all", "exempt"],
)
def test_whoever_looked_before_it_was_accepted_changes_it_no_more(
    desk: Desk, planned: SyncRun, change: Callable[[SyncRun, int], object]
) -> None:
    row = desk.rows(planned)["Clara"].id
    seen_by_another = SyncRun.get_by_id(planned.id)
    review.accept(planned, "Ada", utcnow())
    with pytest.raises(Refused, match="being carried out already"):
        change(seen_by_another, row)
    assert all(desk.rows(planned, "deleting")[name].ticked for name in PEOPLE)
    with pytest.raises(Refused, match="being carried out already"):
        review.accept(seen_by_another, "Bea", utcnow())


def test_a_mailbox_is_not_imported_into_a_list_that_was_accepted(desk: Desk, planned: SyncRun) -> None:
    shared, seen_by_another = desk.rows(planned)["Shared"].id, SyncRun.get_by_id(planned.id)
    review.accept(planned, "Ada", utcnow())
    with pytest.raises(Refused, match="being carried out already"):
        conversion_choice.choose(seen_by_another, [shared], desk.admin, utcnow())
    assert desk.rows(planned)["Shared"].section == "not_imported"


def test_every_kind_counts_with_what_it_is_worth(desk: Desk, planned: SyncRun) -> None:
    assert acceptance.over(planned, utcnow()) == []
    desk.settings(limits={"removals": [2, 10]})
    assert safety.number_of(acceptance.over(planned, utcnow())) == 3
    desk.untick(planned, "Clara")
    assert acceptance.over(planned, utcnow()) == []


def test_without_the_number_the_list_stays_open_for_everybody(desk: Desk, planned: SyncRun) -> None:
    desk.settings(limits={"removals": [2, 10]})
    for typed in ("", "4", "3 people"):
        with pytest.raises(Refused, match="Type 3 here to confirm it") as refused:
            review.accept(planned, "Ada", utcnow(), confirmed=typed)
        assert refused.value.field == "confirmed"
    kept = SyncRun.get_by_id(planned.id)
    assert (kept.state, kept.accepted_at, kept.holds_connection) == ("review", None, False)
    review.accept(planned, "Ada", utcnow(), confirmed="3")
    assert desk.proceed(planned).state == "done"
    assert set(desk.people()) == {"Ada Admin"}
