"""The opposite of a change, by itself; and over generated tenants, that a run and its undo leave no trace."""

from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ppe.models import SyncChange
from ppe.practice.server import PracticeServer
from ppe.practice.tenant import Tenant
from ppe.sync import review, undo
from ppe.sync.change import Known
from ppe.sync.plan import LAST_ADMINISTRATOR
from ppe.sync.undo import Contested, Deed, Facts
from tests.sync.conftest import Line
from tests.sync.desk import Desk
from tests.sync.test_properties import FEW, SEEDS, grow, sound
from tests.sync.test_undoing import standing

FACTS = Facts(frozenset({"contoso.example"}), {"taken": "Dora"}, frozenset({"taken", "old"}))
CLARA = Known(7, 4, "end_user", "Clara", primary="clara@contoso.example", aliases=("cl@contoso.example",))


def deed(section: str, **told: Any) -> Deed:
    usual: dict[str, Any] = {"run_id": 3, "section": section, "kind": "user", "name": "Clara", "version": 3}
    return Deed(**(usual | told))


def known(**fields: Any) -> Known:
    return Known(**({name: getattr(CLARA, name) for name in CLARA.__slots__} | fields))


class TestOpposites:
    def test_added_is_deleted(self) -> None:
        change = undo.opposite(deed("adding", version=None), known(version=1), FACTS)
        assert (change.section, change.account, change.after) == ("deleting", known(version=1), {})
        assert change.before["aliases"] == ("cl@contoso.example",)
        assert change.reason.startswith("Added by run 3")

    def test_deleted_is_added_as_it_was(self) -> None:
        was = {
            "type": "end_user",
            "display_name": "Clara",
            "primary": "clara@contoso.example",
            "aliases": ["a@contoso.example"],
        }
        gone = known(removed=True, primary=None, aliases=(), active=False)
        change = undo.opposite(deed("deleting", before=was), gone, FACTS)
        assert (change.section, change.after["primary"], change.after["aliases"]) == (
            "adding", "clara@contoso.example", ("a@contoso.example",),
        )  # fmt: skip
        assert change.after["active"] is False, "who could not sign in before still can't"

    def test_updated_is_put_back_field_by_field(self) -> None:
        done = deed("updating", before={"display_name": "Klara", "aliases": []}, after={"display_name": "Clara"})
        change = undo.opposite(done, CLARA, FACTS)
        assert (change.section, change.name) == ("updating", "Klara")
        assert (change.before, change.after) == (
            {"display_name": "Clara", "aliases": ("cl@contoso.example",)},
            {"display_name": "Klara", "aliases": ()},
        )
        assert change.fingerprint is None, "so that the next sync looks anew once the exemption has ended"

    def test_disabled_is_reactivated_and_the_other_way_round(self) -> None:
        off = undo.opposite(
            deed("disabling", before={"active": True}, after={"active": False}), known(active=False), FACTS
        )
        on = undo.opposite(deed("updating", before={"active": False}, after={"active": True}), CLARA, FACTS)
        assert (off.section, on.section) == ("updating", "disabling")
        assert "reactivated" in off.reason

    @pytest.mark.parametrize("section", ["adding", "updating", "disabling", "deleting"])
    def test_whoever_is_not_there_any_more_stays_away(self, section: str) -> None:
        change = undo.opposite(deed(section), None, FACTS)
        assert (change.section, change.ticked, change.name) == ("not_imported", False, "Clara")
        assert ("30 days" in change.reason) == (section == "deleting")

    @pytest.mark.parametrize(
        ("section", "fields"),
        [
            ("adding", {"version": 5}),
            ("deleting", {"version": 5, "removed": True}),
            ("updating", {"version": 3}),
            ("updating", {"display_name": "Clara by hand"}),
            ("disabling", {"removed": True}),
        ],
    )
    def test_what_changed_since_stays_as_it_is(self, section: str, fields: dict[str, Any]) -> None:
        done = deed(section, before={"display_name": "Klara"}, after={"display_name": "Clara"})
        change = undo.opposite(done, known(**fields), FACTS)
        assert change.section == "not_imported"
        assert "since" in change.reason

    @pytest.mark.parametrize(
        ("was", "is_now", "reason"),
        [
            ({"primary": "c@gone.example"}, {}, "The domain gone.example is not registered here any more."),
            ({"aliases": ["c@gone.example"]}, {}, "The domain gone.example is not registered here any more."),
            ({"directory_id": "taken"}, {}, "Its directory object belongs to Dora now."),
            ({"directory_id": "unheard of"}, {}, "Its directory object is not known any more."),
            ({"active": False}, {"last_admin": True}, LAST_ADMINISTRATOR),
        ],
    )
    def test_what_stands_in_the_way(self, was: dict[str, Any], is_now: dict[str, Any], reason: str) -> None:
        change = undo.opposite(deed("updating", before=was), known(**is_now), FACTS)
        assert (change.section, change.ticked, change.reason) == ("not_imported", False, reason)

    @pytest.mark.parametrize(("was", "word"), [(None, "signed out"), ("old", "don't come back")])
    def test_a_link_taken_back_says_what_it_ends_and_an_administrators_is_not_ticked(
        self, was: str | None, word: str
    ) -> None:
        done = deed("updating", before={"directory_id": was}, after={"directory_id": "new"})
        change = undo.opposite(done, known(directory_id="new"), FACTS)
        assert change.ticked
        assert word in change.notes[0]
        assert not undo.opposite(done, known(directory_id="new", type="organization_admin"), FACTS).ticked


class TestSettling:
    def test_an_address_that_nobody_gives_up_is_not_to_be_had(self) -> None:
        refused, links = undo.settle([Contested(1, "a@x", "Dora", None), Contested(2, "b@x", None, None)])
        assert refused == {1: "a@x belongs to Dora now.", 2: "b@x belongs to another organisation now."}
        assert links == []

    def test_who_passes_an_address_on_is_linked_and_falls_with_the_one_before(self) -> None:
        chain = [Contested(1, "a@x", "Two", 2), Contested(2, "b@x", "Three", 3), Contested(3, "c@x", "Four", None)]
        assert undo.settle(chain[:2]) == ({}, [(1, 2), (2, 3)])
        refused, links = undo.settle(chain)
        assert (set(refused), links) == ({1, 2, 3}, [])

    @given(st.lists(st.tuples(st.integers(0, 9), st.none() | st.integers(0, 9)), max_size=30))
    def test_nobody_is_promised_what_nobody_gives(self, wishes: list[tuple[int, int | None]]) -> None:
        refused, links = undo.settle([Contested(one, "a@x", "Dora", giver) for one, giver in wishes])
        for one, giver in wishes:
            if one not in refused:
                assert giver is not None
                assert giver not in refused
                assert (one, giver) in links


@settings(FEW, max_examples=8)
@given(SEEDS)
def test_a_run_and_its_undo_leave_everything_as_it_was_and_the_next_sync_plans_nothing(line: Line, seed: int) -> None:
    chance = Random(seed)
    with PracticeServer(Tenant.empty(domains=("fabrikam.example",)), delta_page=3, member_slice=2) as server:
        line(server)
        desk = Desk(server)
        desk.local("Group by hand", type="group")
        desk.local("Somebody by hand", f"{chance.choice('abcdefgh')}@contoso.example")
        for _ in range(2):
            for _ in range(chance.randrange(3, 12)):
                grow(desk.tenant, chance)
            planned = desk.plan()
            review.tick(planned, True, section="updating")
            before = standing()
            done = desk.accept(planned)
        changed = SyncChange.select().where(SyncChange.run == done, SyncChange.outcome == "done").count()
        if not changed:
            return
        planned = desk.plan_undo(done)
        assert "not_imported" not in desk.counts(planned), [(r.name, r.reason) for r in desk.rows(planned).values()]
        review.tick(planned, True, section="updating")
        undone = desk.accept(planned)
        assert {row.outcome for row in desk.rows(undone).values()} == {"done"}
        assert standing() == before
        sound(desk)
        touched = {row.object_id for row in desk.rows(undone).values()}
        again = desk.plan()
        assert {row.section for row in desk.rows(again).values() if row.object_id in touched} <= {"exempt"}
