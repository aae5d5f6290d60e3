"""The numbered sync-safety cases of the field's worst days: each ends without a single harmful write."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from ppe.clock import utcnow
from ppe.errors import Refused
from ppe.models import Account, AuditEvent, DirectoryMember, DirectoryObject, SyncRun
from ppe.practice.server import PracticeServer
from ppe.practice.tenant import Tenant
from ppe.sync import claim, review, run
from tests.sync.conftest import Line
from tests.sync.desk import Desk


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ppe.sync.graph.LARGEST_PAGE", 5)


def list_anew(desk: Desk) -> None:
    desk.settings(users_delta_link=None, groups_delta_link=None)


def unharmed(desk: Desk, before: object) -> None:
    assert desk.people() == before
    assert not DirectoryObject.select().where(DirectoryObject.gone_at.is_null(False)).count()


@pytest.mark.usefixtures("small_pages")
class TestCase01EmptyOrShortListings:
    def test_an_empty_listing_is_not_believed(self, company: Desk) -> None:
        company.sync()
        before = company.people()
        list_anew(company)
        company.server.weather.empty_listing()
        failed = company.plan()
        assert failed.state == "failed"
        assert "no people at all" in str(failed.error_sentence)
        unharmed(company, before)

    def test_a_listing_a_third_short_removes_nobody(self, company: Desk) -> None:
        company.sync()
        before = company.people()
        list_anew(company)
        company.server.weather.cut_listing(after_pages=8)
        planned = company.plan()
        assert planned.state == "review"
        assert planned.people < len(company.tenant.people)
        assert "deleting" not in company.counts(planned)
        unharmed(company, before)


@pytest.mark.usefixtures("small_pages")
def test_case_02_a_page_that_never_comes_makes_nobody_missing(company: Desk) -> None:
    company.sync()
    before = company.people()
    list_anew(company)
    company.server.weather.fail_page("users", 4, "reset")
    failed = company.plan()
    assert failed.state == "failed"
    assert failed.error_advice
    unharmed(company, before)


class TestCase03LinksThatLeadAstray:
    @pytest.mark.usefixtures("small_pages")
    def test_a_circle_of_pages_ends_the_run(self, company: Desk) -> None:
        company.server.weather.cyclic_link()
        failed = company.plan()
        assert failed.state == "failed"
        assert "circle" in str(failed.error_sentence)
        assert failed.pages < 20

    @pytest.mark.usefixtures("small_pages")
    def test_more_pages_than_anybody_has_end_the_run(self, company: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("ppe.sync.pull.PAGE_CEILING", 4)
        assert company.plan().state == "failed"

    def test_a_link_to_another_host_is_not_followed_and_gets_no_token(self, company: Desk) -> None:
        with PracticeServer(Tenant.empty()) as stranger:
            company.server.weather.foreign_link(f"{stranger.graph_url}/users")
            failed = company.plan()
            assert failed.state == "failed"
            assert "another host" in str(failed.error_sentence)
            assert not list(stranger.log)

    def test_a_redirect_is_not_followed(self, company: Desk) -> None:
        with PracticeServer(Tenant.empty()) as stranger:
            company.server.weather.redirect(f"{stranger.graph_url}/users")
            failed = company.plan()
            assert failed.state == "failed"
            assert not list(stranger.log)


def test_case_05_a_failed_group_page_is_not_a_group_without_members(desk: Desk) -> None:
    people = [desk.tenant.hire(f"P{n}", f"p{n}@contoso.example") for n in range(8)]
    desk.tenant.add_group("All", "security", members=people)
    desk.sync()
    list_anew(desk)
    desk.server.weather.fail_page("groups", 2)
    assert desk.plan().state == "failed"
    assert len(desk.members("All")) == 8
    desk.server.weather.calm()
    desk.nothing_left()
    assert len(desk.members("All")) == 8


def test_case_11_stale_rows_are_refused_singly(desk: Desk) -> None:
    objects = {name: desk.tenant.hire(name, f"{name.lower()}@contoso.example") for name in ("Ann", "Bo", "Cy")}
    desk.sync()
    for name, object_id in objects.items():
        desk.tenant.rename(object_id, f"{name} New")
    planned = desk.plan()
    Account.update(mobile="by hand", version=Account.version + 1).where(Account.display_name == "Bo").execute()
    done = desk.accept(planned)
    outcomes = {name: row.outcome for name, row in desk.rows(done).items()}
    assert outcomes == {"Ann New": "done", "Bo New": "stale", "Cy New": "done"}
    assert set(desk.people()) == {"Ada Admin", "Ann New", "Bo", "Cy New"}


class TestCase12ExactlyOnce:
    def test_two_operators_who_press_at_once_apply_once(self, desk: Desk) -> None:
        desk.tenant.hire("Bo", "bo@contoso.example")
        planned = desk.plan()
        seen_by_the_other = SyncRun.get_by_id(planned.id)
        review.accept(planned, "Ada", utcnow())
        with pytest.raises(Refused, match="carried out already"):
            review.accept(seen_by_the_other, "Bea", utcnow())
        desk.proceed(planned)
        assert AuditEvent.select().where(AuditEvent.action == "sync applied").count() == 1

    def test_a_second_worker_leaves_a_run_alone_that_is_at_work(self, desk: Desk) -> None:
        begun = desk.begin()
        assert claim.take(begun.id, utcnow()) is not None
        assert desk.proceed(begun).state == "queued"

    def test_no_second_run_overlaps_the_first(self, desk: Desk) -> None:
        desk.tenant.hire("Bo", "bo@contoso.example")
        planned = desk.plan()
        newer = desk.begin()
        with pytest.raises(Refused, match="Another sync is at work"):
            review.accept(planned, "Ada", utcnow())
        assert newer.id != planned.id

    def test_a_claim_gone_stale_is_taken_over_and_the_late_worker_writes_nothing(self, desk: Desk) -> None:
        desk.tenant.hire("Bo", "bo@contoso.example")
        begun = desk.begin()
        long_ago = utcnow() - timedelta(hours=1)
        late = claim.take(begun.id, long_ago)
        assert late is not None
        assert run.waiting(utcnow()) == [begun.id]
        assert desk.proceed(begun).state == "review"
        with pytest.raises(Exception, match="no longer ours"):
            claim.keep(late, utcnow(), state="failed")
        assert SyncRun.get_by_id(begun.id).state == "review"


class TestCase13Addresses:
    def test_case_and_blanks_do_not_make_another_address(self, desk: Desk) -> None:
        bo = desk.tenant.hire("Bo", "bo@contoso.example")
        desk.sync()
        desk.tenant.set_proxy_addresses(bo, ["SMTP: BO@Contoso.Example ", "smtp:bo@CONTOSO.example"])
        desk.nothing_left()
        assert desk.people()["Bo"] == ("bo@contoso.example", set())

    def test_letters_beyond_ascii_are_one_address_in_either_case(self, desk: Desk) -> None:
        desk.tenant.hire("Zoë", "ZOË@contoso.example", aliases=["zoë@contoso.example"])
        desk.sync()
        assert desk.people()["Zoë"] == ("zoë@contoso.example", set())

    def test_guests_and_people_without_mailbox_stay_out(self, desk: Desk) -> None:
        desk.tenant.hire("Gus Guest", "gus@elsewhere.example", guest=True)
        desk.tenant.hire("Nell New", "nell@contoso.example", mailbox=False)
        planned = desk.plan()
        assert desk.counts(planned) == {"not_imported": 2}

    def test_a_user_principal_name_is_no_mail_address(self, desk: Desk) -> None:
        bo = desk.tenant.hire("Bo", "bo@contoso.example")
        desk.tenant.set_properties(bo, userPrincipalName="login@contoso.example")
        desk.sync()
        assert desk.people()["Bo"] == ("bo@contoso.example", set())

    def test_the_same_alias_on_two_people_goes_to_one(self, desk: Desk) -> None:
        for name in ("Ann", "Bo"):
            desk.tenant.hire(name, f"{name.lower()}@contoso.example", aliases=["info@contoso.example"])
        desk.sync()
        owners = [name for name, (_, aliases) in desk.people().items() if "info@contoso.example" in aliases]
        assert len(owners) == 1


def test_case_14_one_impossible_person_stops_nobody_else(desk: Desk) -> None:
    bad = desk.tenant.hire("Bad", "bad@contoso.example")
    desk.tenant.set_proxy_addresses(bad, ["SMTP:no address at all", "nonsense", "smtp:@", "X500:/o=x"])
    desk.tenant.hire("Bo", "bo@contoso.example")
    done = desk.sync()
    assert set(desk.people()) == {"Ada Admin", "Bo"}
    assert desk.rows(done)["Bad"].section == "not_imported"


class TestCase15Deltas:
    def test_an_expired_delta_link_leads_to_a_full_listing(self, desk: Desk) -> None:
        bo = desk.tenant.hire("Bo", "bo@contoso.example")
        cy = desk.tenant.hire("Cy", "cy@contoso.example")
        desk.tenant.add_group("All", "security", members=[bo, cy])
        desk.sync()
        desk.tenant.delete(bo)
        desk.tenant.purge(bo)
        desk.tenant.expire_delta_links()
        planned = desk.plan()
        assert desk.rows(planned, "deleting").keys() == {"Bo"}
        desk.accept(planned)
        assert desk.members("All") == {"Cy"}
        desk.nothing_left()

    @pytest.mark.usefixtures("small_pages")
    def test_a_stale_page_link_starts_the_listing_over(self, company: Desk) -> None:
        turned: list[int] = []

        def expire_once(kind: str, number: int) -> None:
            if kind == "users" and number == 3 and not turned:
                turned.append(number)
                company.server.weather.expire_page_tokens()

        company.server.weather.before_page(expire_once)
        company.sync()
        assert turned
        company.nothing_left()

    def test_objects_that_recur_are_counted_and_planned_once(self, company: Desk) -> None:
        company.server.weather.duplicate_objects()
        planned = company.plan()
        assert planned.people == len(company.tenant.people)
        company.accept(planned)
        company.nothing_left()

    def test_deleted_and_then_purged_is_one_removal(self, desk: Desk) -> None:
        bo = desk.tenant.hire("Bo", "bo@contoso.example")
        desk.sync()
        desk.tenant.delete(bo)
        desk.sync()
        desk.tenant.purge(bo)
        desk.nothing_left()

    def test_a_soft_deleted_user_who_is_still_in_a_group_does_not_come_back(self, desk: Desk) -> None:
        bo = desk.tenant.hire("Bo", "bo@contoso.example")
        desk.tenant.add_group("All", "security", members=[bo])
        desk.sync()
        desk.tenant.delete(bo)
        DirectoryMember.insert(
            connection=desk.connection_id,
            group_id=next(iter(desk.tenant.groups)).id,
            member_id=bo,
            seen_in_run=10**6,
        ).on_conflict_ignore().execute()
        desk.sync()
        assert desk.members("All") == set()
        desk.nothing_left()

    @pytest.mark.usefixtures("small_pages")
    def test_what_changes_while_the_listing_runs_is_not_missed(self, company: Desk) -> None:
        late: list[str] = []
        company.sync()
        listed = str(Account.get(Account.directory_id.is_null(False), Account.type == "end_user").directory_id)
        list_anew(company)

        def hire_late(kind: str, number: int) -> None:
            if kind == "users" and number == 4 and not late:
                late.append(company.tenant.hire("Aaron Early", "a.early@contoso.example"))
                company.tenant.rename(listed, "Renamed Meanwhile")

        company.server.weather.before_page(hire_late)
        company.sync()
        assert {"Aaron Early", "Renamed Meanwhile"} <= set(company.people())
        company.nothing_left()


class TestCase16Throttling:
    @pytest.mark.parametrize("retry_after", ["1", "0.128", None])
    def test_a_short_wait_is_a_nap(self, desk: Desk, retry_after: str | None) -> None:
        desk.tenant.hire("Bo", "bo@contoso.example")
        desk.server.weather.throttle(2, retry_after)
        assert desk.plan().state == "review"
        assert len(desk.naps) == 2
        if retry_after:
            assert desk.naps == [float(retry_after)] * 2

    def test_a_date_is_understood(self, desk: Desk) -> None:
        desk.server.weather.throttle(1, format_datetime(datetime.now(UTC) + timedelta(seconds=4), usegmt=True))
        assert desk.plan().state == "review"
        assert 1 < desk.naps[0] <= 4

    def test_a_long_wait_gives_the_worker_back_and_goes_on_later(self, desk: Desk) -> None:
        desk.tenant.hire("Bo", "bo@contoso.example")
        desk.server.weather.throttle(1, "3600")
        waiting = desk.plan()
        assert waiting.state in ("queued", "pulling")
        assert waiting.claim is None
        assert waiting.not_before is not None
        assert not desk.naps
        assert run.waiting(utcnow()) == []
        assert run.waiting(utcnow() + timedelta(hours=2)) == [waiting.id]
        SyncRun.update(not_before=None).execute()
        assert desk.proceed(waiting).state == "review"

    @pytest.mark.parametrize("kind", ["503", "html", "reset", "truncated_gzip"])
    def test_what_is_broken_for_a_moment_is_asked_again(self, desk: Desk, kind: str) -> None:
        desk.tenant.hire("Bo", "bo@contoso.example")
        desk.server.weather.down(2, kind)  # type: ignore[arg-type]
        assert desk.plan().state == "review"

    @pytest.mark.parametrize("kind", ["503", "html", "reset", "truncated_gzip"])
    def test_what_stays_broken_ends_the_run_with_a_sentence(self, desk: Desk, kind: str) -> None:
        desk.server.weather.down(kind=kind)  # type: ignore[arg-type]
        failed = desk.plan()
        assert failed.state == "failed"
        assert failed.error_sentence
        assert failed.error_advice
        assert desk.connection.error_sentence == failed.error_sentence

    @pytest.mark.usefixtures("small_pages")
    def test_a_token_that_expires_in_the_middle_is_renewed(self, company: Desk) -> None:
        company.server.weather.before_page(
            lambda kind, number: company.server.weather.expire_tokens() if (kind, number) == ("users", 3) else None
        )
        assert company.plan().state == "review"


class TestCase17WhoMayAsk:
    def test_an_expired_secret_is_named_and_nothing_is_harmed(self, company: Desk) -> None:
        company.sync()
        before = company.people()
        company.tenant.expire_secret()
        failed = company.plan()
        assert (failed.state, failed.error_code) == ("failed", "AADSTS7000222")
        assert "expired" in str(failed.error_sentence)
        unharmed(company, before)

    def test_withdrawn_consent_is_named_and_nothing_is_harmed(self, company: Desk) -> None:
        company.sync()
        before = company.people()
        company.tenant.withdraw_consent()
        failed = company.plan()
        assert (failed.state, failed.error_code) == ("failed", "Authorization_RequestDenied")
        assert "consent" in str(failed.error_sentence)
        assert failed.error_correlation_id
        unharmed(company, before)

    def test_a_tenant_that_is_not_there_is_named(self, company: Desk) -> None:
        company.settings(tenant_id="11111111-2222-3333-4444-555555555555")
        failed = company.plan()
        assert failed.error_code == "AADSTS90002"


class TestCase18Groups:
    def test_groups_in_a_circle_are_members_of_each_other_and_that_is_all(self, desk: Desk) -> None:
        one = desk.tenant.add_group("One", "security")
        two = desk.tenant.add_group("Two", "security", members=[one])
        desk.tenant.add_member(one, two)
        desk.sync()
        assert desk.members("One") == {"Two"}
        assert desk.members("Two") == {"One"}
        desk.nothing_left()

    def test_a_group_of_thousands_takes_no_request_per_member(self, line: Line) -> None:
        tenant = Tenant.empty(domains=("fabrikam.example",))
        people = [tenant.hire(f"P{n}", f"p{n}@contoso.example") for n in range(3000)]
        tenant.add_group("All", "security", members=people)
        with PracticeServer(tenant) as server:
            line(server)
            desk = Desk(server)
            desk.sync()
            assert len(desk.members("All")) == 3000
            assert len(server.log) < 40
            tenant.remove_member(next(iter(tenant.groups)).id, people[7])
            server.log.clear()
            desk.sync()
            assert len(desk.members("All")) == 2999
            assert len(server.log) < 8


def test_case_19_names_arrive_as_one_harmless_line(desk: Desk) -> None:
    desk.tenant.hire("<script>alert(1)</script>", "s@contoso.example")
    desk.tenant.hire("=SUM(A1:A9)", "f@contoso.example")
    desk.tenant.hire("Bo\r\nBcc: all@contoso.example", "bo@contoso.example")
    desk.sync()
    assert set(desk.people()) == {
        "Ada Admin",
        "<script>alert(1)</script>",
        "=SUM(A1:A9)",
        "Bo Bcc: all@contoso.example",
    }


RECORDINGS = Path(__file__).parents[3] / "shared" / "graph-samples"


@pytest.mark.skipif(not RECORDINGS.exists(), reason="the recorded tenant is not part of the repository")
def test_the_whole_line_runs_on_a_recorded_tenant(line: Line) -> None:
    with PracticeServer(Tenant.recorded(RECORDINGS)) as server:
        line(server)
        desk = Desk(server, domains=("m365x214355.onmicrosoft.com",))
        done = desk.sync()
        assert done.people == 32
        assert done.groups == 32
        assert "Adele Vance" in desk.people()
        assert desk.account("legal2@m365x214355.onmicrosoft.com").type == "functional_account"  # type: ignore[union-attr]
        assert desk.members("Legal Team")
        desk.nothing_left()
