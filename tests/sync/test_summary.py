"""What a summary tells of a period: everything that happened in it once, and what is not over until it is."""

from datetime import datetime, timedelta

import pytest

from ppe.models import Account, Connection, Domain, Organization, SyncChange, SyncRun
from ppe.practice.server import PracticeServer
from ppe.practice.tenant import Tenant
from ppe.sync import report, summary
from ppe.sync.report import Summary
from tests.sync.desk import Desk, say_yes
from tests.sync.night import Night

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture
def night(desk: Desk) -> Night:
    return Night(desk)


def told(night: Night, since: datetime | None = None) -> Summary:
    """The day until now, or until a moment after it."""
    until = night.now + MINUTE
    return summary.gather(night.desk.organization, since or until - DAY, until, until)


def people(desk: Desk, count: int) -> list[str]:
    return [desk.tenant.hire(f"P{number:03}", f"p{number:03}@contoso.example") for number in range(count)]


def words(names: report.Names) -> list[str]:
    return [name.words for name in names.first]


class TestRuns:
    def test_a_day_without_any_says_so(self, night: Night) -> None:
        found = told(night)
        assert (found.sentence, found.runs, found.quiet) == ("Nothing was changed.", (), ())
        assert (found.held, found.problems, found.left_out, found.ending) == ((), (), None, ())

    def test_one_that_found_nothing_is_counted(self, night: Night) -> None:
        for _ in range(3):
            night.done()
        found = told(night)
        assert (found.sentence, found.runs, len(found.quiet)) == ("Nothing was changed.", (), 3)

    def test_by_hand_and_by_the_schedule_with_counts_by_section_and_names(self, desk: Desk, night: Night) -> None:
        ann, bo, _ = people(desk, 3)
        night.done()
        desk.tenant.rename(ann, "Ann Other")
        desk.tenant.block(bo)
        desk.tenant.hire("Cy", "cy@contoso.example")
        planned = desk.plan()
        desk.untick(planned, "Cy")
        desk.accept(planned)
        SyncRun.update(created_at=night.now, finished_at=night.now).where(SyncRun.id == planned.id).execute()
        found = told(night)
        assert found.sentence == "3 added, 1 updated, 1 disabled."
        assert [(run.by, run.state_words) for run in found.runs] == [("the schedule", "Finished"), ("Ada", "Finished")]
        lines = {part.line.title: part for part in found.runs[1].parts}
        assert (lines["Added"].line.done, lines["Added"].line.left_out) == (0, 1)
        assert [(name.words, name.note) for name in lines["Added"].names.first] == [
            ("Cy (cy@contoso.example)", "not ticked")
        ]
        assert words(lines["Updated"].names) == ["Ann Other (p000@contoso.example)"]
        assert words(lines["Disabled"].names) == ["P001 (p001@contoso.example)"]

    def test_the_first_fifty_names_and_how_many_more(self, desk: Desk, night: Night) -> None:
        people(desk, 63)
        night.done()
        (part,) = told(night).runs[0].parts
        assert part.line.done == 63
        assert words(part.names) == [f"P{number:03} (p{number:03}@contoso.example)" for number in range(50)]
        assert part.names.more == 13

    def test_what_went_wrong_comes_before_what_went_well_with_the_reason(self, desk: Desk, night: Night) -> None:
        people(desk, 55)
        done = night.done()
        last = SyncChange.get(SyncChange.run == done, SyncChange.name == "P054")
        stale = SyncChange.get(SyncChange.run == done, SyncChange.name == "P053")
        SyncChange.update(outcome="failed", outcome_reason="The address is\ntaken.").where(
            SyncChange.id == last.id
        ).execute()
        SyncChange.update(outcome="stale", outcome_reason="It moved on.").where(SyncChange.id == stale.id).execute()
        (part,) = told(night).runs[0].parts
        notes = [name.note for name in part.names.first[:3]]
        assert notes == ["failed: The address is taken.", "out of date: It moved on.", ""]
        assert (part.line.failed, part.line.stale, part.names.more) == (1, 1, 5)

    def test_each_is_told_once_in_the_period_in_which_it_ended(self, desk: Desk, night: Night) -> None:
        people(desk, 1)
        ended = night.done().finished_at
        assert ended is not None

        def runs(since: datetime, until: datetime) -> int:
            found = summary.gather(desk.organization, since, until, until)
            return len(found.runs) + len(found.quiet)

        assert [runs(ended - DAY, ended), runs(ended, ended + DAY), runs(ended + MINUTE, ended + DAY)] == [0, 1, 0]

    def test_one_that_goes_on_over_the_end_is_told_as_at_work_and_then_with_its_outcome(
        self, desk: Desk, night: Night
    ) -> None:
        desk.server.weather.throttle(1, "3600")
        night.sync()
        (run,) = told(night).runs
        assert (run.state_words, run.parts) == ("At work", ())
        people(desk, 2)
        night.minute(timedelta(hours=2))
        assert [run.state_words for run in told(night, night.now - MINUTE).runs] == ["Finished"]

    def test_a_dry_run_is_none_of_them(self, desk: Desk, night: Night) -> None:
        people(desk, 1)
        run = night.done()
        SyncRun.update(dry_run=True).where(SyncRun.id == run.id).execute()
        assert (told(night).runs, told(night).quiet) == ((), ())

    def test_a_list_that_waits_is_told_until_somebody_deals_with_it(self, desk: Desk, night: Night) -> None:
        people(desk, 2)
        desk.plan()
        for days in range(3):
            until = night.now + days * DAY + 2 * DAY
            found = summary.gather(desk.organization, until - DAY, until, until)
            assert [run.state_words for run in found.runs] == ["Waits for a review"]

    def test_what_is_left_again_and_again_is_told_once(self, desk: Desk, night: Night) -> None:
        people(desk, 12)
        night.done()
        begin = night.now + MINUTE
        desk.settings(remove_deleted_users=True)
        for person in list(desk.tenant.people)[:8]:
            desk.tenant.delete(person.id)
        for _ in range(4):
            night.done()
        found = told(night, begin)
        assert [[part.line.held for part in run.parts] for run in found.runs] == [[8]]
        assert len(found.quiet) == 3

    def test_a_long_time_tells_the_newest_and_counts_the_others(
        self, desk: Desk, night: Night, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(summary, "RUNS_SHOWN", 2)
        for number in range(5):
            desk.tenant.hire(f"N{number}", f"n{number}@contoso.example")
            night.done()
        found = told(night)
        assert ([words(run.parts[0].names)[0][:2] for run in found.runs], found.earlier) == (["N3", "N4"], 3)
        assert found.sentence == "5 added."


class TestHeld:
    def test_why_how_many_of_what_who_and_where_it_waits(self, desk: Desk, night: Night) -> None:
        hired = people(desk, 12)
        night.done()
        for person in hired[:8]:
            desk.tenant.delete(person)
        desk.tenant.hire("Cy", "cy@contoso.example")
        night.done()
        found = told(night)
        (held,) = found.held
        waiting = SyncRun.get(SyncRun.state == "review")
        assert (held.review_id, held.waits) == (waiting.id, True)
        assert held.sentences == ("8 removals: more than 5 and more than 10 % of 12 accounts.",)
        (part,) = held.parts
        assert (part.line.section, part.line.held, len(part.names.first)) == ("deleting", 8, 8)
        by_title = {part.line.title: part.line for part in found.runs[-1].parts}
        assert (by_title["Added"].done, by_title["Deleted"].done, by_title["Deleted"].held) == (1, 0, 8)

    def test_what_became_of_it(self, desk: Desk, night: Night) -> None:
        hired = people(desk, 12)
        night.done()
        for person in hired[:8]:
            desk.tenant.delete(person)
        night.done()
        waiting = SyncRun.get(SyncRun.state == "review")
        say_yes(waiting, night.now)
        night.minute()
        found = told(night)
        assert [(held.waits, held.became) for held in found.held] == [(False, "accepted by an administrator")]
        assert [(run.by, run.parts[0].line.done) for run in found.runs][-1] == ("Ada", 8)
        later = summary.gather(desk.organization, night.now + MINUTE, night.now + DAY, night.now + DAY)
        assert later.held == ()


class TestFailures:
    def test_why_what_to_do_how_often_and_since_when(self, desk: Desk, night: Night) -> None:
        night.done()
        desk.tenant.withdraw_consent()
        for _ in range(3):
            assert night.sync().state == "failed"
        found = told(night)
        (problem,) = found.problems
        assert "admin consent is missing" in problem.sentence
        assert problem.advice.startswith("Add the application permission")
        assert (problem.times, problem.first < problem.last) == (3, True)
        assert found.failing_since == problem.first
        assert found.next_run == desk.connection.next_sync_at
        assert [run.state_words for run in found.runs] == ["Failed"] * 3


class TestWhoIsLeftOut:
    def test_grouped_by_reason_the_most_frequent_first(self, desk: Desk, night: Night) -> None:
        for number in range(13):
            desk.tenant.hire(f"G{number:02}", f"g{number}@elsewhere.example", guest=True)
        desk.tenant.hire("Nell New", "nell@contoso.example", mailbox=False)
        run = night.done()
        left_out = told(night).left_out
        assert left_out is not None
        assert (left_out.run_id, left_out.count, left_out.more) == (run.id, 14, 0)
        guests, nell = left_out.reasons
        assert (guests.reason, guests.count, len(guests.names.first), guests.names.more) == (
            "A guest: the mailbox is with another organisation.", 13, 10, 3,
        )  # fmt: skip
        assert nell.names.first[0].name == "Nell New"

    def test_reasons_beyond_the_first_are_counted(
        self, desk: Desk, night: Night, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(summary, "REASONS_SHOWN", 1)
        desk.tenant.hire("Gus", "gus@elsewhere.example", guest=True)
        desk.tenant.hire("Nell New", "nell@contoso.example", mailbox=False)
        night.done()
        left_out = told(night).left_out
        assert left_out is not None
        assert (len(left_out.reasons), left_out.more) == (1, 1)

    def test_unregistered_domains_with_how_many_use_them(self, desk: Desk, night: Night) -> None:
        Domain.delete().where(Domain.name == "fabrikam.example").execute()
        for number in range(3):
            desk.tenant.hire(f"F{number}", f"f{number}@fabrikam.example")
        night.done()
        assert told(night).domains == (("fabrikam.example", 3),)


def test_exemptions_that_end_within_a_week(desk: Desk, night: Night) -> None:
    today = night.now.date()
    for days in (-1, 0, 7, 8):
        desk.exempt(name=f"In {days}", last_day=today + timedelta(days=days), address=f"x{days}@contoso.example")
    desk.exempt(name="For ever", address="ever@contoso.example")
    ended = desk.exempt(name="Ended", last_day=today, address="ended@contoso.example")
    ended.ended_at = night.now
    ended.save()
    assert [name for name, _ in told(night).ending] == ["In 0", "In 7"]


def test_the_secret_s_day_and_the_days_until_then(desk: Desk, night: Night) -> None:
    desk.settings(secret_expiry=night.now + 12 * DAY)
    found = told(night)
    assert (found.secret_days, found.secret_expiry) == (12, night.now + 12 * DAY)


def test_moments_are_the_organisation_s_own(desk: Desk, night: Night) -> None:
    Organization.update(time_zone="Asia/Kathmandu").where(Organization.id == desk.organization.id).execute()
    desk.organization = Organization.get_by_id(desk.organization.id)
    night.done()
    found = told(night)
    assert {at.utcoffset() for at in (found.since, found.until, *found.quiet)} == {timedelta(hours=5, minutes=45)}


def test_nobody_of_another_organisation_is_in_it(desk: Desk, night: Night) -> None:
    with PracticeServer(Tenant.empty(domains=("litware.example",))) as server:
        other = Desk(server, "Litware", ("litware.example",))
        for number in range(12):
            server.tenant.hire(f"Litware {number}", f"p{number}@contoso.example", guest=number == 0)
        other.exempt(name="Litware's", last_day=night.now.date(), address="x@litware.example")
        other.settings(sync_frequency=1, next_sync_at=night.slot, failing_since=night.now, secret_expiry=night.now)
        people(desk, 2)
        night.minute(night.slot - night.now)
        assert SyncRun.select().where(SyncRun.organization == other.organization).count() == 1
        SyncRun.update(held_digest="x", state="review").where(SyncRun.organization == other.organization).execute()
        found = told(night)
        assert "litware" not in repr(found).casefold()
        assert (found.failing_since, found.held, found.ending, len(found.runs)) == (None, (), (), 1)
        assert Account.select().where(Account.organization == desk.organization).count() == 3
        assert Connection.select().count() == 2
