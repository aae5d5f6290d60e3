"""What Microsoft 365 says that mailboxes are for: asked by the twenty, over real HTTP, and never needed."""

from datetime import timedelta
from typing import Any

import pytest
from flask import current_app

from ppe.clock import utcnow
from ppe.models import Account, DirectoryObject, SyncRun
from ppe.sync import connection, conversion_choice, purposes, run
from ppe.sync.pull import BUDGET
from tests.databases import on_both_databases
from tests.sync.desk import Desk
from tests.sync.test_killed import kill_in_write, kill_until_it_gets_through
from tests.sync.test_shared_mailboxes import GUESSED, SUGGESTED, row, shared

pytestmark = on_both_databases

KNOWN = "A shared mailbox, says Microsoft 365."


@pytest.fixture
def reader(desk: Desk) -> Desk:
    """A desk whose application may read the settings of mailboxes."""
    desk.tenant.add_mailbox_settings()
    return desk


def many(desk: Desk, count: int) -> None:
    for number in range(count):
        shared(desk, f"Shared{number:03}")


def batches(desk: Desk) -> int:
    return sum(asked.path.endswith("/$batch") for asked in desk.server.log)


def told() -> dict[str, str | None]:
    return {found.display_name: found.mailbox_purpose for found in DirectoryObject.select()}


def test_what_is_known_is_said(reader: Desk) -> None:
    shared(reader)
    shared(reader, "Adams", purpose="room")
    shared(reader, "Projector", purpose="equipment", licensed=True)
    shared(reader, "Leo", purpose="user")
    planned = reader.plan()
    reasons = {name: found.reason for name, found in reader.rows(planned).items()}
    assert reasons == {
        "Support": KNOWN,
        "Adams": "A room mailbox, says Microsoft 365.",
        "Projector": "An equipment mailbox, says Microsoft 365.",
        "Leo": "Sign-in is blocked in the directory, and Microsoft 365 says that the mailbox is a person's:"
        " more likely somebody who left.",
    }
    assert {found.offer for found in reader.rows(planned).values()} == {"functional"}


def test_a_newcomer_who_may_sign_in_is_added_as_ever_and_offered_as_a_functional_account(reader: Desk) -> None:
    shared(reader, "Desk", enabled=True)
    reader.tenant.hire("Bo Berg", "bo@contoso.example", licensed=False)
    planned = reader.plan()
    note = f"{KNOWN} As a functional account it has mail and no sign-in."
    assert row(reader, planned, "Desk") == ("adding", "New in the directory.", [note], "functional")
    assert row(reader, planned, "Bo Berg") == ("adding", "New in the directory.", [], None)
    assert reader.rows(planned)["Desk"].after["type"] == "end_user"
    assert reader.rows(planned)["Desk"].ticked
    chosen = [reader.rows(planned)["Desk"].id]
    assert conversion_choice.choose(planned, chosen, reader.admin, utcnow()) == (1, {})
    reader.accept(planned)
    assert Account.get(Account.display_name == "Desk").type == "functional_account"


def test_an_update_of_a_user_whose_mailbox_is_shared_offers_the_conversion(reader: Desk) -> None:
    desk = shared(reader, "Desk", enabled=True)
    reader.sync()
    reader.tenant.rename(desk, "Front Desk")
    section, _, notes, offer = row(reader, reader.plan(), "Front Desk")
    assert (section, offer) == ("updating", "convert")
    assert notes == [f"{KNOWN} As a functional account it has mail and no sign-in."]


def test_the_last_administrator_is_not_offered_what_would_be_refused(reader: Desk) -> None:
    more: dict[str, Any] = {"object_id": "admin0", "licensed": False, "purpose": "shared"}
    Account.update(directory_id="admin0").where(Account.id == reader.admin.id).execute()
    reader.tenant.hire("Ada Renamed", "ada.admin@contoso.example", **more)
    planned = reader.plan()
    assert told() == {"Ada Renamed": "shared"}
    assert row(reader, planned, "Ada Renamed")[0::2] == ("updating", [])


def test_only_those_are_asked_about_who_may_be_nobodys_own_and_each_once(reader: Desk) -> None:
    shared(reader)
    reader.tenant.hire("Leo Leaver", "leo@contoso.example", enabled=False)
    reader.tenant.hire("Bo Berg", "bo@contoso.example", licensed=False)
    reader.tenant.hire("Clara", "clara@contoso.example")
    reader.tenant.hire("Gina", "gina@northwind.example", guest=True)
    reader.tenant.hire("Nell", "nell@contoso.example", mailbox=False, licensed=False)
    reader.tenant.add_group("Team", "distribution", "team@contoso.example")
    reader.sync()
    asked = {"Support": "shared", "Leo Leaver": "user", "Bo Berg": "user"}
    assert told() == asked | dict.fromkeys(("Clara", "Gina", "Nell", "Team"))
    assert batches(reader) == 1
    reader.server.log.clear()
    reader.sync()
    assert batches(reader) == 0
    assert len(reader.server.log) < 8, "a sync without news asks no more than before"


def test_a_hundred_and_one_mailboxes_take_six_requests(reader: Desk) -> None:
    many(reader, 101)
    reader.plan()
    assert batches(reader) == 6
    assert not [asked for asked in reader.server.log if "mailboxSettings" in asked.path], "never one for each"
    assert set(told().values()) == {"shared"}


def test_without_the_permission_nothing_is_asked(desk: Desk) -> None:
    shared(desk)
    assert row(desk, desk.plan(), "Support")[1] == GUESSED
    assert batches(desk) == 0
    assert desk.connection.reads_mailbox_settings is False


def test_the_permission_granted_later_is_used_by_the_next_sync(desk: Desk) -> None:
    shared(desk)
    desk.plan()
    desk.tenant.add_mailbox_settings()
    assert row(desk, desk.plan(), "Support")[1] == KNOWN
    assert desk.connection.reads_mailbox_settings is True


def test_losing_the_permission_fails_nothing_and_forgets_nothing(reader: Desk) -> None:
    shared(reader)
    reader.sync()
    reader.tenant.remove_mailbox_settings()
    shared(reader, "Sales")
    planned = reader.plan()
    assert (row(reader, planned, "Support")[1], row(reader, planned, "Sales")[1]) == (KNOWN, GUESSED)
    assert reader.connection.reads_mailbox_settings is False


def test_losing_the_permission_while_a_sync_asks_fails_nothing(reader: Desk) -> None:
    many(reader, 45)
    reader.server.weather.before_page(lambda kind, _: reader.tenant.remove_mailbox_settings())
    planned = reader.plan()
    assert (planned.state, row(reader, planned, "Shared007")[1]) == ("review", GUESSED)
    assert set(told().values()) == {""}
    reader.server.weather.calm()
    reader.tenant.add_mailbox_settings()
    reader.server.log.clear()
    reader.plan()
    assert batches(reader) == 0, "not again on the same day"
    tomorrow = utcnow() + purposes.AGAIN + timedelta(minutes=1)
    begun = run.start(reader.connection, by=None, by_name="Ada", send_welcome_mails=False, now=tomorrow)
    run.proceed(begun.id, lambda: tomorrow, reader.wire())
    assert (batches(reader), set(told().values())) == (3, {"shared"})


def test_a_mailbox_that_is_not_told_stays_guessed_and_stops_none_of_the_others(reader: Desk) -> None:
    hidden = shared(reader, "Hidden")
    shared(reader)
    listed = reader.plan()
    assert set(told().values()) == {"shared"}
    DirectoryObject.update(mailbox_purpose=None).execute()
    reader.tenant.delete(hidden)  # Exchange knows it no more, and the mirror still does
    DirectoryObject.update(removed_in_run=None).execute()
    reader.server.weather.empty_listing()
    planned = reader.plan()
    assert planned.state == listed.state == "review"
    assert told() == {"Hidden": "", "Support": "shared"}


def test_a_mailbox_is_asked_about_again_when_it_stands_differently(reader: Desk) -> None:
    leo = reader.tenant.hire("Leo Leaver", "leo@contoso.example")
    reader.sync()
    assert told() == {"Leo Leaver": None}
    reader.tenant.block(leo)
    reader.plan()
    assert told() == {"Leo Leaver": "user"}
    reader.tenant.set_purpose(leo, "shared")
    reader.tenant.take_licence(leo)
    section, _, notes, _ = row(reader, reader.plan(), "Leo Leaver")
    assert (section, notes) == ("disabling", [SUGGESTED.replace(GUESSED, KNOWN)])
    reader.tenant.allow(leo)
    reader.tenant.give_licence(leo)
    reader.plan()
    assert told() == {"Leo Leaver": None}


def test_those_who_are_throttled_are_asked_again_after_the_longest_wait(reader: Desk) -> None:
    many(reader, 30)
    reader.server.weather.throttle_parts("0.5", "3.5", None, "1.5", "0.5", "0.5", "0.5")
    planned = reader.plan()
    assert (planned.state, set(told().values())) == ("review", {"shared"})
    assert reader.naps == [3.5]
    assert batches(reader) == 2, "the seven and the ten that were left, together with each other"


def test_a_long_wait_puts_the_run_back_and_keeps_what_was_told(reader: Desk) -> None:
    many(reader, 25)
    reader.server.weather.throttle_parts(*["120"] * 5)
    begun = reader.begin()
    paused = reader.proceed(begun)
    assert (paused.state, paused.claim) == ("pulling", None)
    assert paused.not_before is not None
    assert paused.not_before > utcnow() + timedelta(seconds=110)
    assert list(told().values()).count("shared") == 15
    later = utcnow() + timedelta(minutes=3)
    run.proceed(begun.id, lambda: later, reader.wire())
    assert (SyncRun.get_by_id(begun.id).state, set(told().values())) == ("review", {"shared"})
    assert batches(reader) == 2


def test_who_is_throttled_again_and_again_waits_longer_each_time_and_then_gives_way(reader: Desk) -> None:
    many(reader, 3)
    reader.server.weather.throttle_parts(*[None] * 100)
    paused = reader.plan()
    assert (paused.state, paused.throttles) == ("pulling", 1)
    assert len(reader.naps) == 4
    assert reader.naps == sorted(reader.naps)


def test_purposes_may_cost_half_of_the_time_and_not_the_sync(reader: Desk) -> None:
    shared(reader)
    reader.server.weather.throttle_parts(*[str(BUDGET.total_seconds())] * 100)
    planned = reader.plan()
    assert (planned.state, row(reader, planned, "Support")[1]) == ("review", GUESSED)


@pytest.mark.parametrize("weather", [{"kind": "503"}, {"kind": "html"}, {"kind": "reset"}])
def test_a_batch_that_fails_as_a_whole_fails_no_sync(
    reader: Desk, monkeypatch: pytest.MonkeyPatch, weather: dict[str, Any]
) -> None:
    shared(reader)
    ask = purposes.Purposes.ask

    def in_bad_weather(self: purposes.Purposes, *until: Any) -> None:
        reader.server.weather.down(**weather)
        ask(self, *until)
        reader.server.weather.calm()

    monkeypatch.setattr(purposes.Purposes, "ask", in_bad_weather)
    planned = reader.plan()
    assert (planned.state, row(reader, planned, "Support")[1]) == ("review", GUESSED)
    monkeypatch.undo()
    assert row(reader, reader.plan(), "Support")[1] == KNOWN


@pytest.mark.slow
def test_killed_between_two_batches_it_goes_on_with_the_next(reader: Desk) -> None:
    many(reader, 45)
    reader.server.weather.throttle_parts(*["120"] * 20)
    begun = reader.begin()
    reader.proceed(begun)
    SyncRun.update(not_before=None).execute()
    writes_of_a_batch = 3  # the purposes, the accounts that agree, and the rows of the review
    kill_in_write(begun, writes_of_a_batch + 1)
    assert list(told().values()).count("shared") == 20
    assert run.waiting(utcnow()) == [begun.id]
    planned = reader.proceed(begun)
    assert (planned.state, set(told().values())) == ("review", {"shared"})
    assert batches(reader) == 1 + 2 + 2, "throttled; kept and lost; the lost one and the last"


@pytest.mark.slow
def test_killed_at_every_write_everybody_is_told_once_and_nothing_is_lost(reader: Desk) -> None:
    many(reader, 45)
    begun = reader.begin()
    assert kill_until_it_gets_through(reader, begun, step=3) >= 3
    planned = SyncRun.get_by_id(begun.id)
    assert (planned.state, set(told().values())) == ("review", {"shared"})
    assert {found.reason for found in reader.rows(planned).values()} == {KNOWN}
    assert len(reader.rows(planned)) == 45


def test_a_test_of_the_connection_says_whether_it_is_granted(desk: Desk) -> None:
    settings = current_app.config["SETTINGS"]
    tested = connection.verify(desk.connection, settings, utcnow())
    assert (tested.error_sentence, tested.reads_mailbox_settings) == (None, False)
    desk.tenant.add_mailbox_settings()
    assert connection.verify(tested, settings, utcnow()).reads_mailbox_settings is True
