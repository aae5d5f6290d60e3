"""Attack case 36: ways around the second factor by a reset, or by setting up one's first."""

from collections.abc import Callable
from typing import Any

import pyotp
import pytest
from flask import Flask
from flask.testing import FlaskClient

from ppe import db
from ppe.clock import utcnow
from ppe.encryption import encrypt
from ppe.models import (
    Account,
    Authenticator,
    SecondFactorCode,
)
from ppe.signin import codes, links
from tests.conftest import OpenDatabase, People
from tests.signin.entra import Entra
from tests.signin.steps import (
    ADA,
    BOB,
    Meeting,
    Phone,
    apps_of,
    ask_for_codes,
    at_once,
    change,
    give_app,
    half_signed_in,
    is_inside,
    new_browser,
    phone_on,
    show,
    type_password,
)

NEW_PASSWORD = "violet harbour tundra 42"
NUMBER = "+31612345678"


def _choose_by_link(app: Flask, account: Account) -> FlaskClient:
    browser = new_browser(app)
    with db.database.connection_context():
        token = links.issue(account, links.RESET, utcnow())
    browser.get(f"/password/{token}")
    form = {"password": NEW_PASSWORD, "password_again": NEW_PASSWORD}
    answer = browser.post("/sign-in/new-password", data=form)
    assert answer.status_code == 303, answer.text
    return browser


def test_36_a_reset_signs_nobody_in_and_leaves_the_second_factor_alone(
    app: Flask, people: People, phone: Phone
) -> None:
    before = apps_of(people.bob)
    browser = _choose_by_link(app, people.bob)
    assert not is_inside(browser)
    assert browser.get("/sign-in/code").location == "/sign-in"  # not even half
    assert type_password(browser, BOB, NEW_PASSWORD).location == "/sign-in/code"
    assert browser.get("/sign-in/code/set-up").location == "/sign-in/code"
    assert apps_of(people.bob) == before
    assert not is_inside(browser)
    assert show(browser, phone.code()).location == "/account"


def test_36_a_reset_takes_the_trust_in_browsers_with_it(app: Flask, people: People, phone: Phone) -> None:
    trusted = half_signed_in(app, BOB)
    show(trusted, phone.code(), trust="yes")
    trusted.post("/sign-out")
    assert type_password(trusted, BOB).location == "/account"
    _choose_by_link(app, people.bob)
    assert type_password(trusted, BOB, NEW_PASSWORD).location == "/sign-in/code"


def test_36_a_browser_is_trusted_by_one_person_alone(app: Flask, people: People, phone: Phone) -> None:
    trusted = half_signed_in(app, BOB)
    show(trusted, phone.code(), trust="yes")
    trusted.post("/sign-out")
    give_app(app, people.ada)
    assert type_password(trusted, ADA).location == "/sign-in/code"


def _had(app: Flask, account: Account, what: str) -> None:
    """Something to show, now or once."""
    now = utcnow()
    with app.app_context(), db.database.connection_context():
        Authenticator.delete().where(Authenticator.confirmed_at.is_null(False)).execute()
        SecondFactorCode.delete().execute()
        once: dict[str, Any] = {"second_factor_at": None, "mobile": "", "mobile_changed_at": None}
        if what == "an app":
            secret = encrypt(pyotp.random_base32())
            Authenticator.create(account=account, secret=secret, created_at=now, confirmed_at=now)
        elif what == "recovery codes":
            codes.new_recovery_codes(account.id, now)
        elif what == "a number":
            once["mobile"] = NUMBER
        elif what == "a resting number":
            once |= {"mobile": NUMBER, "mobile_changed_at": now}
        else:
            once["second_factor_at"] = now
        Account.update(**once).where(Account.id == account.id).execute()


def test_36_the_set_up_page_is_for_whoever_never_had_a_factor(app: Flask, people: People, texts: Entra) -> None:
    ask_for_codes(people.contoso)
    secret = pyotp.random_base32()
    for what in ("an app", "recovery codes", "a number", "a resting number", "something once"):
        browser = half_signed_in(app, BOB)
        phone = phone_on(browser)  # proposed while there was nothing yet
        _had(app, people.bob, what)
        before = apps_of(people.bob)
        assert browser.get("/sign-in/code/set-up").location == "/sign-in/code", what
        answer = browser.post("/sign-in/code/set-up", data={"code": phone.code(), "secret": secret})
        assert answer.location == "/sign-in/code", what
        assert apps_of(people.bob) == before, what
        assert not is_inside(browser), what
        _had(app, people.bob, "nothing")
        change(people.bob, second_factor_at=None)


def test_36_an_issued_code_opens_the_door_once_and_no_set_up_page_afterwards(
    app: Flask, people: People, open_database: OpenDatabase
) -> None:
    ask_for_codes(people.contoso)
    with app.app_context(), open_database():
        code = codes.issue(people.bob.id, utcnow())
    assert show(half_signed_in(app, BOB), code).location == "/account"
    again = half_signed_in(app, BOB)
    assert show(again, code).status_code == 422
    assert again.get("/sign-in/code/set-up").location == "/sign-in/code"


def test_36_what_one_browser_was_shown_is_not_what_another_confirms(app: Flask, people: People) -> None:
    """Whoever has stolen a password looks at the set-up page first, and waits for the owner to scan the same secret."""
    ask_for_codes(people.contoso)
    thief, owner = half_signed_in(app, BOB), half_signed_in(app, BOB)
    seen, scanned = phone_on(thief), phone_on(owner)
    assert seen.secret != scanned.secret
    assert phone_on(owner).secret == scanned.secret  # a reload voids nothing
    assert owner.post("/sign-in/code/set-up", data={"code": seen.code()}).status_code == 422
    assert "Keep these" in owner.post("/sign-in/code/set-up", data={"code": scanned.code()}).text
    assert thief.post("/sign-in/code/set-up", data={"code": seen.code()}).location == "/sign-in/code"
    assert show(thief, seen.code()).status_code == 422
    assert not is_inside(thief)


def test_36_of_two_who_set_up_at_the_same_instant_one_has_the_app(
    app: Flask, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask_for_codes(people.contoso)
    browsers = [half_signed_in(app, BOB), half_signed_in(app, BOB)]
    codes_shown = [phone_on(browser).code() for browser in browsers]

    def completing(browser: FlaskClient, code: str) -> Callable[[], str]:
        return lambda: browser.post("/sign-in/code/set-up", data={"code": code}).text

    monkeypatch.setattr(Authenticator, "update", Meeting(patience=0.3).before(Authenticator.update))
    answers = at_once(*map(completing, browsers, codes_shown))
    assert sum("Keep these recovery codes" in answer for answer in answers) == 1
    assert sum(map(is_inside, browsers)) == 1
    assert len(apps_of(people.bob)) == 1
