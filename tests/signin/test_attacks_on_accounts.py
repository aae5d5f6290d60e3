"""Attack case 24: accounts that may not come in, or not any more, by none of the ways."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from ppe import accounts, db, outbox
from ppe.accounts import Amendment, Batch, Removal, Standing
from ppe.clock import utcnow
from ppe.errors import NotFound, Refused
from ppe.mail import letters
from ppe.models import (
    ADMIN,
    END_USER,
    FUNCTIONAL,
    GROUP,
    SILENT_USER,
    Account,
    HalfSignIn,
    Mail,
    PasswordLink,
    SignInSession,
    TrustedBrowser,
)
from ppe.signin import codes, issued_codes, links
from ppe.signin.visitor import Visitor
from tests.conftest import PASSWORD, OpenDatabase, People
from tests.signin.forger import Forger
from tests.signin.steps import (
    BOB,
    Phone,
    change,
    half_signed_in,
    is_inside,
    new_browser,
    show,
    type_password,
)

NEW_PASSWORD = "violet harbour tundra 42"
KEPT_OUT: tuple[dict[str, Any], ...] = (
    {"active": False},
    {"removed_at": utcnow()},
    {"type": SILENT_USER},
    {"type": FUNCTIONAL},
    {"type": GROUP},
)
AS_BEFORE = {"active": True, "removed_at": None, "type": END_USER}


def test_24_who_is_kept_out_has_no_password(app: Flask, people: People) -> None:
    for state in KEPT_OUT:
        change(people.bob, **state)
        assert type_password(new_browser(app), BOB).status_code == 422, state
        change(people.bob, **AS_BEFORE)
    assert type_password(new_browser(app), BOB).location == "/account"


def test_24_who_is_kept_out_is_kept_out_by_microsoft_too(app: Flask, forger: Forger, people: People) -> None:
    forger.link(people.bob)
    for state in KEPT_OUT:
        browser = new_browser(app)
        change(people.bob, **state)
        assert forger.sign_in(browser).status_code == 403, state
        assert not is_inside(browser)
        change(people.bob, **AS_BEFORE)
    assert forger.sign_in(new_browser(app)).location == "/account"


def test_24_who_is_kept_out_is_bound_to_no_microsoft_account(
    client: FlaskClient, forger: Forger, people: People, open_database: OpenDatabase
) -> None:
    for state in KEPT_OUT:
        change(people.bob, **state)
        assert forger.sign_in(client).status_code == 403, state
        with open_database():
            assert Account.get_by_id(people.bob.id).microsoft_id is None, state
        change(people.bob, **AS_BEFORE)


def test_24_who_is_kept_out_half_way_does_not_come_to_the_end(
    app: Flask, people: People, phone: Phone, open_database: OpenDatabase
) -> None:
    with app.app_context(), open_database():
        made = codes.new_recovery_codes(people.bob.id, utcnow())
    for state in KEPT_OUT:
        browser = half_signed_in(app, BOB)
        change(people.bob, **state)
        for code in (phone.code(), made.pop()):
            assert show(browser, code).location == "/sign-in", state
        assert not is_inside(browser)
        change(people.bob, **AS_BEFORE)
    assert show(half_signed_in(app, BOB), phone.code()).location == "/account"


def test_24_who_is_kept_out_chooses_no_password_with_a_link(
    client: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    with open_database():
        token = links.issue(people.bob, links.RESET, utcnow())
    client.get(f"/password/{token}")
    form = {"password": NEW_PASSWORD, "password_again": NEW_PASSWORD}
    for state in KEPT_OUT:
        change(people.bob, **state)
        assert client.get("/sign-in/new-password").status_code == 410, state
        assert client.post("/sign-in/new-password", data=form).status_code == 410, state
        change(people.bob, **AS_BEFORE)
    assert client.post("/sign-in/new-password", data=form).status_code == 303


def test_24_who_is_kept_out_gets_neither_a_link_nor_a_code_by_mail(
    app: Flask, people: People, open_database: OpenDatabase
) -> None:
    """Not when it is asked for, and not when the mail that was asked for before is written."""
    now = utcnow()
    with app.app_context(), open_database():
        issued_codes.ask_for(people.bob.id, people.ada, Visitor("192.0.2.1"), now)
        outbox.ask("password_reset", to=BOB, now=now)
        outbox.ask("welcome", organization_id=people.contoso.id, account_id=people.bob.id, now=now)
        asked = list(Mail.select())
        assert len(asked) == 3
        for state in KEPT_OUT:
            change_in_place(people.bob, **state)
            with pytest.raises((Refused, NotFound)):
                issued_codes.ask_for(people.bob.id, people.ada, Visitor("192.0.2.1"), now)
            assert [letters.gather(mail, now) for mail in asked] == [None] * 3, state
            assert PasswordLink.select().count() == 0
            change_in_place(people.bob, **AS_BEFORE)


def change_in_place(account: Account, **fields: Any) -> None:
    """Where the test has a connection already."""
    Account.update(**fields).where(Account.id == account.id).execute()


def test_24_a_live_session_ends_with_the_right_to_it(app: Flask, people: People) -> None:
    """And with its role: who was an administrator a moment ago acts as one no more, nor the other way round."""
    for state in (*KEPT_OUT, {"type": ADMIN}):
        browser = new_browser(app)
        type_password(browser, BOB)
        assert is_inside(browser)
        change(people.bob, **state)
        assert browser.get("/account").location.startswith("/sign-in"), state
        assert browser.get("/users").location.startswith("/sign-in"), state
        change(people.bob, **AS_BEFORE)


def _sync_says(account: Account, *, relinked: bool = False, removed: bool = False, **said: Any) -> None:
    """What a sync's apply does to one account."""
    standing = {"type": END_USER, "display_name": "Bob", "primary": BOB, "directory_tenant": "t", "directory_id": "o"}
    with db.database.connection_context(), db.database.atomic():
        version = Account.get_by_id(account.id).version
        batch = Batch(amendments=[Amendment(account.id, version, Standing(**standing | said), relinked)])
        if removed:
            batch = Batch(removals=[Removal(account.id, version)])
        accounts.carry_out(account.organization_id, batch, utcnow())


@pytest.mark.parametrize(
    "said", [{"active": False, "deactivated_by": "sync"}, {"removed": True}, {"relinked": True}], ids=str
)
def test_24_a_sync_ends_sessions_halves_and_trust_for_good(
    app: Flask, people: People, phone: Phone, open_database: OpenDatabase, said: dict[str, Any]
) -> None:
    """Whoever is let in again later begins anew: no old cookie comes back to life with the account."""
    inside, half_way = half_signed_in(app, BOB), half_signed_in(app, BOB)
    assert show(inside, phone.code(), trust="yes").location == "/account"
    _sync_says(people.bob, **said)
    assert not is_inside(inside)
    with open_database():
        tables = (SignInSession, HalfSignIn, TrustedBrowser)
        assert [table.select().where(table.account == people.bob.id).count() for table in tables] == [0, 0, 0]
    _sync_says(people.bob)
    assert not is_inside(inside)
    assert half_way.get("/sign-in/code").location == "/sign-in"


def test_24_who_takes_an_account_over_in_the_directory_finds_nothing_of_the_one_before(
    app: Flask, people: People, phone: Phone, open_database: OpenDatabase
) -> None:
    with app.app_context(), open_database():
        codes.new_recovery_codes(people.bob.id, utcnow())
        token = links.issue(people.bob, links.RESET, utcnow())
    _sync_says(people.bob, relinked=True)
    assert type_password(new_browser(app), BOB).status_code == 422
    with app.app_context(), open_database():
        assert links.account_of(token, utcnow()) is None
        assert codes.recovery_codes_left(people.bob.id) == 0
        assert Account.get_by_id(people.bob.id).password_hash is None


def test_24_a_new_password_and_signing_out_end_what_was_open(
    app: Flask, people: People, open_database: OpenDatabase
) -> None:
    kept, other, left = (new_browser(app) for _ in range(3))
    for browser in (kept, other, left):
        type_password(browser, BOB)
    cookie = left.get_cookie("ppe_session")
    left.post("/sign-out")
    thief = new_browser(app)
    thief.set_cookie("ppe_session", cookie.value if cookie else "")
    assert not is_inside(thief)
    form = {"present": PASSWORD, "password": NEW_PASSWORD, "password_again": NEW_PASSWORD}
    assert kept.post("/account/password", data=form).status_code == 303
    assert (is_inside(kept), is_inside(other)) == (True, False)
    with open_database():
        token = links.issue(people.bob, links.RESET, utcnow())
    thief.get(f"/password/{token}")
    thief.post("/sign-in/new-password", data={"password": PASSWORD, "password_again": PASSWORD})
    assert not is_inside(kept)
