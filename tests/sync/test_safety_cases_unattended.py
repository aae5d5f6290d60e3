"""The numbered cases again, with nobody watching: what goes through by itself harms nobody, what might waits."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from ppe.models import Account, DirectoryMember, DirectoryObject, Membership, SyncRun
from ppe.practice import delta
from ppe.practice.server import PracticeServer
from ppe.practice.tenant import Tenant
from tests.sync.desk import Desk
from tests.sync.night import Night, waiting_review

HOUR = timedelta(hours=1)


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ppe.sync.graph.LARGEST_PAGE", 5)


def list_anew(desk: Desk) -> None:
    desk.settings(users_delta_link=None, groups_delta_link=None)


def standing(desk: Desk) -> object:
    """Everything that a sync could harm: who there is, under which addresses, active or not, in which groups."""
    accounts = Account.select().where(Account.organization == desk.organization).order_by(Account.id)
    members = set(Membership.select(Membership.group, Membership.member).tuples())
    return desk.people(), [(one.id, one.active, one.type, one.removed_at is None) for one in accounts], members


def hire(desk: Desk, count: int, **more: bool) -> list[str]:
    return [desk.tenant.hire(f"P{n:02}", f"p{n:02}@contoso.example", **more) for n in range(count)]  # type: ignore[arg-type]


@pytest.mark.usefixtures("small_pages")
class TestCase01EmptyOrShortListings:
    def test_an_empty_listing_is_not_believed_and_told_at_once(self, company: Desk) -> None:
        night = Night(company)
        night.done()
        before = standing(company)
        list_anew(company)
        company.server.weather.empty_listing()
        for _ in range(3):
            assert night.sync().state == "failed"
        assert standing(company) == before
        assert night.mails() == ["sync_failed"]

    def test_a_listing_a_third_short_changes_nothing_however_often_it_comes(self, company: Desk) -> None:
        night = Night(company)
        night.done()
        before = standing(company)
        company.server.weather.cut_listing(after_pages=8)
        for _ in range(3):
            list_anew(company)
            assert night.done().applied == 0
        assert standing(company) == before


@pytest.mark.usefixtures("small_pages")
def test_case_02_a_page_that_never_comes_makes_nobody_missing(company: Desk) -> None:
    night = Night(company)
    night.done()
    before = standing(company)
    list_anew(company)
    company.server.weather.fail_page("users", 4, "reset")
    assert night.sync().state == "failed"
    company.server.weather.calm()
    assert night.done().applied == 0
    assert standing(company) == before


@pytest.mark.usefixtures("small_pages")
class TestCase03LinksThatLeadAstray:
    @pytest.mark.parametrize("astray", ["circle", "foreign", "redirect"])
    def test_end_the_run_and_change_nothing(self, company: Desk, astray: str) -> None:
        night = Night(company)
        night.done()
        before = standing(company)
        list_anew(company)
        with PracticeServer(Tenant.empty()) as stranger:
            weather = company.server.weather
            if astray == "circle":
                weather.cyclic_link()
            elif astray == "foreign":
                weather.foreign_link(f"{stranger.graph_url}/users")
            else:
                weather.redirect(f"{stranger.graph_url}/users")
            assert night.sync().state == "failed"
            assert not list(stranger.log)
        assert standing(company) == before


class TestCase04SilentPageCap:
    @pytest.mark.usefixtures("small_pages")
    def test_whoever_is_beyond_a_cap_stays(self, desk: Desk) -> None:
        people = hire(desk, 23)
        desk.tenant.add_group("All", "security", members=people)
        night = Night(desk)
        night.done()
        before = standing(desk)
        for pages in (1, 2, 3):
            desk.server.weather.cut_listing(after_pages=pages)
            list_anew(desk)
            # The groups break off too, and that has no excuse: their listing has to end with a link.
            assert night.sync().state in ("done", "failed")
            assert standing(desk) == before
        assert not DirectoryObject.select().where(DirectoryObject.gone_at.is_null(False)).count()

    def test_a_group_that_a_listing_leaves_out_keeps_its_members(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It still exists, as a second question shows; so what was not said of its members means nothing."""
        people = hire(desk, 4)
        left_out = desk.tenant.add_group("Left out", "security", members=people)
        desk.tenant.add_group("Listed", "security", members=people[:2])
        night = Night(desk)
        night.done()
        before = standing(desk)
        leave_out(monkeypatch, left_out)
        for _ in range(2):
            list_anew(desk)
            assert night.done().applied == 0
            assert standing(desk) == before
        assert DirectoryMember.select().where(DirectoryMember.group_id == left_out).count() == 4

    def test_a_group_whose_members_are_capped_is_held(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        people = hire(desk, 30)
        everybody = desk.tenant.add_group("All", "security", members=people)
        night = Night(desk)
        night.done()
        whole = delta.FirstRound.memberships
        monkeypatch.setattr(
            delta.FirstRound,
            "memberships",
            lambda *asked: [one for one in whole(*asked) if one.member in people[:10]],
        )
        list_anew(desk)
        held = night.done()
        assert [kind["kind"] for kind in held.held] == ["leavings"]
        assert len(desk.members("All")) == 30
        assert desk.tenant.entry(everybody).members.keys() == set(people)


def leave_out(monkeypatch: pytest.MonkeyPatch, object_id: str) -> None:
    """Let delta rounds tell of everything but this, as if it were not there."""
    whole = delta.FirstRound.__init__

    def short(self: delta.FirstRound, directory: object, question: object) -> None:
        whole(self, directory, question)  # type: ignore[arg-type]
        self.subjects = [entry for entry in self.subjects if entry.id != object_id]

    monkeypatch.setattr(delta.FirstRound, "__init__", short)


def test_case_05_a_failed_group_page_is_not_a_group_without_members(desk: Desk) -> None:
    desk.tenant.add_group("All", "security", members=hire(desk, 8))
    night = Night(desk)
    night.done()
    before = standing(desk)
    list_anew(desk)
    desk.server.weather.fail_page("groups", 2)
    assert night.sync().state == "failed"
    assert standing(desk) == before
    desk.server.weather.calm()
    assert night.done().applied == 0
    assert standing(desk) == before


class TestCase06TheFirstRunEmptiesNothingLocal:
    def test_local_groups_and_whoever_is_in_them_stay_as_they_are(self, desk: Desk) -> None:
        """The directory has groups of the same names, without members, and some of the same people."""
        bo, cy = desk.local("Bo", "bo@contoso.example"), desk.local("Cy", "cy@contoso.example")
        staff = desk.local("Administrators", type="group")
        desk_address = desk.local("Help Desk", "help@contoso.example", type="functional_account")
        for group in (staff, desk_address):
            for member in (desk.admin, bo, cy):
                Membership.create(group=group, member=member)
        desk.tenant.add_group("Administrators", "security")
        desk.tenant.hire("Bo", "bo@contoso.example")
        desk.tenant.hire("Ada", "ada.admin@contoso.example")
        night = Night(desk)
        for _ in range(3):
            night.done()
        for group in (staff, desk_address):
            stored = Membership.select(Membership.member).where(Membership.group == group).tuples()
            assert set(stored) == {(desk.admin.id,), (bo.id,), (cy.id,)}
        ada = Account.get_by_id(desk.admin.id)
        assert (ada.active, ada.type, ada.removed_at, ada.directory_id) == (True, "organization_admin", None, None)
        assert Account.get_by_id(bo.id).directory_id is not None, "he is linked, and stays where he was"

    def test_a_mailbox_that_the_directory_takes_over_keeps_its_local_members(self, desk: Desk) -> None:
        cy = desk.local("Cy", "cy@contoso.example")
        info = desk.local("Info", "info@contoso.example", type="functional_account")
        for member in (desk.admin, cy):
            Membership.create(group=info, member=member)
        desk.tenant.add_group("Info", "distribution", "info@contoso.example", members=hire(desk, 2))
        night = Night(desk)
        for _ in range(3):
            night.done()
        assert Account.get_by_id(info.id).directory_id is not None
        assert desk.members("Info") == {"Ada Admin", "Cy", "P00", "P01"}


@pytest.mark.parametrize("unticked", ["sync_active_users", "sync_distribution_groups", "sync_security_groups"])
def test_case_07_what_is_not_synced_any_more_is_frozen_and_never_removed(company: Desk, unticked: str) -> None:
    night = Night(company)
    night.done()
    before = standing(company)
    company.settings(**{unticked: False})
    for _ in range(2):
        list_anew(company)
        assert night.done().applied == 0
        assert standing(company) == before
    company.settings(**{unticked: True})
    assert night.done().applied == 0
    assert standing(company) == before
    assert night.mails() == []


def test_case_07_who_leaves_while_not_synced_stays_until_it_is_synced_again(desk: Desk) -> None:
    people = hire(desk, 3)
    group = desk.tenant.add_group("All", "security", members=people)
    night = Night(desk)
    night.done()
    desk.settings(sync_active_users=False, sync_security_groups=False)
    desk.tenant.delete(people[0])
    desk.tenant.block(people[1])
    desk.tenant.delete(group)
    before = standing(desk)
    night.done()
    assert standing(desk) == before
    desk.settings(sync_active_users=True, sync_security_groups=True)
    night.done()
    assert set(desk.people()) == {"Ada Admin", "P01", "P02"}
    assert not Account.get(Account.directory_id == people[1]).active


class TestCase08Groups:
    def test_a_renamed_group_is_renamed_and_keeps_everybody(self, desk: Desk) -> None:
        people = hire(desk, 12)
        group = desk.tenant.add_group("All", "security", members=people)
        night = Night(desk)
        night.done()
        desk.tenant.rename_group(group, "Everybody")
        assert night.done().applied == 1
        assert len(desk.members("Everybody")) == 12

    def test_a_deleted_group_takes_nobody_with_it(self, desk: Desk) -> None:
        people = hire(desk, 12)
        group = desk.tenant.add_group("All", "distribution", "all@contoso.example", members=people)
        night = Night(desk)
        night.done()
        desk.tenant.delete(group)
        assert night.done().applied == 1
        assert len(desk.people()) == 13
        assert all(account.active for account in Account.select().where(Account.type == "end_user"))

    def test_groups_that_all_disappear_at_once_are_held_however_many_people_there_are(self, desk: Desk) -> None:
        """Six removals are less than 10 % of 66 accounts, and all the groups there are."""
        people = hire(desk, 60)
        groups = [desk.tenant.add_group(f"Group {n}", "security", members=people[:3]) for n in range(6)]
        night = Night(desk)
        night.done()
        before = standing(desk)
        for group in groups:
            desk.tenant.delete(group)
        held = night.done()
        assert [(kind["kind"], kind["rows"], kind["base"]) for kind in held.held] == [("group_removals", 6, 6)]
        assert standing(desk) == before

    def test_groups_that_all_lose_their_address_at_once_are_held(self, desk: Desk) -> None:
        """Their mail would bounce, though nobody is removed and no address becomes another one."""
        groups = [desk.tenant.add_group(f"Group {n}", "distribution", f"g{n}@contoso.example") for n in range(6)]
        night = Night(desk)
        night.done()
        before = standing(desk)
        for group in groups:
            desk.tenant.set_properties(group, proxyAddresses=[], mail=None, mailEnabled=False, securityEnabled=True)
        held = night.done()
        assert [kind["kind"] for kind in held.held] == ["primaries"]
        assert standing(desk) == before


class TestCase17WhoMayAsk:
    @pytest.mark.parametrize(
        ("wrong", "mail"),
        [
            (Tenant.expire_secret, "secret_refused"),
            (Tenant.replace_secret, "secret_refused"),
            (Tenant.withdraw_consent, "sync_failed"),
        ],
    )
    def test_a_refusal_is_named_told_at_once_and_harms_nobody(
        self, company: Desk, wrong: Callable[[Tenant], object], mail: str
    ) -> None:
        night = Night(company)
        night.done()
        before = standing(company)
        wrong(company.tenant)
        for _ in range(3):
            failed = night.sync()
            assert failed.state == "failed"
            assert failed.error_advice
        assert standing(company) == before
        assert night.mails() == [mail]

    def test_another_tenant_under_the_same_settings_is_a_failure(self, company: Desk) -> None:
        night = Night(company)
        night.done()
        before = standing(company)
        company.settings(tenant_id="11111111-2222-3333-4444-555555555555")
        assert night.sync().error_code == "AADSTS90002"
        assert standing(company) == before


class TestCase20ComingBackAndLocalAccounts:
    def test_who_is_enabled_again_is_active_again(self, desk: Desk) -> None:
        bo = desk.tenant.hire("Bo", "bo@contoso.example")
        night = Night(desk)
        night.done()
        for _ in range(2):
            desk.tenant.block(bo)
            night.done()
            stored = Account.get(Account.directory_id == bo)
            assert (stored.active, stored.deactivated_by) == (False, "sync")
            desk.tenant.allow(bo)
            night.done()
            stored = Account.get(Account.directory_id == bo)
            assert (stored.active, stored.deactivated_by) == (True, None)

    def test_whom_an_administrator_deactivated_is_not_brought_back(self, desk: Desk) -> None:
        bo = desk.tenant.hire("Bo", "bo@contoso.example")
        night = Night(desk)
        night.done()
        by_hand = {"active": False, "deactivated_by": "administrator", "directory_fingerprint": None}
        Account.update(**by_hand, version=Account.version + 1).where(Account.directory_id == bo).execute()
        desk.tenant.rename(bo, "Bo Beam")
        night.done()
        stored = Account.get(Account.directory_id == bo)
        assert (stored.active, stored.deactivated_by, stored.display_name) == (False, "administrator", "Bo Beam")

    def test_local_accounts_are_never_touched(self, desk: Desk) -> None:
        desk.local("Lea", "lea@contoso.example", type="silent_user")
        desk.local("Off", "off@contoso.example", active=False, deactivated_by="administrator")
        desk.local("Post", "post@contoso.example", type="functional_account")
        before = {one.id: (one.version, one.active) for one in Account.select()}
        people = hire(desk, 8)
        night = Night(desk)
        night.done()
        desk.tenant.delete(people[0])
        desk.tenant.block(people[1])
        for weather in (lambda: None, desk.server.weather.empty_listing, desk.server.weather.calm):
            weather()
            list_anew(desk)
            night.sync()
        local = Account.select().where(Account.directory_id.is_null())
        assert {one.id: (one.version, one.active) for one in local} == before


def test_a_run_that_holds_something_back_ends_well_and_says_what(desk: Desk) -> None:
    people = hire(desk, 20)
    night = Night(desk)
    night.done()
    for somebody in people[:10]:
        desk.tenant.delete(somebody)
    desk.tenant.rename(people[19], "Renamed")
    held = night.done()
    assert held.held == [{"kind": "removals", "rows": 10, "lately": 0, "base": 20, "number": 5, "percent": 10}]
    review = waiting_review()
    assert review is not None
    assert (review.held_from_id, review.held, review.scheduled, review.holds_connection) == (
        held.id, held.held, False, False,
    )  # fmt: skip
    assert SyncRun.select().where(SyncRun.state == "done").count() == 2
    assert "Renamed" in desk.people()
