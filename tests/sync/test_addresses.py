"""Addresses that move between people: swaps, aliases, contests."""

import pytest

from ppe.clock import utcnow
from ppe.models import Account
from ppe.sync import review
from tests.databases import on_both_databases
from tests.sync.desk import Desk

pytestmark = on_both_databases


def test_two_people_swap_their_addresses(desk: Desk) -> None:
    ann = desk.tenant.hire("Ann", "ann@contoso.example")
    bo = desk.tenant.hire("Bo", "bo@contoso.example")
    desk.sync()
    desk.tenant.set_addresses(ann, "bo@contoso.example")
    desk.tenant.set_addresses(bo, "ann@contoso.example")
    desk.sync()
    assert desk.people()["Ann"] == ("bo@contoso.example", set())
    assert desk.people()["Bo"] == ("ann@contoso.example", set())
    desk.nothing_left()


def test_a_swap_with_one_of_the_two_unticked_leaves_both_as_they_are(desk: Desk) -> None:
    ann = desk.tenant.hire("Ann", "ann@contoso.example")
    bo = desk.tenant.hire("Bo", "bo@contoso.example")
    desk.sync()
    desk.tenant.set_addresses(ann, "bo@contoso.example")
    desk.tenant.set_addresses(bo, "ann@contoso.example")
    planned = desk.plan()
    desk.untick(planned, "Bo")
    assert [row.ticked for row in desk.rows(planned, "updating").values()] == [False, False]
    review.tick(planned, True, change_ids=[desk.rows(planned)["Ann"].id])
    assert [row.ticked for row in desk.rows(planned, "updating").values()] == [True, True]
    desk.untick(planned, "Ann")
    desk.accept(planned)
    assert desk.people()["Ann"] == ("ann@contoso.example", set())
    assert desk.people()["Bo"] == ("bo@contoso.example", set())


def test_a_swap_across_batches_ends_right(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ppe.sync.apply.BATCH", 4)
    people = {n: desk.tenant.hire(f"P{n}", f"p{n}@contoso.example") for n in range(12)}
    desk.sync()
    for n, person in people.items():
        desk.tenant.set_addresses(person, f"p{(n + 5) % 12}@contoso.example")
    desk.sync()
    assert {name: primary for name, (primary, _) in desk.people().items() if name.startswith("P")} == {
        f"P{n}": f"p{(n + 5) % 12}@contoso.example" for n in people
    }
    desk.nothing_left()


def test_an_alias_moves_from_one_person_to_another(desk: Desk) -> None:
    ann = desk.tenant.hire("Ann", "ann@contoso.example", aliases=["info@contoso.example"])
    bo = desk.tenant.hire("Bo", "bo@contoso.example")
    desk.sync()
    desk.tenant.remove_alias(ann, "info@contoso.example")
    desk.tenant.add_alias(bo, "info@contoso.example")
    planned = desk.plan()
    rows = desk.rows(planned, "updating")
    assert rows["Ann"].link == rows["Bo"].link is not None
    desk.accept(planned)
    assert desk.people()["Bo"] == ("bo@contoso.example", {"info@contoso.example"})
    assert desk.people()["Ann"] == ("ann@contoso.example", set())
    desk.nothing_left()


def test_a_leavers_address_goes_to_a_colleague_as_an_alias(desk: Desk) -> None:
    ann = desk.tenant.hire("Ann", "ann@contoso.example")
    bo = desk.tenant.hire("Bo", "bo@contoso.example")
    desk.sync()
    desk.tenant.delete(ann)
    desk.tenant.add_alias(bo, "ann@contoso.example")
    planned = desk.plan()
    rows = desk.rows(planned)
    assert rows["Ann"].section == "deleting"
    assert rows["Ann"].link == rows["Bo"].link is not None
    desk.accept(planned)
    assert desk.people()["Bo"] == ("bo@contoso.example", {"ann@contoso.example"})
    desk.nothing_left()


def test_a_leavers_address_stays_with_the_leaver_when_the_removal_is_switched_off(desk: Desk) -> None:
    ann = desk.tenant.hire("Ann", "ann@contoso.example")
    bo = desk.tenant.hire("Bo", "bo@contoso.example")
    desk.sync()
    desk.settings(remove_deleted_users=False)
    desk.tenant.delete(ann)
    desk.tenant.add_alias(bo, "ann@contoso.example")
    planned = desk.plan()
    assert "ann@contoso.example belongs to Ann" in " ".join(desk.rows(planned, "not_imported")["Bo"].notes)
    desk.accept(planned)
    assert desk.people()["Ann"] == ("ann@contoso.example", set())


def test_an_address_of_a_local_account_stays_there(desk: Desk) -> None:
    desk.local("Local Lou", "lou@contoso.example")
    desk.tenant.hire("Bo", "bo@contoso.example", aliases=["lou@contoso.example"])
    planned = desk.plan()
    assert "lou@contoso.example belongs to Local Lou." in desk.rows(planned, "adding")["Bo"].notes[0]
    desk.accept(planned)
    assert desk.people()["Bo"] == ("bo@contoso.example", set())
    assert desk.people()["Local Lou"] == ("lou@contoso.example", set())


def test_a_primary_address_that_somebody_else_has_as_an_alias_is_not_imported(desk: Desk) -> None:
    desk.tenant.hire("Ann", "ann@contoso.example", aliases=["info@contoso.example"])
    desk.sync()
    desk.tenant.hire("Info", "info@contoso.example")
    planned = desk.plan()
    assert desk.rows(planned, "not_imported")["Info"].reason == "info@contoso.example belongs to Ann."


def test_of_two_that_want_a_free_address_the_primary_beats_the_alias(desk: Desk) -> None:
    desk.tenant.hire("Ann", "ann@contoso.example", aliases=["info@contoso.example"])
    desk.tenant.hire("Info", "info@contoso.example")
    desk.sync()
    assert desk.people()["Info"] == ("info@contoso.example", set())
    assert desk.people()["Ann"] == ("ann@contoso.example", set())


def test_an_address_of_another_organisation_is_refused_without_telling_whose(desk: Desk) -> None:
    other = Desk(desk.server, "Other", ("other.example",))
    other.local("Secret Person", "secret@contoso.example")
    desk.tenant.hire("Bo", "secret@contoso.example")
    planned = desk.plan()
    reason = desk.rows(planned, "not_imported")["Bo"].reason
    assert "another organisation" in reason
    assert "Secret" not in reason


def test_exempting_one_half_of_a_swap_leaves_the_other_unticked(desk: Desk) -> None:
    ann = desk.tenant.hire("Ann", "ann@contoso.example")
    bo = desk.tenant.hire("Bo", "bo@contoso.example")
    desk.sync()
    desk.tenant.set_addresses(ann, "bo@contoso.example")
    desk.tenant.set_addresses(bo, "ann@contoso.example")
    planned = desk.plan()
    review.exempt(planned, [desk.rows(planned)["Ann"].id], "", None, "Ada", utcnow())
    assert not desk.rows(planned)["Bo"].ticked
    review.tick(planned, True, section="updating")
    assert not desk.rows(planned)["Bo"].ticked
    desk.accept(planned)
    assert desk.people()["Bo"] == ("bo@contoso.example", set())


def test_a_change_that_fails_stops_nothing_else(desk: Desk) -> None:
    for n in range(5):
        desk.tenant.hire(f"P{n}", f"p{n}@contoso.example")
    planned = desk.plan()
    desk.local("Quick Quinn", "p3@contoso.example")
    done = desk.accept(planned)
    outcomes = {name: (row.outcome, row.outcome_reason) for name, row in desk.rows(done).items()}
    assert outcomes.pop("P3") == ("failed", "p3@contoso.example belongs to Quick Quinn.")
    assert set(outcomes.values()) == {("done", "")}


def test_an_object_that_comes_back_while_somebody_else_has_its_address_is_linked_to_them(desk: Desk) -> None:
    bo = desk.tenant.hire("Bo", "bo@contoso.example", aliases=["b@contoso.example"])
    desk.sync()
    before = Account.get(Account.directory_id == bo)
    desk.tenant.delete(bo)
    desk.sync()
    successor = desk.local("Bo by hand", "bo@contoso.example")
    desk.tenant.restore(bo)
    desk.sync()
    assert Account.get(Account.directory_id == bo).id == successor.id
    assert desk.people()["Bo"] == ("bo@contoso.example", {"b@contoso.example"})
    left = Account.get_by_id(before.id)
    assert (left.directory_id, left.removed_at is None) == (None, False)
    desk.nothing_left()


def test_who_is_linked_lets_go_of_nobody_else_s_object(desk: Desk) -> None:
    bo, cy = (desk.tenant.hire(name, f"{name}@contoso.example") for name in ("bo", "cy"))
    desk.sync()
    desk.tenant.delete(cy)
    desk.sync()
    desk.tenant.rename(bo, "Bo Beam")
    desk.sync()
    assert Account.get(Account.directory_id == cy).removed_at is not None
    desk.tenant.restore(cy)
    desk.sync()
    assert Account.get(Account.directory_id == cy).removed_at is None
