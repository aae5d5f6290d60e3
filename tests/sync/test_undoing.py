"""A finished run is undone, whole or row by row: everything is as it was, and no later sync does it again."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest

from ppe import accounts
from ppe.accounts import Batch, Removal
from ppe.clock import utcnow
from ppe.db import database
from ppe.errors import Refused
from ppe.models import Account, Address, AuditEvent, Domain, Exemption, Membership, SyncChange, SyncRun
from ppe.sync import review, run, undoing
from tests.databases import on_both_databases
from tests.sync.desk import Desk

pytestmark = on_both_databases

FIELDS = (
    Account.id, Account.type, Account.display_name, Account.first_name, Account.last_name, Account.mobile,
    Account.active, Account.deactivated_by, Account.directory_id, Account.directory_tenant, Account.read_only,
    Account.password_hash, Account.second_factor_at,
)  # fmt: skip


def standing() -> dict[str, Any]:
    """Every account that is not removed, as far as a sync can change it, with its addresses and its memberships."""
    live = list(Account.select(*FIELDS).where(Account.removed_at.is_null()).order_by(Account.id).tuples())
    addresses = Address.select(Address.account, Address.address, Address.is_primary).order_by(Address.address)
    return {
        "accounts": live,
        "addresses": sorted(addresses.tuples()),
        "members": sorted(Membership.select(Membership.group, Membership.member).tuples()),
    }


def found(name: str) -> Account:
    account: Account = Account.get(Account.display_name == name)
    return account


def in_step_but_for_the_undone(desk: Desk) -> SyncRun:
    """The next sync has nothing to do."""
    again = desk.plan()
    assert again.state == "review"
    left = {section: count for section, count in desk.counts(again).items() if section != "exempt"}
    assert left == {}
    return again


@pytest.fixture
def full(desk: Desk) -> Desk:
    """Four people and two groups, synced."""
    tenant = desk.tenant
    clara = tenant.hire("Clara", "clara@contoso.example", aliases=["cl@contoso.example"])
    dora = tenant.hire("Dora", "dora@contoso.example")
    emil = tenant.hire("Emil", "emil@contoso.example", mobile="+49 30 1")
    fritz = tenant.hire("Fritz", "fritz@contoso.example")
    tenant.add_group("Staff", "security", members=[clara, dora, emil])
    tenant.add_group("Desk", "distribution", "desk@contoso.example", members=[dora, fritz])
    desk.sync()
    return desk


def change_everything(desk: Desk) -> None:
    """Every kind of change there is, groups among them."""
    tenant = desk.tenant
    tenant.delete(tenant.find("clara@contoso.example"))
    tenant.set_primary(tenant.find("dora@contoso.example"), "dora.new@contoso.example")
    tenant.rename(tenant.find("dora.new@contoso.example"), "Dora Neu")
    tenant.block(tenant.find("emil@contoso.example"))
    fritz = tenant.find("fritz@contoso.example")
    tenant.remove_member(tenant.find("Desk"), fritz)
    tenant.add_member(tenant.find("Staff"), fritz)
    tenant.add_member(tenant.find("Staff"), tenant.hire("Gerd", "gerd@contoso.example"))
    tenant.add_group("New", "security", members=[fritz])


def test_a_whole_run_of_every_kind_of_change_is_undone_and_stays_undone(full: Desk) -> None:
    before = standing()
    change_everything(full)
    done = full.sync()
    assert full.counts(done) == {"adding": 2, "updating": 3, "disabling": 1, "deleting": 1}
    assert standing() != before

    undone = full.undo(done)
    assert standing() == before
    assert {row.outcome for row in full.rows(undone).values()} == {"done"}
    again = in_step_but_for_the_undone(full)
    assert full.counts(again) == {"exempt": 7}
    assert Account.get(Account.display_name == "Gerd").removed_at is not None


def test_a_row_alone_is_undone_and_the_others_stay_done(full: Desk) -> None:
    change_everything(full)
    done = full.sync()
    undone = full.undo(done, "Clara", "Emil")
    assert full.counts(undone) == {"adding": 1, "updating": 1}
    assert found("Emil").active
    assert full.people()["Clara"] == ("clara@contoso.example", {"cl@contoso.example"})
    assert full.people()["Dora Neu"] == ("dora.new@contoso.example", {"dora@contoso.example"})
    assert "Gerd" in full.people()
    assert full.counts(in_step_but_for_the_undone(full)) == {"exempt": 2}


def test_who_comes_back_has_addresses_memberships_password_and_second_factor(full: Desk) -> None:
    clara = found("Clara")
    Account.update(type="organization_admin", read_only=True).where(Account.id == clara.id).execute()
    full.give_credentials(clara)
    before = standing()
    full.tenant.delete(full.tenant.find("Clara"))
    done = full.sync()
    assert found("Clara").removed_at is not None
    assert full.account("cl@contoso.example") is None
    assert full.members("Staff") == {"Dora", "Emil"}

    full.undo(done)
    assert standing() == before
    assert full.members("Staff") == {"Clara", "Dora", "Emil"}
    assert full.credentials(clara) == {"Authenticator", "SecondFactorCode", "PasswordLink"}, "sessions are over"
    assert (found("Clara").type, found("Clara").read_only) == ("organization_admin", True)
    assert (found("Clara").removed_addresses, found("Clara").removed_memberships) == (None, None)
    in_step_but_for_the_undone(full)


def test_a_group_and_its_members_that_were_deleted_together_find_each_other_again(full: Desk) -> None:
    before = standing()
    full.tenant.delete(full.tenant.find("Clara"))
    full.tenant.delete(full.tenant.find("Staff"))
    first = full.sync()
    full.tenant.delete(full.tenant.find("Dora"))
    second = full.sync()
    full.undo(second)
    full.undo(first, "Clara")
    assert (standing() == before, full.members("Desk")) == (False, {"Dora", "Fritz"})
    full.undo(first)
    assert standing() == before
    in_step_but_for_the_undone(full)


def test_who_comes_back_first_is_waited_for_by_the_group_that_is_still_away(full: Desk) -> None:
    before = standing()
    full.tenant.delete(full.tenant.find("Clara"))
    first = full.sync()
    full.tenant.delete(full.tenant.find("Staff"))
    second = full.sync()
    full.undo(first)
    assert full.people()["Clara"]
    full.undo(second)
    assert standing() == before


def test_a_membership_in_what_is_gone_for_good_is_gone(full: Desk) -> None:
    full.tenant.delete(full.tenant.find("Dora"))
    done = full.sync()
    found("Staff").delete_instance()
    full.undo(done)
    assert full.members("Desk") == {"Dora", "Fritz"}


def test_members_by_hand_come_back_with_the_directory_and_the_directorys_own_follow_the_directory(full: Desk) -> None:
    club = full.local("Club", type="group")
    guest = full.local("Guest", "guest@contoso.example")
    Membership.create(group=club, member=found("Clara"))
    Membership.create(group=found("Staff"), member=guest)
    clara, staff = full.tenant.find("Clara"), full.tenant.find("Staff")
    for one in (clara, staff):
        full.tenant.delete(one)
    full.sync()
    assert full.members("Club") == set()
    for one in (clara, staff):
        full.tenant.restore(one)
    full.tenant.remove_member(staff, full.tenant.find("Dora"))
    full.sync()
    assert full.members("Club") == {"Clara"}
    assert "Guest" in full.members("Staff")
    assert "Dora" not in full.members("Staff")
    full.nothing_left()


def test_swapped_addresses_go_back_together_or_not_at_all(full: Desk) -> None:
    before = standing()
    dora, emil = full.tenant.find("Dora"), full.tenant.find("Emil")
    full.tenant.set_addresses(dora, "emil@contoso.example")
    full.tenant.set_addresses(emil, "dora@contoso.example")
    done = full.sync()
    planned = full.plan_undo(done, "Dora")
    rows = full.rows(planned)
    assert set(rows) == {"Dora", "Emil"}, "Emil has what Dora had"
    assert rows["Dora"].link == rows["Emil"].link is not None
    full.untick(planned, "Emil")
    assert not full.rows(planned)["Dora"].ticked
    review.tick(planned, True, section="updating")
    full.accept(planned)
    assert standing() == before
    in_step_but_for_the_undone(full)


def test_an_address_passes_back_from_who_was_added_to_who_was_deleted(full: Desk) -> None:
    before = standing()
    full.tenant.delete(full.tenant.find("Clara"))
    full.tenant.hire("Clarissa", "clarissa@contoso.example", aliases=["cl@contoso.example"])
    done = full.sync()
    planned = full.plan_undo(done, "Clara")
    assert set(full.rows(planned)) == {"Clara", "Clarissa"}
    full.accept(planned)
    assert standing() == before


class TestLinks:
    def test_a_link_is_undone_without_touching_the_password_and_signs_out(self, desk: Desk) -> None:
        hanna = desk.local("Hanna by hand", "hanna@contoso.example", mobile="1")
        desk.give_credentials(hanna)
        club = desk.local("Club", type="group")
        Membership.create(group=club, member=hanna)
        before = standing()
        object_id = desk.tenant.hire("Hanna", "hanna@contoso.example", aliases=["h@contoso.example"])
        desk.tenant.add_group("Staff", "security", members=[object_id])
        done = desk.sync()
        assert found("Hanna").directory_id == object_id
        again = desk.tenant.find("Staff")
        assert again
        planned = desk.plan_undo(done)
        assert any("signed out" in note for note in desk.rows(planned)["Hanna by hand"].notes)
        desk.accept(planned)
        assert standing() == before
        assert desk.credentials(hanna) == {"Authenticator", "SecondFactorCode", "PasswordLink"}
        in_step_but_for_the_undone(desk)

    def test_who_was_linked_leaves_the_groups_that_the_link_brought(self, desk: Desk) -> None:
        desk.tenant.add_group("Staff", "security")
        desk.sync()
        hanna = desk.local("Hanna", "hanna@contoso.example")
        desk.tenant.add_member(desk.tenant.find("Staff"), desk.tenant.hire("Hanna", "hanna@contoso.example"))
        done = desk.sync()
        assert desk.members("Staff") == {"Hanna"}
        desk.undo(done)
        assert desk.members("Staff") == set()
        assert found("Hanna").id == hanna.id

    def test_a_relink_goes_back_to_the_object_before_and_to_nobodys_password(self, full: Desk) -> None:
        clara = found("Clara")
        full.give_credentials(clara)
        old = full.tenant.find("Clara")
        full.tenant.delete(old)
        new = full.tenant.hire("Clara", "clara@contoso.example", aliases=["cl@contoso.example"])
        full.tenant.add_member(full.tenant.find("Staff"), new)
        done = full.sync()
        assert found("Clara").directory_id != old
        assert full.counts(done) == {"updating": 1}, "the group has Clara already"
        full.give_credentials(clara)
        planned = full.plan_undo(done)
        assert any("don't come back" in note for note in full.rows(planned)["Clara"].notes)
        full.accept(planned)
        assert (found("Clara").id, found("Clara").directory_id) == (clara.id, old)
        assert full.credentials(clara) == set()
        assert "Clara" in full.members("Staff")
        in_step_but_for_the_undone(full)
        assert Exemption.select().count() == 2, "neither the old object nor the new one takes it over again"

    def test_a_group_alone_is_undone_without_taking_out_who_was_relinked_in_the_same_run(self, full: Desk) -> None:
        full.tenant.delete(full.tenant.find("Clara"))
        new = full.tenant.hire("Clara", "clara@contoso.example", aliases=["cl@contoso.example"])
        full.tenant.add_member(full.tenant.find("Staff"), new)
        full.tenant.add_member(full.tenant.find("Staff"), full.tenant.find("Fritz"))
        done = full.sync()
        assert full.members("Staff") == {"Clara", "Dora", "Emil", "Fritz"}
        full.undo(done, "Staff")
        assert full.members("Staff") == {"Clara", "Dora", "Emil"}

    def test_an_administrators_link_is_undone_only_when_ticked_on_purpose(self, desk: Desk) -> None:
        boss = desk.local("Boss", "boss@contoso.example", type="organization_admin")
        object_id = desk.tenant.hire("Boss", "boss@contoso.example")
        done = desk.sync_by_hand("Boss")
        planned = desk.plan_undo(done)
        assert not desk.rows(planned)["Boss"].ticked
        review.tick(planned, True, section="updating")
        desk.accept(planned)
        assert (found("Boss").id, found("Boss").directory_id) == (boss.id, None)
        assert Exemption.get().object_id == object_id

    def test_an_object_that_belongs_to_somebody_else_by_now_is_not_taken_away(self, full: Desk) -> None:
        full.tenant.delete(full.tenant.find("Clara"))
        full.tenant.hire("Clara", "clara@contoso.example", aliases=["cl@contoso.example"])
        old = found("Clara").directory_id
        done = full.sync()
        Account.update(directory_id=old).where(Account.display_name == "Dora").execute()
        row = full.rows(full.plan_undo(done))["Clara"]
        assert (row.section, row.reason) == ("not_imported", "Its directory object belongs to Dora now.")


class TestWhatCannotBeUndone:
    def test_what_changed_since_is_listed_with_its_reason(self, full: Desk) -> None:
        change_everything(full)
        done = full.sync()
        Account.update(version=Account.version + 1).where(Account.display_name == "Dora Neu").execute()
        full.local("Clara the second", "cl@contoso.example")
        Account.delete().where(Account.display_name == "Gerd").execute()
        rows = full.rows(full.plan_undo(done), "not_imported")
        assert {name: row.reason for name, row in rows.items()} == {
            "Dora Neu": "The account has changed since, so it stays as it is.",
            "Clara": "cl@contoso.example belongs to Clara the second now.",
            "Gerd": "The account is not here any more.",
        }
        assert not any(row.ticked for row in rows.values())

    def test_after_30_days_who_was_removed_is_gone_for_good(self, full: Desk) -> None:
        full.tenant.delete(full.tenant.find("Clara"))
        done = full.sync()
        Account.delete().where(Account.display_name == "Clara").execute()
        row = full.rows(full.plan_undo(done))["Clara"]
        assert (row.section, row.reason) == (
            "not_imported",
            "Its 30 days are over: the removed account is gone for good.",
        )

    def test_a_domain_that_is_not_registered_any_more(self, desk: Desk) -> None:
        desk.tenant.hire("Fay", "fay@fabrikam.example")
        desk.sync()
        desk.tenant.delete(desk.tenant.find("Fay"))
        done = desk.sync()
        planned = desk.plan_undo(done)
        Domain.delete().where(Domain.name == "fabrikam.example").execute()
        row = desk.rows(desk.accept(planned))["Fay"]
        assert (row.outcome, row.outcome_reason) == (
            "failed",
            "The domain fabrikam.example is not registered here any more. Register it under Domains, then try again.",
        )
        row = desk.rows(desk.plan_undo(done))["Fay"]
        assert (row.section, row.reason) == (
            "not_imported",
            "The domain fabrikam.example is not registered here any more.",
        )

    def test_the_last_administrator_stays(self, desk: Desk) -> None:
        desk.settings(default_user_role_name="organization_admin")
        desk.tenant.hire("Boss", "boss@contoso.example")
        done = desk.sync()
        Account.update(active=False).where(Account.display_name == "Ada Admin").execute()
        row = desk.rows(desk.plan_undo(done))["Boss"]
        assert (row.section, row.reason) == (
            "not_imported",
            "The last active administrator can be neither disabled nor removed by a sync.",
        )

    def test_all_administrators_that_a_run_added_are_not_removed_together(self, desk: Desk) -> None:
        desk.settings(default_user_role_name="organization_admin")
        for name in ("Boss", "Chief"):
            desk.tenant.hire(name, f"{name.lower()}@contoso.example")
        done = desk.sync()
        Account.update(active=False).where(Account.display_name == "Ada Admin").execute()
        undone = desk.undo(done)
        assert sorted(row.outcome or "" for row in desk.rows(undone).values()) == ["done", "failed"]
        assert Account.select().where(Account.removed_at.is_null(), Account.active).count() == 1

    def test_what_changes_between_review_and_apply_is_refused_as_stale(self, full: Desk) -> None:
        change_everything(full)
        planned = full.plan_undo(full.sync())
        Account.update(version=Account.version + 1).where(Account.display_name == "Emil").execute()
        Account.delete().where(Account.display_name == "Clara").execute()
        rows = full.rows(full.accept(planned))
        assert (rows["Emil"].outcome, rows["Clara"].outcome) == ("stale", "stale")
        assert {row.outcome for name, row in rows.items() if name not in ("Emil", "Clara")} == {"done"}
        assert not found("Emil").active
        assert "Emil" not in {one.name for one in Exemption.select()}, "what was not undone is not exempt"

    def test_what_a_later_sync_did_to_it_comes_first(self, full: Desk) -> None:
        emil = full.tenant.find("Emil")
        full.tenant.rename(emil, "Emil Alt")
        first = full.sync()
        full.tenant.rename(emil, "Emil Neu")
        second = full.sync()
        assert full.counts(full.plan_undo(first)) == {"not_imported": 1}
        full.undo(second)
        assert found("Emil Alt").active


class TestStarting:
    def test_a_run_that_is_not_finished_or_did_nothing_can_not_be_undone(self, full: Desk) -> None:
        def refusal(of: SyncRun) -> str:
            with pytest.raises(Refused) as refused:
                undoing.start(of, by=None, by_name="Ada", now=utcnow())
            return refused.value.sentence

        change_everything(full)
        begun = full.begin()
        assert "has not ended yet" in refusal(begun)
        planned = full.proceed(begun)
        assert "has not ended yet" in refusal(planned)
        run.cancel(planned, "Ada", utcnow())
        assert "Nothing was changed" in refusal(SyncRun.get_by_id(planned.id))
        done = full.sync()
        full.undo(done)
        assert "undone already" in refusal(done)
        assert SyncRun.select().where(SyncRun.undoes == done).count() == 1

    def test_a_second_click_finds_the_list_of_the_first_and_another_choice_replaces_it(self, full: Desk) -> None:
        change_everything(full)
        done = full.sync()
        first = undoing.start(done, by=full.admin, by_name="Ada", now=utcnow())
        assert undoing.start(done, by=full.admin, by_name="Ada", now=utcnow()) == first
        waiting = full.proceed(first)
        assert waiting.state == "review"
        assert full.plan_undo(done) == first
        other = full.plan_undo(done, "Emil")
        assert other != first
        assert full.plan_undo(done, "Emil") == other
        assert SyncRun.get_by_id(first.id).state == "superseded"

    def test_two_who_press_at_the_same_instant_get_one_run(self, full: Desk) -> None:
        change_everything(full)
        done = full.sync()
        together = Barrier(2)

        def press(_: int) -> int:
            with database.connection_context():
                together.wait()
                return int(undoing.start(done, by=None, by_name="Ada", now=utcnow()).id)

        with ThreadPoolExecutor(2) as both:
            first, second = both.map(press, range(2))
        assert first == second
        assert SyncRun.select().where(SyncRun.undoes == done).count() == 1

    def test_while_a_sync_is_at_work_there_is_no_undo(self, full: Desk) -> None:
        change_everything(full)
        done = full.sync()
        full.begin()
        with pytest.raises(Refused, match="Another sync is at work"):
            undoing.start(done, by=None, by_name="Ada", now=utcnow())

    def test_while_a_sync_is_at_work_an_undo_is_not_accepted(self, full: Desk) -> None:
        change_everything(full)
        planned = full.plan_undo(full.sync(), "Emil")
        full.begin()
        with pytest.raises(Refused, match="Another sync is at work"):
            review.accept(planned, "Ada", utcnow())

    def test_a_newer_plan_does_not_replace_it_nor_is_an_undo_a_successful_sync(self, full: Desk) -> None:
        change_everything(full)
        done = full.sync()
        last = full.connection.last_successful_sync
        waiting = full.plan_undo(done)
        full.plan()
        assert SyncRun.get_by_id(waiting.id).state == "review"
        assert full.accept(waiting).state == "done"
        assert full.connection.last_successful_sync == last

    def test_the_rows_that_are_left_can_be_undone_later(self, full: Desk) -> None:
        before = standing()
        change_everything(full)
        done = full.sync()
        full.undo(done, "Emil")
        rest = full.plan_undo(done)
        assert "Emil" not in full.rows(rest)
        full.accept(rest)
        assert standing() == before

    def test_an_undo_can_be_undone_and_everything_stays_exempt(self, full: Desk) -> None:
        change_everything(full)
        done = full.sync()
        after = standing()
        undone = full.undo(done)
        redone = full.undo(undone)
        assert standing() == after
        reasons = {one.reason for one in Exemption.select().where(Exemption.ended_at.is_null())}
        assert reasons == {f"run {undone.id} undone"}
        assert redone.undoes_id == undone.id


class TestExemptions:
    def test_each_undone_object_is_exempt_and_says_why(self, full: Desk) -> None:
        change_everything(full)
        done = full.sync()
        full.undo(done, "Clara", "Gerd")
        kept = {one.name: (one.reason, one.last_day, one.created_by_name) for one in Exemption.select()}
        assert kept == dict.fromkeys(("Clara", "Gerd"), (f"run {done.id} undone", None, "Ada"))

    def test_when_the_exemption_ends_the_sync_looks_anew(self, full: Desk) -> None:
        change_everything(full)
        done = full.sync()
        after = standing()
        full.undo(done)
        Exemption.update(ended_at=utcnow()).execute()
        again = full.sync()
        assert full.counts(again) == full.counts(done)
        assert standing() == after

    def test_an_exemption_does_not_stop_an_undo(self, full: Desk) -> None:
        full.tenant.block(full.tenant.find("Emil"))
        done = full.sync()
        full.exempt(object_id=full.tenant.find("Emil"), name="Emil", reason="On leave")
        full.undo(done)
        assert found("Emil").active
        in_force = Exemption.get(Exemption.ended_at.is_null())
        assert in_force.reason == f"run {done.id} undone"

    def test_all_of_it_is_in_the_audit(self, full: Desk) -> None:
        full.tenant.block(full.tenant.find("Emil"))
        done = full.sync()
        undone = full.undo(done)
        told = {(event.action, event.subject) for event in AuditEvent.select()}
        assert ("undo started", f"run {done.id}") in told
        assert (f"run {done.id} undone", f"run {undone.id}") in told


def test_an_account_of_another_tenant_keeps_its_tenant(full: Desk) -> None:
    full.tenant.block(full.tenant.find("Emil"))
    done = full.sync()
    tenant = found("Emil").directory_tenant
    full.settings(tenant_id="another")
    full.undo(done)
    assert (found("Emil").active, found("Emil").directory_tenant) == (True, tenant)


def test_a_removal_by_other_means_notes_the_memberships_too(full: Desk) -> None:
    clara = found("Clara")
    batch = Batch(removals=[Removal(clara.id, clara.version)])
    accounts.carry_out(full.organization.id, batch, utcnow() - timedelta(days=1))
    assert found("Clara").removed_memberships == [[found("Staff").id, clara.id]]


def test_a_long_run_is_undone_in_batches(desk: Desk) -> None:
    people = [desk.tenant.hire(f"P{n:04}", f"p{n:04}@contoso.example") for n in range(1100)]
    desk.tenant.add_group("All", "security", members=people)
    before = standing()
    done = desk.sync()
    undone = desk.undo(done)
    assert standing() == before
    assert SyncChange.select().where(SyncChange.run == undone, SyncChange.outcome == "done").count() == 1101
    assert (undone.applied, undone.to_apply) == (1101, 1101)
