"""Attack case 37: another factor in the place of the right one, the telephone, and codes that administrators mail."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from ppe import db
from ppe.clock import utcnow
from ppe.mail import letters
from ppe.models import (
    ADMIN,
    ADMINISTRATORS,
    OFF,
    Account,
    Mail,
    SecondFactorCode,
    SignInSession,
    TrustedBrowser,
)
from tests.conftest import PASSWORD, OpenDatabase, People, add_account
from tests.signin.entra import Entra
from tests.signin.forger import Forger
from tests.signin.steps import (
    ADA,
    BOB,
    Phone,
    apps_of,
    ask_for_codes,
    change,
    half_signed_in,
    is_inside,
    new_browser,
    phone_on,
    show,
    type_password,
)

NUMBER = "+31612345678"


def _guarded(app: Flask) -> Iterator[tuple[str, str]]:
    """Every way to set up, change or give up a factor, or to connect a Microsoft account."""
    for rule in app.url_map.iter_rules():
        if rule.endpoint.partition(".")[0] in ("own_second_factor", "own_microsoft"):
            for method in (rule.methods or set()) - {"OPTIONS"}:
                yield method, rule.rule


def test_37_nothing_about_a_factor_changes_without_a_recent_confirmation(
    app: Flask, people: People, phone: Phone, open_database: OpenDatabase
) -> None:
    browser = half_signed_in(app, BOB)
    show(browser, phone.code())
    with open_database():
        SignInSession.update(confirmed_at=utcnow() - timedelta(minutes=10)).execute()
    before = apps_of(people.bob)
    doors = list(_guarded(app))
    assert len(doors) >= 12
    for method, path in doors:
        answer = browser.open(path, method=method, data={"code": phone.code()} if method == "POST" else None)
        assert answer.location.partition("?")[0] == "/account/confirm", (method, path)
    assert apps_of(people.bob) == before
    assert browser.post("/account/confirm", data={"password": PASSWORD}).status_code == 422  # a code is asked for


@pytest.mark.parametrize("way", ["a trusted browser", "a policy that asks nobody", "microsoft"])
def test_37_a_sign_in_that_showed_no_code_is_no_confirmation(
    app: Flask, people: People, phone: Phone, request: pytest.FixtureRequest, way: str
) -> None:
    """Else a password and a borrowed browser would be enough to swap the factor that somebody has."""
    browser = half_signed_in(app, BOB)
    show(browser, phone.code(), trust="yes")
    browser.post("/sign-out")
    if way == "microsoft":
        forger: Forger = request.getfixturevalue("forger")
        forger.link(people.bob)
        assert forger.sign_in(browser).location == "/account"
    else:
        ask_for_codes(people.contoso, OFF if way == "a policy that asks nobody" else "everyone")
        assert type_password(browser, BOB).location == "/account"
    for path in ("/account/second-factor", "/account/second-factor/remove", "/account/second-factor/recovery-codes"):
        assert browser.get(path).location.startswith("/account/confirm"), path
        assert browser.post(path).location.startswith("/account/confirm"), path


def test_37_who_has_nothing_to_show_may_begin_right_after_signing_in(app: Flask, people: People) -> None:
    browser = new_browser(app)
    type_password(browser, BOB)
    assert browser.get("/account/second-factor").status_code == 200


def test_37_a_number_that_a_sync_has_just_changed_gets_no_code(
    app: Flask, people: People, texts: Entra, open_database: OpenDatabase
) -> None:
    """Whoever may write to the directory must not become anybody whose password they know."""
    ask_for_codes(people.contoso)
    change(people.bob, mobile=NUMBER, mobile_changed_at=utcnow() - timedelta(hours=23))
    browser = half_signed_in(app, BOB)
    assert browser.get("/sign-in/code/set-up").location == "/sign-in/code"
    page = browser.get("/sign-in/code").text
    assert "changed in the directory within the last day" in page
    assert "Text a code" not in page
    assert browser.post("/sign-in/code/text").status_code == 422
    assert list(texts.server.texts) == []
    change(people.bob, mobile_changed_at=utcnow() - timedelta(hours=25))
    assert browser.post("/sign-in/code/text").status_code == 303
    (text,) = texts.server.texts
    assert text.to == NUMBER
    assert show(browser, text.message[:6]).location == "/account"
    assert show(half_signed_in(app, BOB), text.message[:6]).status_code == 422


def test_37_texts_are_rationed_across_sessions_and_only_the_latest_is_good(
    app: Flask, people: People, texts: Entra
) -> None:
    ask_for_codes(people.contoso)
    change(people.bob, mobile=NUMBER)
    for _ in range(5):
        assert half_signed_in(app, BOB).post("/sign-in/code/text").status_code == 303
    browser = half_signed_in(app, BOB)
    refused = browser.post("/sign-in/code/text", environ_base={"REMOTE_ADDR": "203.0.113.9"})
    assert refused.status_code == 422
    assert "Too many text messages" in refused.text
    sent = [text.message[:6] for text in texts.server.texts]
    assert len(sent) == 5
    assert show(browser, sent[-2]).status_code == 422 or sent[-2] == sent[-1]
    assert show(browser, sent[-1]).location == "/account"


def test_37_without_a_telephone_there_is_somebody_to_ask_and_their_code_works_once(
    app: Flask, people: People, open_database: OpenDatabase
) -> None:
    ask_for_codes(people.contoso, ADMINISTRATORS)
    change(people.ada, second_factor_at=utcnow())
    with open_database():
        add_account(people.contoso, ADMIN, "Grace", "grace@contoso.example")
    browser = half_signed_in(app, ADA)
    page = browser.get("/sign-in/code").text
    assert "There is nothing here that you could show" in page
    assert "grace@contoso.example" in page
    assert ADA not in page.replace("<wbr>", "")
    code = _issued_by_grace(app, people.ada)
    assert show(browser, code).location == "/"
    again = half_signed_in(app, ADA)
    assert show(again, code).status_code == 422
    assert not is_inside(again)


def _issued_by_grace(app: Flask, account: Account) -> str:
    """The code in the mail that another administrator asks for, who does not see it."""
    grace = half_signed_in(app, "grace@contoso.example")
    phone = phone_on(grace)
    grace.post("/sign-in/code/set-up", data={"code": phone.code()})
    answer = grace.post(f"/users/{account.id}/one-time-code", follow_redirects=True)
    with app.app_context(), db.database.connection_context():
        mail = Mail.get(Mail.kind == "one_time_code")
        letter = letters.gather(mail, utcnow())
    assert letter is not None
    assert letter.to == (ADA,)
    code = str(letter.words["code"])
    assert code not in answer.text
    return code


def test_37_nobody_issues_a_code_to_themselves(
    signed_in: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    answer = signed_in.post(f"/users/{people.ada.id}/one-time-code", follow_redirects=True)
    assert "has to come from another administrator" in answer.text
    with open_database():
        assert Mail.select().count() == SecondFactorCode.select().count() == TrustedBrowser.select().count() == 0


def test_37_only_administrators_issue_codes_and_only_in_their_organisation(
    app: Flask, people: People, signed_in: FlaskClient, open_database: OpenDatabase
) -> None:
    browser = new_browser(app)
    type_password(browser, BOB)
    assert browser.post(f"/users/{people.ada.id}/one-time-code").location == "/account"
    assert signed_in.post(f"/users/{people.eve.id}/one-time-code").status_code == 404
    assert re.search("one-time", browser.get("/account").text) is None
    with open_database():
        assert Mail.select().count() == 0
