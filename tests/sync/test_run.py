"""The rules of the sync, played through the whole line against a practice tenant over real HTTP."""

from datetime import timedelta

import pytest

from ppe import accounts
from ppe.clock import utcnow
from ppe.errors import Refused
from ppe.models import Account, AuditEvent, Connection, DirectoryObject, Mail, SyncChange, SyncRun
from ppe.sync import conversion_choice, review, run
from ppe.sync.fields import differences
from tests.databases import on_both_databases
from tests.sync.desk import Desk

pytestmark = on_both_databases


def test_a_believable_company_comes_in_and_nothing_is_left_to_do(company: Desk) -> None:
    done = company.sync()
    assert done.applied == done.to_apply > 50
    assert company.account("ada.admin@contoso.example").type == "organization_admin"  # type: ignore[union-attr]
    company.nothing_left()


def test_a_second_run_asks_only_for_what_changed(company: Desk) -> None:
    company.sync()
    company.server.log.clear()
    company.plan()
    paths = [asked.path for asked in company.server.log]
    assert not [path for path in paths if path.endswith("/users")]
    assert len(paths) < 8


def test_nothing_changes_before_it_is_accepted(desk: Desk) -> None:
    desk.tenant.hire("Bo Berg", "bo@contoso.example")
    planned = desk.plan()
    assert desk.counts(planned) == {"adding": 1}
    assert set(desk.people()) == {"Ada Admin"}


def test_a_newcomer_gets_the_default_role_and_all_fields(desk: Desk) -> None:
    desk.settings(default_user_role_name="silent_user")
    desk.tenant.hire("Bo Berg", "Bo@Contoso.example", aliases=["B@fabrikam.example"], mobile="+43 1 234", given="Bo")
    desk.sync()
    bo = desk.account("bo@contoso.example")
    assert bo is not None
    assert (bo.type, bo.display_name, bo.first_name, bo.mobile, bo.active) == (
        "silent_user",
        "Bo Berg",
        "Bo",
        "+43 1 234",
        True,
    )
    assert desk.people()["Bo Berg"] == ("bo@contoso.example", {"b@fabrikam.example"})


def test_changes_are_shown_field_by_field_and_carried_out(desk: Desk) -> None:
    bo = desk.tenant.hire("Bo Berg", "bo@contoso.example", aliases=["old@contoso.example"])
    desk.sync()
    desk.tenant.rename(bo, "Bo Stern", "Bo", "Stern")
    desk.tenant.set_addresses(bo, "stern@contoso.example", ["bo@contoso.example"])
    planned = desk.plan()
    row = desk.rows(planned, "updating")["Bo Stern"]
    shown = differences(row.before, row.after)
    assert ("Name", "Bo Berg", "Bo Stern") in shown
    assert ("Primary address", "bo@contoso.example", "stern@contoso.example") in shown
    assert ("Aliases", "old@contoso.example", "bo@contoso.example") in shown
    desk.accept(planned)
    assert desk.people()["Bo Stern"] == ("stern@contoso.example", {"bo@contoso.example"})
    desk.nothing_left()


def test_blocked_sign_in_deactivates_and_enabling_it_brings_the_account_back(desk: Desk) -> None:
    bo = desk.tenant.hire("Bo Berg", "bo@contoso.example")
    desk.sync()
    desk.tenant.block(bo)
    planned = desk.plan()
    assert desk.counts(planned) == {"disabling": 1}
    desk.accept(planned)
    account = desk.account("bo@contoso.example")
    assert account is not None
    assert (account.active, account.deactivated_by) == (False, "sync")
    desk.tenant.allow(bo)
    desk.sync()
    account = desk.account("bo@contoso.example")
    assert account is not None
    assert (account.active, account.deactivated_by) == (True, None)
    desk.nothing_left()


def test_an_account_deactivated_by_hand_stays_so(desk: Desk) -> None:
    bo = desk.tenant.hire("Bo Berg", "bo@contoso.example")
    desk.sync()
    Account.update(active=False, deactivated_by="administrator", directory_fingerprint=None).where(
        Account.directory_id == bo
    ).execute()
    desk.nothing_left()


def test_deleted_people_are_removed_and_come_back_when_restored(desk: Desk) -> None:
    bo = desk.tenant.hire("Bo Berg", "bo@contoso.example", aliases=["b@contoso.example"])
    desk.sync()
    first = desk.account("bo@contoso.example")
    desk.tenant.delete(bo)
    planned = desk.plan()
    assert desk.counts(planned) == {"deleting": 1}
    desk.accept(planned)
    assert "Bo Berg" not in desk.people()
    removed = Account.get(Account.directory_id == bo)
    assert removed.removed_addresses == ["bo@contoso.example", "b@contoso.example"]
    desk.tenant.restore(bo)
    desk.sync()
    assert desk.people()["Bo Berg"] == ("bo@contoso.example", {"b@contoso.example"})
    assert desk.account("bo@contoso.example") == first
    desk.nothing_left()


def test_losing_the_mailbox_removes_the_account(desk: Desk) -> None:
    bo = desk.tenant.hire("Bo Berg", "bo@contoso.example")
    desk.sync()
    desk.tenant.remove_mailbox(bo)
    planned = desk.plan()
    assert "no mailbox" in desk.rows(planned, "deleting")["Bo Berg"].reason
    desk.accept(planned)
    assert "Bo Berg" not in desk.people()


def test_the_same_primary_address_links_a_local_account_that_keeps_its_role(desk: Desk) -> None:
    local = desk.local("B. Berg", "bo@contoso.example", type="silent_user")
    bo = desk.tenant.hire("Bo Berg", "bo@contoso.example")
    planned = desk.plan()
    assert desk.counts(planned) == {"updating": 1}
    desk.accept(planned)
    linked = Account.get_by_id(local.id)
    assert (linked.directory_id, linked.type, linked.display_name) == (bo, "silent_user", "Bo Berg")
    desk.nothing_left()


def test_linking_an_administrator_waits_for_a_deliberate_tick(desk: Desk) -> None:
    desk.tenant.hire("Ada Admin", "ada.admin@contoso.example")
    planned = desk.plan()
    row = desk.rows(planned, "updating")["Ada Admin"]
    assert not row.ticked
    assert "administrator" in " ".join(row.notes)
    desk.accept(planned)
    assert Account.get_by_id(desk.admin.id).directory_id is None


def test_a_recreated_person_takes_the_account_over_and_nothing_of_the_former_opens_it(desk: Desk) -> None:
    old = desk.tenant.hire("Bo Berg", "bo@contoso.example")
    desk.sync()
    account = desk.account("bo@contoso.example")
    assert account is not None
    desk.give_credentials(account)
    desk.tenant.delete(old)
    new = desk.tenant.hire("Bo Berg", "bo@contoso.example")
    planned = desk.plan()
    assert desk.counts(planned) == {"updating": 1}
    desk.accept(planned)
    taken_over = Account.get_by_id(account.id)
    assert (taken_over.directory_id, taken_over.password_hash, taken_over.second_factor_at) == (new, None, None)
    assert desk.credentials(account) == set()
    desk.nothing_left()


def test_a_blocked_sign_in_ends_sessions_and_trust_and_keeps_what_people_have_set_up(desk: Desk) -> None:
    bo = desk.tenant.hire("Bo Berg", "bo@contoso.example")
    desk.sync()
    account = desk.account("bo@contoso.example")
    assert account is not None
    desk.give_credentials(account)
    desk.tenant.block(bo)
    desk.sync()
    assert desk.credentials(account) == {"Authenticator", "SecondFactorCode", "PasswordLink"}
    assert Account.get_by_id(account.id).password_hash == "a hash"


def test_a_mobile_number_that_a_sync_changes_is_dated_and_another_change_leaves_the_date(desk: Desk) -> None:
    bo = desk.tenant.hire("Bo Berg", "bo@contoso.example", mobile="+31 6 1234 5678")
    desk.sync()
    account = desk.account("bo@contoso.example")
    assert account is not None
    assert account.mobile_changed_at is None
    desk.tenant.set_mobile(bo, "+31 6 8765 4321")
    desk.sync()
    dated = Account.get_by_id(account.id).mobile_changed_at
    assert dated is not None
    desk.tenant.rename(bo, "Bo Bergman")
    desk.sync()
    assert Account.get_by_id(account.id).mobile_changed_at == dated


def test_the_directory_takes_over_from_an_identity_that_was_bound_by_hand(desk: Desk) -> None:
    account = desk.local("Lou", "lou@contoso.example", microsoft_tenant="t", microsoft_id="somebody else")
    desk.tenant.hire("Lou", "lou@contoso.example")
    desk.sync()
    assert Account.get_by_id(account.id).microsoft_id is None


@pytest.mark.parametrize("wanted", [True, False])
def test_welcome_mails_go_to_the_end_users_added_once_and_where_asked_for(desk: Desk, wanted: bool) -> None:
    desk.tenant.hire("Bo Berg", "bo@contoso.example")
    desk.tenant.add_group("Team", "microsoft365", "team@contoso.example")
    planned = desk.proceed(
        run.start(desk.connection, by=desk.admin, by_name="Ada", send_welcome_mails=wanted, now=utcnow())
    )
    desk.accept(planned)
    bo = desk.account("bo@contoso.example")
    assert bo is not None
    assert [(mail.kind, mail.account_id) for mail in Mail.select()] == ([("welcome", bo.id)] if wanted else [])
    desk.tenant.rename(desk.tenant.find("bo@contoso.example"), "Bo Bergman")
    desk.accept(desk.proceed(run.start(desk.connection, by=None, by_name="", send_welcome_mails=wanted, now=utcnow())))
    assert Mail.select().count() == int(wanted)


def test_silent_users_get_no_welcome_mail(desk: Desk) -> None:
    desk.settings(default_user_role_name="silent_user")
    desk.tenant.hire("Bo Berg", "bo@contoso.example")
    desk.accept(desk.proceed(run.start(desk.connection, by=None, by_name="", send_welcome_mails=True, now=utcnow())))
    assert desk.account("bo@contoso.example").type == "silent_user"  # type: ignore[union-attr]
    assert Mail.select().count() == 0


def test_local_accounts_are_never_touched(desk: Desk) -> None:
    desk.local("Local Lou", "lou@contoso.example")
    desk.tenant.hire("Bo Berg", "bo@contoso.example")
    desk.sync()
    assert desk.people()["Local Lou"] == ("lou@contoso.example", set())


def test_groups_come_as_functional_accounts_or_groups_with_their_members(desk: Desk) -> None:
    ann = desk.tenant.hire("Ann", "ann@contoso.example")
    bo = desk.tenant.hire("Bo", "bo@contoso.example")
    team = desk.tenant.add_group("Team", "microsoft365", "team@contoso.example", members=[ann, bo])
    desk.tenant.add_group("Staff", "security", members=[ann, team])
    desk.sync()
    assert desk.account("team@contoso.example").type == "functional_account"  # type: ignore[union-attr]
    assert Account.get(Account.display_name == "Staff").type == "group"
    assert desk.members("Team") == {"Ann", "Bo"}
    assert desk.members("Staff") == {"Ann", "Team"}
    desk.tenant.remove_member(team, bo)
    planned = desk.plan()
    row = desk.rows(planned, "updating")["Team"]
    assert review.members(row, joins=False, limit=5) == (["Bo"], 1)
    desk.accept(planned)
    assert desk.members("Team") == {"Ann"}
    desk.nothing_left()


def test_members_of_a_large_group_add_up_over_pages(desk: Desk) -> None:
    people = [desk.tenant.hire(f"P{n}", f"p{n}@contoso.example") for n in range(11)]
    desk.tenant.add_group("All", "security", members=people)
    desk.sync()
    assert len(desk.members("All")) == 11
    desk.nothing_left()


def test_what_to_sync_freezes_what_it_leaves_out(desk: Desk) -> None:
    bo = desk.tenant.hire("Bo", "bo@contoso.example")
    desk.tenant.add_group("Staff", "security", members=[bo])
    desk.sync()
    desk.settings(sync_active_users=False, sync_security_groups=False)
    desk.tenant.delete(bo)
    desk.tenant.hire("New", "new@contoso.example")
    planned = desk.plan()
    assert desk.counts(planned) == {}
    desk.settings(sync_active_users=True, sync_security_groups=True)
    later = desk.plan()
    assert desk.counts(later) == {"adding": 1, "deleting": 1}


@pytest.mark.parametrize(
    ("switch", "left"),
    [
        ("add_users", {"updating": 1, "deleting": 1}),
        ("update_users", {"adding": 1, "deleting": 1}),
        ("remove_deleted_users", {"adding": 1, "updating": 1}),
    ],
)
def test_how_to_sync_switches_one_kind_of_change_off(desk: Desk, switch: str, left: dict[str, int]) -> None:
    bo = desk.tenant.hire("Bo", "bo@contoso.example")
    cy = desk.tenant.hire("Cy", "cy@contoso.example")
    desk.sync()
    desk.tenant.hire("New", "new@contoso.example")
    desk.tenant.rename(bo, "Bob")
    desk.tenant.delete(cy)
    desk.settings(**{switch: False})
    assert desk.counts(desk.plan()) == left


def test_the_exempt_are_left_alone_and_listed(desk: Desk) -> None:
    bo = desk.tenant.hire("Bo", "bo@contoso.example")
    desk.tenant.hire("Cy", "cy@contoso.example")
    desk.sync()
    exemption = desk.exempt(object_id=bo, reason="on leave")
    desk.tenant.delete(bo)
    planned = desk.plan()
    assert desk.counts(planned) == {"exempt": 1}
    assert "on leave" in desk.rows(planned)["Bo"].reason
    exemption.ended_at = utcnow()
    exemption.save()
    assert desk.counts(desk.plan()) == {"deleting": 1}


def test_an_exemption_ends_with_its_last_day(desk: Desk) -> None:
    desk.tenant.hire("Bo", "bo@contoso.example")
    desk.exempt(address="bo@contoso.example", last_day=utcnow().date() - timedelta(days=1))
    assert desk.counts(desk.plan()) == {"adding": 1}


def test_exempting_a_row_takes_effect_at_once(desk: Desk) -> None:
    desk.tenant.hire("Bo", "bo@contoso.example")
    planned = desk.plan()
    review.exempt(planned, [desk.rows(planned)["Bo"].id], "a robot", None, "Ada", utcnow())
    assert desk.counts(planned) == {"exempt": 1}
    desk.accept(planned)
    assert "Bo" not in desk.people()
    assert desk.counts(desk.plan()) == {"exempt": 1}


def test_an_exemption_made_elsewhere_after_the_review_still_counts(desk: Desk) -> None:
    desk.tenant.hire("Bo", "bo@contoso.example")
    planned = desk.plan()
    desk.exempt(address="bo@contoso.example")
    done = desk.accept(planned)
    assert desk.rows(done)["Bo"].outcome == "failed"
    assert "Bo" not in desk.people()


def test_a_blocked_mailbox_is_offered_and_imported_as_a_functional_account(desk: Desk) -> None:
    info = desk.tenant.hire("Info", "info@contoso.example", enabled=False)
    planned = desk.plan()
    row = desk.rows(planned, "not_imported")["Info"]
    assert row.offer == "functional"
    assert conversion_choice.choose(planned, [row.id], desk.admin, utcnow()) == (1, {})
    desk.accept(planned)
    account = desk.account("info@contoso.example")
    assert account is not None
    assert account.type == "functional_account"
    assert account.converted_at is not None
    desk.nothing_left()
    desk.tenant.delete(info)
    gone = desk.rows(desk.plan(), "deleting")["Info"]
    assert not gone.ticked


def test_an_unknown_domain_of_the_tenant_fails_a_manual_run_and_names_it(desk: Desk) -> None:
    desk.tenant.add_domain("tailspin.example")
    desk.tenant.hire("Tia", "tia@tailspin.example")
    desk.tenant.hire("Bo", "bo@contoso.example")
    failed = desk.plan()
    assert failed.state == "failed"
    assert failed.unknown_domains == [{"name": "tailspin.example", "people": 1}]
    assert desk.counts(failed) == {}
    desk.register("tailspin.example")
    desk.sync()
    assert {"Tia", "Bo"} <= set(desk.people())


def test_a_domain_with_umlauts_is_the_one_that_is_registered_whichever_way_the_tenant_writes_it(desk: Desk) -> None:
    desk.tenant.add_domain("bücher.example")
    desk.tenant.hire("Ute", "ute@bücher.example", aliases=["u@xn--bcher-kva.example"])
    failed = desk.plan()
    assert failed.unknown_domains == [{"name": "xn--bcher-kva.example", "people": 1}]
    desk.register("xn--bcher-kva.example")
    assert review.rows(desk.plan(), "adding", "UTE@Bücher").total == 1
    desk.sync()
    assert desk.people()["Ute"] == ("ute@xn--bcher-kva.example", {"u@xn--bcher-kva.example"})
    desk.nothing_left()


def test_a_domain_foreign_to_the_tenant_is_only_not_imported(desk: Desk) -> None:
    desk.tenant.hire("Fay", "fay@elsewhere.example")
    planned = desk.plan()
    assert "elsewhere.example" in desk.rows(planned, "not_imported")["Fay"].reason


def test_an_account_whose_new_primary_address_is_foreign_keeps_its_addresses(desk: Desk) -> None:
    bo = desk.tenant.hire("Bo", "bo@contoso.example")
    desk.sync()
    desk.tenant.set_addresses(bo, "bo@elsewhere.example", ["bo@contoso.example"])
    planned = desk.plan()
    assert "elsewhere.example" in desk.rows(planned, "not_imported")["Bo"].reason
    desk.accept(planned)
    assert desk.people()["Bo"] == ("bo@contoso.example", set())


def test_aliases_on_unregistered_domains_come_once_the_domain_does(desk: Desk) -> None:
    desk.tenant.hire("Bo", "bo@contoso.example", aliases=["bo@wingtip.example"])
    planned = desk.plan()
    assert "wingtip.example" in desk.rows(planned)["Bo"].notes[0]
    desk.accept(planned)
    desk.nothing_left()
    desk.register("wingtip.example")
    desk.sync()
    assert desk.people()["Bo"] == ("bo@contoso.example", {"bo@wingtip.example"})


def test_the_last_administrator_is_neither_disabled_nor_removed(desk: Desk) -> None:
    ada = desk.tenant.hire("Ada Admin", "ada.admin@contoso.example")
    planned = desk.plan()
    review.tick(planned, True, change_ids=[desk.rows(planned)["Ada Admin"].id])
    desk.accept(planned)
    desk.tenant.block(ada)
    blocked = desk.plan()
    assert "last active administrator" in desk.rows(blocked, "not_imported")["Ada Admin"].reason
    desk.tenant.delete(ada)
    gone = desk.plan()
    assert desk.counts(gone) == {"not_imported": 1}
    assert Account.get_by_id(desk.admin.id).active


def test_two_administrators_leaving_together_leave_one_behind(desk: Desk) -> None:
    second = desk.local("Bea Admin", "bea@contoso.example", type="organization_admin")
    objects = [
        desk.tenant.hire("Ada Admin", "ada.admin@contoso.example"),
        desk.tenant.hire("Bea Admin", "bea@contoso.example"),
    ]
    planned = desk.plan()
    review.tick(planned, True, section="updating")
    desk.accept(planned)
    for gone in objects:
        desk.tenant.delete(gone)
    done = desk.accept(desk.plan())
    assert sorted(str(row.outcome) for row in desk.rows(done).values()) == ["done", "failed"]
    assert sum(Account.get_by_id(one.id).removed_at is None for one in (desk.admin, second)) == 1


def test_what_was_left_unticked_comes_back_in_the_next_run(desk: Desk) -> None:
    desk.tenant.hire("Bo", "bo@contoso.example")
    desk.tenant.hire("Cy", "cy@contoso.example")
    planned = desk.plan()
    desk.untick(planned, "Bo")
    desk.accept(planned)
    assert set(desk.people()) == {"Ada Admin", "Cy"}
    assert set(desk.rows(desk.plan())) == {"Bo"}


def test_a_newer_list_supersedes_the_older_and_a_working_run_is_not_started_twice(desk: Desk) -> None:
    desk.tenant.hire("Bo", "bo@contoso.example")
    older = desk.plan()
    newer = desk.begin()
    assert desk.begin() == newer
    newer = desk.proceed(newer)
    assert SyncRun.get_by_id(older.id).state == "superseded"
    with pytest.raises(Refused, match="newer sync"):
        review.accept(SyncRun.get_by_id(older.id), "Ada", utcnow())
    desk.accept(newer)


def test_cancel_works_until_the_commit(desk: Desk) -> None:
    desk.tenant.hire("Bo", "bo@contoso.example")
    begun = desk.begin()
    run.cancel(begun, "Ada", utcnow())
    assert desk.proceed(begun).state == "cancelled"
    planned = desk.plan()
    run.cancel(planned, "Ada", utcnow())
    assert "Bo" not in desk.people()
    done = desk.sync()
    with pytest.raises(Refused, match="too late"):
        run.cancel(done, "Ada", utcnow())


def test_a_run_is_audited_with_its_outcome(desk: Desk) -> None:
    desk.tenant.hire("Bo", "bo@contoso.example")
    desk.sync()
    applied = AuditEvent.get(AuditEvent.action == "sync applied")
    assert applied.details == {"summary": "1 added."}
    assert applied.actor == "Ada"


def test_two_organisations_keep_to_themselves(desk: Desk) -> None:
    other = Desk(desk.server, "Other", ("other.example",))
    desk.tenant.hire("Bo", "bo@contoso.example")
    desk.sync()
    planned = other.plan()
    assert planned.state == "failed"
    assert [domain["name"] for domain in planned.unknown_domains] == ["contoso.example"]
    assert set(other.people()) == {"Ada Admin"}
    assert SyncChange.select().where(SyncChange.run == planned).count() == 0
    assert DirectoryObject.select().where(DirectoryObject.connection == other.connection_id).count() == 1
    assert Connection.select().count() == 2


def test_a_read_only_administrator_is_no_administrator_to_be_left_with(desk: Desk) -> None:
    linked = desk.tenant.hire("Ada Admin", "ada.admin@contoso.example")
    desk.local("Rita Reader", "rita@contoso.example", type="organization_admin", read_only=True)
    planned = desk.plan()
    review.tick(planned, True, section="updating")
    desk.accept(planned)
    desk.tenant.block(linked)
    blocked = desk.plan()
    assert "last active administrator" in desk.rows(blocked, "not_imported")["Ada Admin"].reason
    Account.update(read_only=True).where(Account.id == desk.admin.id).execute()
    with pytest.raises(Refused, match="last active administrator"):
        accounts.require_administrator(desk.organization.id)
