"""Cases 9 and 10: what is over a limit waits for a person, the rest goes through, and a yes is to that list alone."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from ppe.clock import utcnow
from ppe.errors import Refused
from ppe.models import Account, Mail, SyncChange, SyncChangeMember, SyncRun
from ppe.practice.server import PracticeServer
from ppe.practice.tenant import Tenant
from ppe.sync import review, run, unattended
from tests.sync.conftest import Line
from tests.sync.desk import Desk, say_yes
from tests.sync.night import Night, waiting_review

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


class Company:
    """Sixty people, all in one group, and a night in which they are synced."""

    def __init__(self, desk: Desk, people: int = 60, hours: int = 1) -> None:
        self.desk, self.tenant = desk, desk.tenant
        self.people = [desk.tenant.hire(f"P{n:02}", f"p{n:02}@contoso.example") for n in range(people)]
        self.group = desk.tenant.add_group("All", "security", members=self.people)
        self.night = Night(desk, hours)
        self.night.done()

    def remove(self, count: int) -> None:
        for somebody in self._take(count):
            self.tenant.delete(somebody)

    def block(self, count: int) -> None:
        for somebody in self._take(count):
            self.tenant.block(somebody)

    def move(self, count: int) -> None:
        for somebody in self._take(count):
            self.tenant.set_primary(somebody, f"new.{somebody[:8]}@contoso.example")

    def leave(self, count: int) -> None:
        for somebody in self._take(count):
            self.tenant.remove_member(self.group, somebody)

    def _take(self, count: int) -> list[str]:
        taken, self.people = self.people[:count], self.people[count:]
        return taken


@pytest.fixture
def desk(line: Line) -> Iterator[Desk]:
    """With pages of the usual size: what is tried here is not the pull."""
    with PracticeServer(Tenant.empty(domains=("fabrikam.example",))) as server:
        line(server)
        yield Desk(server)


@pytest.fixture
def company60(desk: Desk) -> Company:
    return Company(desk)


def waiting() -> SyncRun:
    found = waiting_review()
    assert found is not None
    return found


def accept(desk: Desk, held: SyncRun, night: Night) -> SyncRun:
    say_yes(held, night.now)
    run.proceed(held.id, night.clock, desk.wire())
    done: SyncRun = SyncRun.get_by_id(held.id)
    assert done.state == "done"
    return done


KINDS: dict[str, Callable[[Company, int], None]] = {
    "removals": Company.remove,
    "disablings": Company.block,
    "primaries": Company.move,
    "leavings": Company.leave,
}


class TestCase09Limits:
    @pytest.mark.parametrize("kind", KINDS)
    def test_at_a_tenth_everything_goes_through_and_one_more_is_held(self, desk: Desk, kind: str) -> None:
        company = Company(desk, hours=24)
        # The group counts among the accounts of which a tenth may go, and has no primary address.
        KINDS[kind](company, 6)
        at = company.night.done()
        assert (at.held, at.applied > 0) == ([], True)
        company.night.now += 2 * DAY
        base = {"removals": 55, "disablings": 54, "primaries": 60, "leavings": 54}[kind]
        KINDS[kind](company, base // 10 + 1)
        above = company.night.done()
        assert [(one["kind"], one["rows"]) for one in above.held] == [(kind, base // 10 + 1)]
        assert above.applied == 0
        assert waiting().held == above.held

    @pytest.mark.parametrize("kind", KINDS)
    def test_of_a_few_five_may_go_whatever_the_percentage(self, desk: Desk, kind: str) -> None:
        company = Company(desk, people=7, hours=24)
        KINDS[kind](company, 5)
        assert company.night.done().held == []

    @pytest.mark.parametrize("kind", KINDS)
    def test_a_limit_of_nothing_holds_the_first(self, desk: Desk, kind: str) -> None:
        company = Company(desk)
        desk.settings(limits={kind: [0, 0]})
        KINDS[kind](company, 1)
        assert [one["kind"] for one in company.night.done().held] == [kind]

    @pytest.mark.parametrize("kind", KINDS)
    def test_small_runs_in_a_row_do_not_slip_under_and_a_day_later_they_may(self, desk: Desk, kind: str) -> None:
        company = Company(desk)
        for _ in range(2):
            KINDS[kind](company, 3)
            assert company.night.done().held == []
        KINDS[kind](company, 2)
        held = company.night.done()
        assert [(one["kind"], one["rows"], one["lately"]) for one in held.held] == [(kind, 2, 6)]
        assert held.held[0]["base"] == 60, "what was done lately counts as what there was"
        company.night.now += DAY
        assert company.night.done().held == []
        assert waiting_review() is None

    def test_with_nobody_here_yet_nothing_is_divided_and_nothing_held(self, desk: Desk) -> None:
        night = Night(desk)
        assert night.done().held == []
        for number in range(20):
            desk.tenant.hire(f"P{number}", f"p{number}@contoso.example", enabled=number % 2 == 0)
        assert night.done().held == []

    def test_what_a_person_accepted_does_not_count(self, desk: Desk, company60: Company) -> None:
        company60.remove(20)
        desk.sync()
        company60.night.now = max(company60.night.now, utcnow())
        company60.remove(4)
        done = company60.night.done()
        assert (done.held, done.applied) == ([], 4)

    def test_a_deactivation_that_moves_the_address_too_counts_as_both(self, desk: Desk, company60: Company) -> None:
        for somebody in company60.people[:7]:
            company60.tenant.set_primary(somebody, f"new.{somebody[:8]}@contoso.example")
            company60.tenant.block(somebody)
        held = company60.night.done()
        assert [(one["kind"], one["rows"]) for one in held.held] == [("disablings", 7), ("primaries", 7)]
        assert SyncChange.select().where(SyncChange.run == waiting()).count() == 7

    def test_only_the_kind_that_is_over_is_held(self, desk: Desk, company60: Company) -> None:
        company60.remove(20)
        company60.block(3)
        company60.move(2)
        hired = company60.tenant.hire("New", "new@contoso.example")
        company60.tenant.add_member(company60.group, hired)
        done = company60.night.done()
        assert [one["kind"] for one in done.held] == ["removals"]
        assert {row.section for row in desk.rows(waiting()).values()} == {"deleting"}
        assert "New" in desk.members("All")
        assert Account.select().where(Account.active == False).count() == 3  # noqa: E712 - peewee's way
        assert len(desk.members("All")) == 61, "who is held is still in the group whose change went through"

    def test_limits_are_the_connections_own(self, desk: Desk, company60: Company) -> None:
        desk.settings(limits={"removals": [30, 10]})
        company60.remove(20)
        assert company60.night.done().held == []


class TestCase10ApprovalBindsToTheList:
    def test_the_same_rows_wait_in_the_same_list_and_are_told_once(self, desk: Desk, company60: Company) -> None:
        company60.remove(20)
        first = company60.night.done()
        held = waiting()
        review.tick(held, False, change_ids=[desk.rows(held)["P00"].id])
        for _ in range(5):
            again = company60.night.done()
            assert again.held[0]["rows"] == 20
            assert SyncChange.select().where(SyncChange.run == again).count() == 0, "they wait elsewhere already"
            assert waiting().id == held.id
        assert SyncChange.select().where(SyncChange.run == held, ~SyncChange.ticked).count() == 1
        assert company60.night.mails() == ["sync_held"]
        told = Mail.get().details
        assert told["run"] == held.id
        assert told["sentences"] == ["20 removals: more than 5 and more than 10 % of 60 accounts."]
        assert first.held == held.held

    def test_accepting_carries_out_those_rows_alone_and_raises_no_limit(self, desk: Desk, company60: Company) -> None:
        company60.remove(20)
        company60.night.done()
        limits, held = desk.connection.limits, waiting()
        review.tick(held, False, change_ids=[desk.rows(held)["P00"].id])
        company60.remove(9)  # after the list was made
        done = accept(desk, held, company60.night)
        assert (done.to_apply, done.applied, done.accepted_by_name) == (19, 19, "Ada")
        gone = set(Account.select(Account.display_name).where(Account.removed_at.is_null(False)).tuples())
        assert gone == {(f"P{number:02}",) for number in range(1, 20)}
        assert desk.connection.limits == limits
        again = company60.night.done()
        assert [(one["kind"], one["rows"], one["lately"]) for one in again.held] == [("removals", 10, 0)]

    def test_the_next_episode_is_told_again(self, desk: Desk, company60: Company) -> None:
        company60.remove(10)
        company60.night.done()
        accept(desk, waiting(), company60.night)
        company60.remove(10)
        company60.night.done()
        assert company60.night.mails() == ["sync_held", "sync_held"]

    def test_an_episode_that_ends_by_itself_is_over_too(self, desk: Desk, company60: Company) -> None:
        gone = company60.people[:10]
        company60.remove(10)
        company60.night.done()
        held = waiting()
        for somebody in gone:
            company60.tenant.restore(somebody)
        company60.night.done()
        assert SyncRun.get_by_id(held.id).state == "superseded"
        assert desk.connection.holding_since is None
        for somebody in gone:
            company60.tenant.delete(somebody)
        company60.night.done()
        assert company60.night.mails() == ["sync_held", "sync_held"]

    def test_a_list_that_changed_supersedes_and_is_not_told_within_the_episode(
        self, desk: Desk, company60: Company
    ) -> None:
        company60.remove(10)
        company60.night.done()
        older = waiting()
        company60.remove(1)
        company60.night.done()
        newer = waiting()
        assert (newer.id != older.id, SyncRun.get_by_id(older.id).state) == (True, "superseded")
        with pytest.raises(Refused, match="A newer sync has replaced this list"):
            review.accept(SyncRun.get_by_id(older.id), "Ada", company60.night.now)
        assert len(desk.rows(newer)) == 11
        assert company60.night.mails() == ["sync_held"]

    def test_a_row_whose_account_changed_since_is_refused_and_the_others_are_not(
        self, desk: Desk, company60: Company
    ) -> None:
        company60.remove(10)
        company60.night.done()
        Account.update(mobile="by hand", version=Account.version + 1).where(Account.display_name == "P03").execute()
        done = accept(desk, waiting(), company60.night)
        outcomes = {name: row.outcome for name, row in desk.rows(done).items()}
        assert outcomes == {f"P{number:02}": "stale" if number == 3 else "done" for number in range(10)}

    def test_who_is_back_in_the_directory_is_not_removed_by_an_older_list(self, desk: Desk, company60: Company) -> None:
        back = company60.people[0]
        company60.remove(10)
        company60.night.done()
        older = waiting()
        company60.tenant.restore(back)
        company60.night.done()
        newer = waiting()
        assert newer.id != older.id
        accept(desk, newer, company60.night)
        assert Account.get(Account.directory_id == back).removed_at is None

    def test_a_yes_while_the_next_sync_is_at_work_is_refused_and_loses_nothing(
        self, desk: Desk, company60: Company
    ) -> None:
        company60.remove(10)
        company60.night.done()
        held = waiting()
        company60.night.now = company60.night.slot
        (at_work,) = company60.night.begin_due()
        with pytest.raises(Refused, match="Another sync is at work"):
            say_yes(held, company60.night.now)
        run.proceed(at_work, company60.night.clock, desk.wire())
        assert waiting().id == held.id
        accept(desk, held, company60.night)
        assert len(desk.people()) == 52

    def test_a_yes_delays_the_next_sync_which_then_finds_it_done(self, desk: Desk, company60: Company) -> None:
        company60.remove(10)
        company60.night.done()
        held, slot = waiting(), company60.night.slot
        say_yes(held, company60.night.now)
        company60.night.now = slot
        assert unattended.begin(desk.connection_id, slot) is None
        run.proceed(held.id, company60.night.clock, desk.wire())
        (begun,) = company60.night.minute()
        ended = SyncRun.get_by_id(begun)
        assert (ended.state, ended.held, ended.applied) == ("done", [], 0)

    def test_a_list_that_a_person_threw_away_comes_back_without_another_mail(
        self, desk: Desk, company60: Company
    ) -> None:
        company60.remove(10)
        company60.night.done()
        run.cancel(waiting(), "Ada", company60.night.now)
        company60.night.done()
        assert len(desk.rows(waiting())) == 10
        assert company60.night.mails() == ["sync_held"]

    def test_exempting_a_held_row_takes_it_out_for_good(self, desk: Desk, company60: Company) -> None:
        company60.remove(10)
        company60.night.done()
        held = waiting()
        review.exempt(held, [desk.rows(held)["P00"].id], "is on leave", None, "Ada", company60.night.now)
        company60.night.done()
        assert len(desk.rows(waiting(), "deleting")) == 9
        accept(desk, waiting(), company60.night)
        assert "P00" in desk.people()

    def test_an_unheld_connection_has_no_list_left(self, desk: Desk, company60: Company) -> None:
        company60.remove(20)
        company60.night.done()
        desk.settings(limits={"removals": [100, 10]})
        done = company60.night.done()
        assert (done.held, done.applied, waiting_review()) == ([], 20, None)


class TestWhatHangsTogether:
    def test_who_takes_over_an_address_of_somebody_held_waits_with_them(self, desk: Desk, company60: Company) -> None:
        heir, other = company60.people[50], company60.people[51]
        company60.remove(10)
        company60.tenant.add_alias(heir, "p03@contoso.example")
        company60.tenant.add_alias(other, "other.alias@contoso.example")
        company60.night.done()
        assert set(desk.rows(waiting())) == {*(f"P{number:02}" for number in range(10)), "P50"}
        assert desk.people()["P50"][1] == set()
        assert desk.people()["P51"][1] == {"other.alias@contoso.example"}
        company60.night.done()
        accept(desk, waiting(), company60.night)
        assert desk.people()["P50"][1] == {"p03@contoso.example"}
        assert company60.night.done().applied == 0

    def test_a_newcomer_who_waits_joins_the_group_when_accepted(self, desk: Desk, company60: Company) -> None:
        """The group's change goes through without them; the next sync puts them where they belong."""
        company60.remove(10)
        new = company60.tenant.hire("New", "n@contoso.example", aliases=["p03@contoso.example"])
        company60.tenant.add_member(company60.group, new)
        company60.night.done()
        assert "New" in desk.rows(waiting())
        assert "New" not in desk.people()
        accept(desk, waiting(), company60.night)
        company60.night.done()
        assert "New" in desk.members("All")
        assert company60.night.done().applied == 0

    def test_members_taken_wait_with_their_group_and_arrive_when_accepted(self, desk: Desk, company60: Company) -> None:
        company60.leave(20)
        joiner = company60.tenant.hire("New", "n@contoso.example")
        company60.tenant.add_member(company60.group, joiner)
        company60.night.done()
        held = waiting()
        assert set(desk.rows(held)) == {"All"}
        assert SyncChangeMember.select().where(SyncChangeMember.change == desk.rows(held)["All"]).count() == 21
        assert "New" in desk.people()
        again = company60.night.done()
        # The joiner has an account by now, which changes nothing about the list.
        assert (again.held[0]["rows"], waiting().id) == (20, held.id)
        assert SyncChange.select().where(SyncChange.run == again).count() == 0
        accept(desk, held, company60.night)
        assert desk.members("All") == {"New", *(f"P{number:02}" for number in range(20, 60))}
        assert company60.night.done().applied == 0

    def test_who_is_held_and_in_a_group_that_changes_leaves_it_with_the_account(
        self, desk: Desk, company60: Company
    ) -> None:
        company60.remove(10)
        company60.leave(2)
        company60.night.done()
        assert len(desk.members("All")) == 58
        accept(desk, waiting(), company60.night)
        assert len(desk.members("All")) == 48
        assert company60.night.done().applied == 0
