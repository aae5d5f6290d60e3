"""What a mass update changes on whom, what it leaves alone, and what is said of it."""

from datetime import timedelta
from typing import Any

import pytest

from ppe import exemptions
from ppe.clock import utcnow
from ppe.lists.search import Filter
from ppe.mass_update import applying, deciding, review
from ppe.models import (
    ADMIN,
    END_USER,
    FUNCTIONAL,
    SILENT_USER,
    Account,
    AuditEvent,
    Exemption,
    Mail,
    SignInSession,
)
from ppe.people import person
from ppe.people.by_hand import Seen, set_active
from tests.conftest import People, add_account
from tests.databases import on_both_databases
from tests.mass_update.steps import again, applied, begun, crowd, proceed, rows

pytestmark = on_both_databases


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
