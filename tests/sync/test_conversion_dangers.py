"""What could lose a converted account its mail, make two of one, or convert whom nobody meant to."""

from collections.abc import Callable

import pytest

from ppe.clock import utcnow
from ppe.models import ADMIN, FUNCTIONAL, Account, Address, SyncRun
from ppe.people import conversion
from ppe.sync import claim, conversion_choice, plan, review, run
from tests.sync.desk import Desk
from tests.sync.night import Night
from tests.sync.test_conversion import ADDRESS, Support, accepts_mail, convert, seen


@pytest.fixture
def support(desk: Desk) -> Support:
    """A mailbox that is here, and a user."""
    found = Support(desk)
    desk.sync()
    return found


@pytest.fixture
def orphan(desk: Desk, support: Support) -> Account:
    """A converted account whose object is gone for good; no sync removes it by itself."""
    convert(desk, support.account)
    account = support.account
    desk.tenant.delete(support.id)
    desk.tenant.purge(support.id)
    return account


def choose(desk: Desk, planned: SyncRun, *names: str) -> tuple[int, dict[str, str]]:
    rows = desk.rows(planned)
    return conversion_choice.choose(planned, [rows[name].id for name in names], desk.admin, utcnow())


class TestAnOrphanKeepsItsAddresses:
    def test_a_newcomer_who_wants_one_as_an_alias_is_added_without_it(self, desk: Desk, orphan: Account) -> None:
        desk.tenant.hire("Bo", "bo@contoso.example", aliases=[ADDRESS])
        row = desk.rows(Night(desk).done())["Bo"]
        assert row.notes == [f"The alias {ADDRESS} is left out. {ADDRESS} belongs to Support."]
        assert desk.people()["Bo"] == ("bo@contoso.example", set())
        assert accepts_mail(ADDRESS)

    def test_whoever_is_to_have_it_as_primary_address_keeps_their_own(self, desk: Desk, orphan: Account) -> None:
        bo = desk.tenant.hire("Bo", "bo@contoso.example")
        night = Night(desk)
        night.done()
        desk.tenant.set_addresses(bo, "help@contoso.example")
        desk.tenant.rename(bo, "Bo Helpful")
        night.done()
        assert desk.people()["Bo Helpful"] == ("bo@contoso.example", set())
        assert accepts_mail(ADDRESS, "help@contoso.example")

    def test_whoever_gets_its_alias_as_primary_address_does_not_take_it_over(self, desk: Desk, orphan: Account) -> None:
        desk.tenant.hire("Helen", "help@contoso.example")
        night = Night(desk)
        row = desk.rows(night.done())["Helen"]
        assert (row.section, row.reason) == ("not_imported", "help@contoso.example belongs to Support.")
        assert accepts_mail(ADDRESS, "help@contoso.example")
        desk.sync_by_hand("Support")
        desk.sync()
        assert desk.people()["Helen"] == ("help@contoso.example", set())

    def test_a_group_that_took_it_over_and_has_no_address_any_more_takes_none_away(
        self, desk: Desk, orphan: Account
    ) -> None:
        group = desk.tenant.add_group("Support", "microsoft365", ADDRESS)
        night = Night(desk)
        night.done()
        assert Account.get_by_id(orphan.id).directory_id == group
        desk.tenant.set_properties(group, proxyAddresses=[], mail=None)
        row = desk.rows(night.done())["Support"]
        assert (row.section, row.ticked) == ("deleting", False)
        assert accepts_mail(ADDRESS)


class TestChosenInAReview:
    def test_a_removed_person_whose_blocked_object_is_back_is_functional_and_no_user(
        self, desk: Desk, support: Support
    ) -> None:
        desk.tenant.delete(support.id)
        desk.sync()
        desk.tenant.restore(support.id)
        desk.tenant.block(support.id)
        planned = desk.plan()
        assert choose(desk, planned, "Support") == (1, {})
        assert desk.rows(planned)["Support"].kind == FUNCTIONAL
        desk.accept(planned)
        assert (support.account.type, support.account.removed_at) == (FUNCTIONAL, None)
        Night(desk).done()
        assert accepts_mail(ADDRESS)

    def test_not_all_administrators_at_once(self, desk: Desk, support: Support) -> None:
        other = desk.tenant.hire("Other", "other@contoso.example")
        desk.sync()
        Account.update(type=ADMIN).where(Account.directory_id.in_((support.id, other))).execute()
        desk.tenant.rename(support.id, "Support Team")
        desk.tenant.rename(other, "Other One")
        planned = desk.plan()
        assert choose(desk, planned, "Support Team", "Other One") == (2, {})
        Account.update(active=False).where(Account.id == desk.admin.id).execute()
        done = desk.accept(planned)
        outcomes = [desk.rows(done)[name].outcome for name in ("Support Team", "Other One")]
        assert sorted(map(str, outcomes)) == ["done", "failed"]
        assert Account.select().where(Account.type == ADMIN, Account.active).count() == 1

    def test_nobody_chooses_themselves(self, desk: Desk, support: Support) -> None:
        Account.update(type=ADMIN).where(Account.directory_id == support.id).execute()
        desk.tenant.rename(support.id, "Support Team")
        planned = desk.plan()
        chosen = [desk.rows(planned)["Support Team"].id]
        _, left_out = conversion_choice.choose(planned, chosen, support.account, utcnow())
        assert left_out == {"Support Team": "You can't convert yourself. Another administrator can."}
        assert desk.rows(planned)["Support Team"].kind == "user"

    def test_twice_is_the_same_as_once(self, desk: Desk, support: Support) -> None:
        desk.tenant.block(support.id)
        planned = desk.plan()
        choose(desk, planned, "Support")
        assert choose(desk, planned, "Support") == (0, {"Support": "It is one already, or becomes one in this sync."})
        desk.accept(planned)
        assert support.account.type == FUNCTIONAL

    @pytest.mark.parametrize(
        ("meanwhile", "why"),
        [
            ("delete", "It is no blocked mailbox any more: run the sync again."),
            ("allow", "It is no blocked mailbox any more: run the sync again."),
            ("remove_mailbox", "Has no mailbox in the directory (no proxyAddresses)."),
        ],
    )
    def test_what_another_sync_found_changed_meanwhile_is_not_imported(
        self, desk: Desk, meanwhile: str, why: str
    ) -> None:
        shared = desk.tenant.hire("Shared", "shared@contoso.example", enabled=False)
        planned = desk.plan()
        getattr(desk.tenant, meanwhile)(shared)
        reading = claim.take(desk.begin().id, utcnow())
        assert reading is not None
        run.pull(reading, utcnow, desk.wire())
        _, left_out = choose(desk, planned, "Shared")
        assert left_out == {"Shared": why}
        assert desk.rows(planned)["Shared"].section == "not_imported"

    def test_a_mailbox_is_imported_without_an_alias_that_somebody_has(self, desk: Desk) -> None:
        desk.local("Local Lou", "lou@contoso.example")
        desk.tenant.hire("Shared", "shared@contoso.example", aliases=["lou@contoso.example"], enabled=False)
        planned = desk.plan()
        assert choose(desk, planned, "Shared") == (1, {})
        desk.accept(planned)
        assert desk.people()["Shared"] == ("shared@contoso.example", set())
        assert desk.people()["Local Lou"] == ("lou@contoso.example", set())

    def test_a_mailbox_whose_address_somebody_has_is_not_imported(self, desk: Desk, support: Support) -> None:
        desk.tenant.hire("Shared", "help@contoso.example", enabled=False)
        planned = desk.plan()
        assert choose(desk, planned, "Shared") == (0, {"Shared": "help@contoso.example belongs to Support."})

    @pytest.mark.parametrize("before", ["untick", "exempt"])
    def test_rows_that_pass_an_address_stay_together(self, desk: Desk, before: str) -> None:
        ann = desk.tenant.hire("Ann", "ann@contoso.example")
        bo = desk.tenant.hire("Bo", "bo@contoso.example")
        desk.sync()
        desk.tenant.set_addresses(ann, "bo@contoso.example")
        desk.tenant.set_addresses(bo, "ann@contoso.example")
        planned = desk.plan()
        if before == "untick":
            desk.untick(planned, "Ann")
        else:
            review.exempt(planned, [desk.rows(planned)["Ann"].id], "", None, "Ada", utcnow())
        _, left_out = choose(desk, planned, "Bo")
        assert left_out == {"Bo": "An address passes between this row and another: tick them first."}
        assert not any(row.ticked for row in desk.rows(planned).values())

    def test_what_is_exempt_stays_exempt(self, desk: Desk, support: Support) -> None:
        desk.tenant.block(support.id)
        planned = desk.plan()
        review.exempt(planned, [desk.rows(planned)["Support"].id], "", None, "Ada", utcnow())
        assert choose(desk, planned, "Support") == (0, {"Support": "It is not to be changed."})
        assert desk.rows(planned)["Support"].section == "exempt"

    def test_rows_of_another_list_are_not_its_own(self, desk: Desk, support: Support) -> None:
        desk.tenant.block(support.id)
        older, planned = desk.plan(), desk.plan()
        row = desk.rows(older)["Support"]
        assert conversion_choice.choose(planned, [row.id], desk.admin, utcnow()) == (0, {})
        assert desk.rows(older)["Support"].kind == "user"

    def test_both_of_a_swap_are_converted_and_swapped(self, desk: Desk) -> None:
        ann = desk.tenant.hire("Ann", "ann@contoso.example")
        bo = desk.tenant.hire("Bo", "bo@contoso.example")
        desk.sync()
        desk.tenant.set_addresses(ann, "bo@contoso.example")
        desk.tenant.set_addresses(bo, "ann@contoso.example")
        planned = desk.plan()
        assert choose(desk, planned, "Ann", "Bo") == (2, {})
        desk.accept(planned)
        assert desk.people()["Ann"] == ("bo@contoso.example", set())
        assert {Account.get(Account.directory_id == one).type for one in (ann, bo)} == {FUNCTIONAL}
        desk.nothing_left()


def test_who_is_converted_while_a_sync_compares_them_is_looked_at_anew(
    desk: Desk, support: Support, monkeypatch: pytest.MonkeyPatch
) -> None:
    decide: Callable[..., object] = plan.decide

    def decide_meanwhile(*asked: object) -> object:
        if support.account.type != FUNCTIONAL:
            convert(desk, support.account)
        return decide(*asked)

    Account.update(directory_fingerprint=None).where(Account.directory_id == support.id).execute()
    monkeypatch.setattr(plan, "decide", decide_meanwhile)
    desk.plan()
    assert support.account.directory_fingerprint is None


def test_an_undo_says_that_the_password_stays_away(desk: Desk, support: Support) -> None:
    desk.tenant.block(support.id)
    planned = desk.plan()
    choose(desk, planned, "Support")
    undoing = desk.plan_undo(desk.accept(planned), "Support")
    assert desk.rows(undoing)["Support"].notes == [
        "The password and the second factor from before the conversion don't come back."
    ]


def test_a_functional_account_by_hand_that_a_user_of_the_directory_follows_can_become_one(desk: Desk) -> None:
    by_hand = desk.local("Support", ADDRESS, type=FUNCTIONAL)
    support = Support(desk)
    desk.sync()
    assert support.account.id == by_hand.id
    conversion.to_user(desk.organization.id, [seen(by_hand)], "end_user", desk.admin, utcnow())
    desk.sync()
    assert support.account.type == "end_user"


def test_an_account_by_hand_is_not_linked_by_an_alias(desk: Desk) -> None:
    lou = desk.local("Local Lou", "lou@contoso.example")
    Address.create(account=lou, address="info@contoso.example", domain="contoso.example", is_primary=False)
    desk.tenant.hire("Info", "info@contoso.example")
    desk.sync()
    assert desk.people()["Local Lou"] == ("lou@contoso.example", {"info@contoso.example"})
