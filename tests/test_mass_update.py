"""A mass update on its way through the worker: prepared, looked at, applied; each account once, whatever happens
meanwhile."""

import os
import signal
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from ppe import accounts, db, exemptions, outbox, person, switching, tasks, work
from ppe.clock import utcnow
from ppe.errors import Refused
from ppe.mass_update import applying, beginning, deciding, forgetting, line, preparing, review
from ppe.mass_update.choices import Choices
from ppe.models import (
    ADMIN,
    END_USER,
    FUNCTIONAL,
    PERSON_TYPES,
    ROW_STANDINGS,
    SILENT_USER,
    Account,
    AuditEvent,
    Exemption,
    Mail,
    MassUpdate,
    MassUpdateRow,
    SignInSession,
)
from ppe.paging import FIRST, Position
from ppe.people import Seen, set_active
from ppe.search import Filter
from tests.conftest import People, add_account


@pytest.fixture
def desk(app: Flask, people: People) -> Iterator[People]:
    with app.app_context(), db.database.connection_context():
        yield people


def begun(
    people: People, *ticked: int, wanted: Filter | None = None, types: tuple[str, ...] = PERSON_TYPES, **choices: Any
) -> MassUpdate:
    """For these accounts, or without any for all that the filter finds."""
    ids = list(ticked) if wanted is None else None
    return beginning.begin(types, ids, wanted or Filter(), Choices(**choices), people.ada, utcnow())


def proceed(one: MassUpdate) -> MassUpdate:
    line.proceed(one.id, utcnow)
    found: MassUpdate = MassUpdate.get_by_id(one.id)
    return found


def applied(one: MassUpdate, by: Account) -> MassUpdate:
    ready = proceed(one)
    assert ready.state == "review"
    review.accept(ready, by, utcnow())
    return proceed(ready)


def rows(one: MassUpdate) -> dict[str, tuple[str, dict[str, Any], dict[str, Any], str]]:
    found = MassUpdateRow.select().where(MassUpdateRow.mass_update == one.id)
    return {row.name: (row.standing, row.before, row.after, row.reason) for row in found}


def crowd(people: People, count: int, **columns: Any) -> list[Account]:
    made = [
        Account.create(organization=people.contoso, type=END_USER, display_name=f"P{n:03}", created_at=utcnow())
        for n in range(count)
    ]
    if columns:
        Account.update(**columns).where(Account.id << [one.id for one in made]).execute()
    return made


def again(account: Account) -> Account:
    found: Account = Account.get_by_id(account.id)
    return found


def test_a_preview_says_of_each_account_what_would_change_and_changes_nothing(desk: People) -> None:
    silent = add_account(desk.contoso, SILENT_USER, "Sal", "sal@contoso.example")
    one = proceed(begun(desk, desk.bob.id, silent.id, desk.ada.id, role=SILENT_USER, digest="on"))
    assert (one.state, one.expected, one.to_change, one.left_out) == ("review", 3, 2, 1)
    assert rows(one) == {
        "Bob": (
            "to_do", {"type": END_USER, "receives_digest": False}, {"type": SILENT_USER, "receives_digest": True}, "",
        ),
        "Sal": ("to_do", {"receives_digest": False}, {"receives_digest": True}, ""),
        "Ada": ("left_out", {}, {}, deciding.ADMINISTRATOR),
    }  # fmt: skip
    assert (again(desk.bob).version, AuditEvent.select().count()) == (1, 0)


def test_applying_changes_what_the_preview_said_and_is_one_action_in_the_audit(desk: People) -> None:
    SignInSession.create(
        account=desk.bob, token_hash="x", role=END_USER, first_step="password", created_at=utcnow(),
        confirmed_at=utcnow(), seen_at=utcnow(), expires_at=utcnow() + timedelta(days=1),
    )  # fmt: skip
    Account.update(directory_id="b", directory_fingerprint="f").where(Account.id == desk.bob.id).execute()
    one = applied(begun(desk, desk.bob.id, role=SILENT_USER, digest="on", state="not_active"), desk.ada)
    assert (one.state, one.changed, one.not_changed) == ("done", 1, 0)
    bob = again(desk.bob)
    assert (bob.type, bob.receives_digest, bob.active, bob.deactivated_by, bob.version) == (
        SILENT_USER, True, False, "administrator", 2,
    )  # fmt: skip
    assert bob.directory_fingerprint is None, "the next sync looks anew"
    assert not SignInSession.select().exists()
    begin, finish = AuditEvent.select().order_by(AuditEvent.id)
    assert (begin.action, begin.actor, begin.subject) == ("mass update", "Ada", "1 account ticked")
    assert begin.details["what"] == {
        "Role": "Silent User", "Quarantine digest": "Received", "State": "Not active",
    }  # fmt: skip
    assert (begin.details["to change"], begin.details["left out"]) == (1, 0)
    assert (finish.action, finish.details) == (
        "mass update finished", {"mass update": one.id, "changed": 1, "not changed": 0},
    )  # fmt: skip
    (told,) = person.mass_updates(bob)
    assert (told.mass_update_id, told.after["type"]) == (one.id, SILENT_USER)


def test_a_filter_stands_for_all_that_it_finds_and_the_audit_says_which(desk: People) -> None:
    crowd(desk, preparing.BATCH + 3)
    add_account(desk.fabrikam, END_USER, "P000", "p@fabrikam.example")
    one = applied(begun(desk, wanted=Filter(text="p0", role=END_USER), digest="on"), desk.ada)
    assert (one.expected, one.changed) == (100, 100)
    everybody = applied(begun(desk, wanted=Filter(role=END_USER), digest="on"), desk.ada)
    number = preparing.BATCH + 4
    assert (everybody.expected, everybody.changed, everybody.left_out) == (number, number - 100, 100)
    assert not Account.select().where(Account.organization == desk.fabrikam, Account.receives_digest).exists()
    told = [event.details.get("filter") for event in AuditEvent.select().order_by(AuditEvent.id)]
    assert told == [{"text": "p0", "role": END_USER}, None, {"role": END_USER}, None]


def test_what_can_be_ticked_is_of_ones_own_organisation_and_list(desk: People) -> None:
    desk_account = add_account(desk.contoso, FUNCTIONAL, "Desk", "desk@contoso.example")
    ids = [desk.bob.id, desk.eve.id, desk_account.id, 999_999, desk.bob.id]
    assert beginning.known(desk.contoso.id, PERSON_TYPES, ids) == [desk.bob.id]


def test_people_become_functional_accounts_whose_mail_flows(desk: People) -> None:
    Account.update(active=False, deactivated_by="sync", directory_id="b").where(Account.id == desk.bob.id).execute()
    una = add_account(desk.contoso, END_USER, "Una", "una@contoso.example")
    moved = add_account(desk.contoso, END_USER, "Max", "max@contoso.example")
    ready = proceed(begun(desk, desk.bob.id, una.id, moved.id, desk.ada.id, role=FUNCTIONAL, digest="on"))
    assert rows(ready)["Bob"][1:3] == (
        {"type": END_USER, "receives_digest": False, "active": False},
        {"type": FUNCTIONAL, "receives_digest": True, "active": True},
    )
    Account.update(version=2).where(Account.id == moved.id).execute()
    review.accept(ready, desk.ada, utcnow())
    done = proceed(ready)
    assert (done.changed, done.not_changed, done.left_out) == (2, 1, 1)
    for account in (desk.bob, una):
        found = again(account)
        assert (found.type, found.active, found.deactivated_by, found.receives_digest) == (FUNCTIONAL, True, None, True)
        assert (found.password_hash, found.converted_at is not None) == (None, True)
    assert again(moved).type == END_USER
    assert {event.action for event in AuditEvent.select()} == {"mass update", "mass update finished"}


def test_functional_accounts_get_digest_exemption_and_state(desk: People) -> None:
    info = add_account(desk.contoso, FUNCTIONAL, "Info", "info@contoso.example")
    one = applied(
        begun(desk, info.id, types=(FUNCTIONAL,), digest="on", state="not_active", exemption="exempt"), desk.ada
    )
    assert one.changed == 1
    found = again(info)
    assert (found.type, found.receives_digest, found.active) == (FUNCTIONAL, True, False)
    assert exemptions.covering(found, "info@contoso.example", utcnow().date()) is not None


def test_who_acts_is_not_deactivated_and_the_last_administrator_stays(desk: People) -> None:
    amy = add_account(desk.contoso, ADMIN, "Amy", "amy@contoso.example")
    ready = proceed(begun(desk, desk.ada.id, amy.id, desk.bob.id, state="not_active"))
    assert rows(ready)["Ada"][3] == "You can't deactivate yourself. Another administrator can."
    assert ready.to_change == 2
    # Meanwhile Ada's role is taken away, so that Amy is the last one; and it is Bob's boss who applies it.
    review.accept(ready, desk.ada, utcnow())
    Account.update(type=END_USER).where(Account.id == desk.ada.id).execute()
    done = proceed(ready)
    assert (done.changed, done.not_changed) == (1, 1)
    assert rows(done)["Amy"] == (
        "not_changed", {"active": True}, {"active": False},
        "The last active administrator can be neither disabled nor removed.",
    )  # fmt: skip
    assert (again(amy).active, again(desk.bob).active) == (True, False)


def test_whoever_applies_it_is_not_deactivated_by_somebody_elses_preview(desk: People) -> None:
    amy = add_account(desk.contoso, ADMIN, "Amy", "amy@contoso.example")
    done = applied(begun(desk, amy.id, desk.bob.id, state="not_active"), amy)
    assert (done.changed, done.not_changed, again(amy).active) == (1, 1, True)
    assert "yourself" in rows(done)["Amy"][3]


def test_an_account_that_changed_meanwhile_is_left_and_named_and_the_others_go_through(desk: People) -> None:
    moved, gone, *others = crowd(desk, 6)
    ready = proceed(begun(desk, wanted=Filter(text="p0"), state="not_active", exemption="exempt", digest="on"))
    assert {row[3] for row in rows(ready).values()} == {
        "It has no address, and nothing in the directory stands behind it: there is nothing to exempt."
    }
    ready = proceed(begun(desk, wanted=Filter(text="p0"), digest="on"))
    set_active(desk.contoso.id, [Seen(moved.id, 1)], desk.ada, utcnow(), active=False)
    Account.update(removed_at=utcnow(), version=2).where(Account.id == gone.id).execute()
    review.accept(ready, desk.ada, utcnow())
    done = proceed(ready)
    assert (done.changed, done.not_changed) == (4, 2)
    assert rows(done)["P000"][3] == rows(done)["P001"][3] == applying.MOVED_ON
    assert not again(moved).receives_digest
    assert all(again(other).receives_digest for other in others)


@pytest.mark.parametrize("choices", [{"exemption": "exempt"}, {"welcome": "everybody"}, {"exemption": "end"}])
def test_that_holds_for_what_is_not_a_field_of_the_account_too(desk: People, choices: dict[str, Any]) -> None:
    if choices.get("exemption") == "end":
        exemptions.add(desk.contoso.id, "bob@contoso.example", "", None, "Ada", utcnow())
    ready = proceed(begun(desk, desk.bob.id, **choices))
    Account.update(version=2).where(Account.id == desk.bob.id).execute()
    before = exemptions.in_force(desk.contoso.id, utcnow().date()).count()
    review.accept(ready, desk.ada, utcnow())
    assert rows(proceed(ready))["Bob"][3] == applying.MOVED_ON
    assert exemptions.in_force(desk.contoso.id, utcnow().date()).count() == before
    assert not Mail.select().exists()


def test_what_needs_no_change_is_left_out_whatever_it_is(desk: People) -> None:
    """Whoever the directory deactivated stays deactivated by the directory, which may let them in again."""
    Account.update(active=False, deactivated_by="sync").where(Account.id == desk.bob.id).execute()
    assert rows(proceed(begun(desk, desk.bob.id, state="not_active")))["Bob"][3] == "It stands so already."
    applied(begun(desk, desk.bob.id, state="not_active", digest="on"), desk.ada)
    assert (again(desk.bob).deactivated_by, again(desk.bob).receives_digest) == ("sync", True)
    Account.update(removed_at=utcnow()).where(Account.id == desk.bob.id).execute()
    assert rows(proceed(begun(desk, desk.bob.id, digest="off")))["Bob"][3] == "It is removed."


def test_exemptions_begin_with_reason_and_last_day_and_end(desk: People) -> None:
    day = (utcnow() + timedelta(days=9)).date()
    Account.update(directory_id="object-b").where(Account.id == desk.bob.id).execute()
    exempt: dict[str, Any] = {"exemption": "exempt", "reason": "on leave", "last_day": day.isoformat()}
    assert applied(begun(desk, desk.bob.id, desk.ada.id, **exempt), desk.ada).changed == 2
    told = [(e.object_id, e.address, e.name, e.name_key, e.reason, e.last_day) for e in Exemption.select()]
    assert sorted(told, key=str) == [
        ("object-b", "bob@contoso.example", "Bob", "bob", "on leave", day),
        (None, "ada@contoso.example", "Ada", "ada", "on leave", day),
    ]
    same = proceed(begun(desk, desk.bob.id, **exempt))
    assert same.to_change == 0
    other = applied(begun(desk, desk.bob.id, exemption="exempt"), desk.ada)
    assert rows(other)["Bob"][1]["exemption"] == {"reason": "on leave", "last_day": day.isoformat()}
    assert exemptions.in_force(desk.contoso.id, utcnow().date()).count() == 2
    assert applied(begun(desk, desk.bob.id, desk.ada.id, exemption="end"), desk.ada).changed == 2
    assert exemptions.in_force(desk.contoso.id, utcnow().date()).count() == 0
    assert {event.action for event in AuditEvent.select()} == {"mass update", "mass update finished"}


def test_an_exemption_by_address_alone_ends_too(desk: People) -> None:
    exemptions.add(desk.contoso.id, "bob@contoso.example", "", None, "Ada", utcnow())
    Account.update(directory_id="object-b").where(Account.id == desk.bob.id).execute()
    assert applied(begun(desk, desk.bob.id, exemption="end"), desk.ada).changed == 1
    assert exemptions.covering(again(desk.bob), "bob@contoso.example", utcnow().date()) is None


@pytest.mark.parametrize(("welcome", "expected"), [("new", {"Una", "Amy"}), ("everybody", {"Una", "Bob"}), ("", set())])
def test_welcome_mails_go_only_to_those_who_can_sign_in_afterwards(
    desk: People, welcome: str, expected: set[str]
) -> None:
    names = ("Una", END_USER), ("Sal", SILENT_USER), ("Off", END_USER), ("Amy", ADMIN)
    made = {name: add_account(desk.contoso, kind, name, f"{name}@contoso.example".lower()) for name, kind in names}
    Account.update(password_hash=None).where(Account.display_name << ["Una", "Sal", "Off", "Amy"]).execute()
    Account.update(active=False).where(Account.display_name == "Off").execute()
    one = begun(desk, desk.bob.id, *(account.id for account in made.values()), welcome=welcome, digest="on")
    applied(one, desk.ada)
    assert {Account.get_by_id(mail.account_id).display_name for mail in Mail.select()} == expected
    assert {mail.kind for mail in Mail.select()} <= {"welcome"}


def test_silent_users_become_end_users_without_a_mail_unless_it_is_asked_for(desk: People) -> None:
    sal = add_account(desk.contoso, SILENT_USER, "Sal", "sal@contoso.example")
    Account.update(password_hash=None).where(Account.id == sal.id).execute()
    applied(begun(desk, sal.id, role=END_USER), desk.ada)
    assert (again(sal).type, Mail.select().count()) == (END_USER, 0)
    Account.update(type=SILENT_USER).where(Account.id == sal.id).execute()
    applied(begun(desk, sal.id, role=END_USER, welcome="new"), desk.ada)
    assert [mail.account_id for mail in Mail.select()] == [sal.id]


def test_two_clicks_on_apply_are_one(desk: People) -> None:
    ready = proceed(begun(desk, desk.bob.id, digest="on"))
    review.accept(ready, desk.ada, utcnow())
    with pytest.raises(Refused, match="not open any more"):
        review.accept(ready, desk.ada, utcnow())
    assert proceed(ready).changed == 1
    assert (again(desk.bob).version, AuditEvent.select().count()) == (2, 2)


def test_nothing_to_change_is_nothing_to_apply(desk: People) -> None:
    ready = proceed(begun(desk, desk.bob.id, state="active"))
    with pytest.raises(Refused):
        review.accept(ready, desk.ada, utcnow())


def test_stopped_in_the_middle_what_is_done_stays_and_the_rest_is_not_begun(
    desk: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowd(desk, 7)
    monkeypatch.setattr(applying, "BATCH", 2)
    ready = proceed(begun(desk, wanted=Filter(text="p0"), digest="on"))
    review.accept(ready, desk.ada, utcnow())
    change, batches = applying._change, []

    def stopped_after_the_second(*arguments: Any) -> None:
        change(*arguments)
        batches.append(1)
        if len(batches) == 3:
            MassUpdate.update(state="cancelled", claim=None).where(MassUpdate.id == ready.id).execute()

    monkeypatch.setattr(applying, "_change", stopped_after_the_second)
    stopped = proceed(ready)
    assert (stopped.changed, Account.select().where(Account.receives_digest).count()) == (4, 4)
    assert review.counts(stopped) == {"to_do": 3, "changed": 4, "not_changed": 0, "left_out": 0}


def test_cancelling_is_on_record_once_something_was_applied(desk: People) -> None:
    review.cancel(begun(desk, desk.bob.id, digest="on"), desk.ada, utcnow())
    assert AuditEvent.select().count() == 0, "nothing had changed"
    ready = proceed(begun(desk, desk.bob.id, digest="on"))
    review.accept(ready, desk.ada, utcnow())
    review.cancel(ready, desk.ada, utcnow())
    assert [event.action for event in AuditEvent.select().order_by(AuditEvent.id)] == [
        "mass update", "mass update stopped",
    ]  # fmt: skip
    with pytest.raises(Refused, match="over already"):
        review.cancel(ready, desk.ada, utcnow())
    assert proceed(ready).changed == 0


def test_rows_are_paged_by_name_and_key_in_both_directions(desk: People) -> None:
    crowd(desk, 120)
    one = proceed(begun(desk, wanted=Filter(text="p"), digest="on"))
    first = review.page(one, "to_do", FIRST)
    assert [row.name for row in first.rows] == [f"P{n:03}" for n in range(50)]
    assert (first.total, first.previous) == (120, None)
    second = review.page(one, "to_do", Position(after=first.next or 0))
    assert [row.name for row in second.rows] == [f"P{n:03}" for n in range(50, 100)]
    back = review.page(one, "to_do", Position(before=second.previous or 0))
    assert [row.name for row in back.rows] == [row.name for row in first.rows]
    assert [row.name for row in review.every_row(one)] == [f"P{n:03}" for n in range(120)]


def killed_at_every_write(one: MassUpdate) -> int:
    """Workers that die by SIGKILL in the middle of a write: the first in its first, each next one write later."""
    for dead in range(100):
        worker = os.fork()
        if worker == 0:
            left, write = [dead + 1], db.execute_many

            def mortal(statement: str, rows: Any) -> int:
                left[0] -= 1  # noqa: B023
                if left[0] == 0:  # noqa: B023
                    write(statement, rows[: len(rows) // 2])  # noqa: B023
                    os.kill(os.getpid(), signal.SIGKILL)
                return write(statement, rows)  # noqa: B023

            for module in (accounts, applying, exemptions, outbox, preparing, switching, db):
                module.execute_many = mortal  # type: ignore[attr-defined]
            try:
                with db.database.connection_context():
                    line.proceed(one.id, utcnow)
            except BaseException:  # noqa: BLE001 - nothing of the test may go on in here
                os._exit(1)
            os._exit(0)
        _, status = os.waitpid(worker, 0)
        if status == 0:
            return dead
        assert os.WIFSIGNALED(status), "it broke off by itself"
        with db.database.connection_context():
            assert work.waiting(MassUpdate, utcnow()) == [one.id]
    raise AssertionError("nobody got through")


def test_killed_at_every_write_each_account_is_looked_at_and_changed_once(
    people: People, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparing, "BATCH", 4)
    monkeypatch.setattr(applying, "BATCH", 4)
    with app.app_context(), db.database.connection_context():
        for n in range(10):
            add_account(people.contoso, END_USER, f"Q{n}", f"q{n}@contoso.example")
        one = begun(people, wanted=Filter(text="q"), digest="on", exemption="exempt", welcome="everybody")
    assert killed_at_every_write(one) >= 2
    with app.app_context(), db.database.connection_context():
        ready = MassUpdate.get_by_id(one.id)
        assert (ready.state, ready.to_change, ready.left_out) == ("review", 10, 0)
        review.accept(ready, people.ada, utcnow())
    assert killed_at_every_write(one) >= 8
    with app.app_context(), db.database.connection_context():
        done = MassUpdate.get_by_id(one.id)
        assert (done.state, done.changed, done.not_changed) == ("done", 10, 0)
        versions = Account.select(Account.version).where(Account.name_key.startswith("q"), Account.receives_digest)
        assert [account.version for account in versions] == [2] * 10
        assert Exemption.select().count() == Mail.select().count() == 10
        assert AuditEvent.select().where(AuditEvent.action == "mass update finished").count() == 1


def test_a_worker_that_lost_its_claim_writes_nothing(desk: People) -> None:
    one = begun(desk, desk.bob.id, digest="on")
    assert work.claim(MassUpdate, one.id, utcnow()) is not None
    assert proceed(one).state == "preparing", "somebody is at it"
    late = utcnow() + timedelta(minutes=4)
    line.proceed(one.id, lambda: late)
    assert MassUpdate.get_by_id(one.id).state == "review", "whose heart has stopped"


def test_the_tick_finds_a_mass_update_whose_task_was_lost(desk: People) -> None:
    one = begun(desk, desk.bob.id, digest="on")
    assert work.waiting(MassUpdate, utcnow()) == [one.id]
    tasks.ring_all()
    assert any(task.name == "mass update" for task in tasks.huey.pending())


def test_previews_go_after_a_month_and_what_was_applied_with_the_syncs(desk: People) -> None:
    preview = proceed(begun(desk, desk.bob.id, digest="on"))
    done = applied(begun(desk, desk.bob.id, digest="on"), desk.ada)
    forgetting.forget_old(utcnow(), 90)
    assert MassUpdate.select().count() == 2
    forgetting.forget_old(utcnow() + timedelta(days=31), 90)
    assert [one.id for one in MassUpdate.select()] == [done.id]
    assert not MassUpdateRow.select().where(MassUpdateRow.mass_update == preview.id).exists()
    forgetting.forget_old(utcnow() + timedelta(days=91), 90)
    assert (MassUpdate.select().count(), MassUpdateRow.select().count()) == (0, 0)


def test_a_forgotten_account_leaves_its_row(desk: People) -> None:
    done = applied(begun(desk, desk.bob.id, digest="on"), desk.ada)
    desk.bob.delete_instance(recursive=True)
    assert [(row.name, row.account_id) for row in review.page(done, "changed", FIRST).rows] == [("Bob", None)]


def test_every_standing_is_counted(desk: People) -> None:
    assert set(review.counts(begun(desk, desk.bob.id, digest="on"))) == set(ROW_STANDINGS) == set(review.IN_ORDER)
