"""The second step as a person half signed in meets it."""

import re

import pyotp
import pytest
from flask import Flask
from flask.testing import FlaskClient

from ppe.clock import utcnow
from ppe.models import Account, Attempt, AuditEvent, HalfSignIn, Mail, Organization, SecondFactorCode, SignInSession
from ppe.signin import codes
from tests.conftest import PASSWORD, OpenDatabase, People

ADA = {"address": "ada@contoso.example", "password": PASSWORD}


@pytest.fixture(autouse=True)
def _asked(people: People, open_database: OpenDatabase) -> None:
    with open_database():
        Organization.update(second_factor="administrators").execute()


def _half(client: FlaskClient, wanted: str = "") -> None:
    answer = client.post("/sign-in/password", data={**ADA, "next": wanted})
    assert answer.location == "/sign-in/code"


def _secret_on(page: str) -> str:
    found = re.search(r'<code id="secret">([A-Z2-7 ]+)</code>', page)
    assert found is not None
    return found[1].replace(" ", "")


def _set_up(client: FlaskClient) -> tuple[str, list[str]]:
    _half(client)
    secret = _secret_on(client.get("/sign-in/code/set-up").text)
    answer = client.post("/sign-in/code/set-up", data={"code": pyotp.TOTP(secret).now()})
    assert answer.status_code == 200, answer.text
    return secret, re.findall(r"<li><code>([a-z0-9-]{14})</code></li>", answer.text)


def _issue(app: Flask, account: Account, open_database: OpenDatabase) -> str:
    with app.app_context(), open_database():
        return codes.issue(account.id, utcnow())


def test_who_never_had_a_factor_sets_one_up_and_is_in(client: FlaskClient, open_database: OpenDatabase) -> None:
    _half(client, "/users")
    assert client.get("/sign-in/code").location == "/sign-in/code/set-up"
    page = client.get("/sign-in/code/set-up").text
    assert "<svg" in page
    secret = _secret_on(page)
    assert _secret_on(client.get("/sign-in/code/set-up").text) == secret, "a reload must not void what was scanned"
    wrong = client.post("/sign-in/code/set-up", data={"code": "000000"})
    assert wrong.status_code == 422
    assert "not the app" in wrong.text
    done = client.post("/sign-in/code/set-up", data={"code": f" {pyotp.TOTP(secret).now()} "})
    assert len(set(re.findall(r"<li><code>([a-z0-9-]{14})</code></li>", done.text))) == 10
    assert 'href="/users"' in done.text
    assert client.get("/users").status_code == 200
    with open_database():
        assert Mail.select().where(Mail.kind == "second_factor_changed").count() == 1


def test_a_recovery_code_lets_in_once(app: Flask, client: FlaskClient, people: People) -> None:
    _, recovery = _set_up(client)
    again = app.test_client()
    _half(again)
    assert again.post("/sign-in/code", data={"code": recovery[3].upper().replace("-", " ")}).location == "/"
    third = app.test_client()
    _half(third)
    refused = third.post("/sign-in/code", data={"code": recovery[3]})
    assert refused.status_code == 422
    assert "not right, or it was used before" in refused.text


def test_a_trusted_browser_is_not_asked_again_and_another_one_is(
    app: Flask, client: FlaskClient, people: People
) -> None:
    _, recovery = _set_up(client)
    browser = app.test_client()
    _half(browser)
    browser.post("/sign-in/code", data={"code": recovery[0], "trust": "yes"})
    cookie = browser.get_cookie("ppe_trusted")
    assert cookie is not None
    assert (cookie.http_only, cookie.same_site) == (True, "Lax")
    browser.post("/sign-out")
    assert browser.post("/sign-in/password", data=ADA).location == "/"
    assert app.test_client().post("/sign-in/password", data=ADA).location == "/sign-in/code"


def test_without_the_tick_no_browser_is_trusted(app: Flask, client: FlaskClient, people: People) -> None:
    _, recovery = _set_up(client)
    browser = app.test_client()
    _half(browser)
    browser.post("/sign-in/code", data={"code": recovery[0]})
    assert browser.get_cookie("ppe_trusted") is None


def test_who_lost_everything_is_told_whom_to_ask_and_a_one_time_code_helps(
    app: Flask, client: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    with open_database():
        Account.update(second_factor_at=utcnow()).where(Account.id == people.ada.id).execute()
        Account.update(type="organization_admin").where(Account.id == people.bob.id).execute()
    _half(client)
    page = client.get("/sign-in/code").text
    assert "There is nothing here that you could show" in page
    assert "bob@contoso.example" in page
    assert "eve@fabrikam.example" not in page
    code = _issue(app, people.ada, open_database)
    assert client.post("/sign-in/code", data={"code": code}).location == "/"


def test_nothing_typed_is_asked_for_and_costs_no_try(client: FlaskClient, open_database: OpenDatabase) -> None:
    _half(client)
    assert client.post("/sign-in/code", data={"code": " "}).status_code == 422
    with open_database():
        assert not Attempt.select().where(Attempt.key.startswith("code")).count()


def test_after_five_wrong_codes_even_the_right_one_waits_and_the_owner_hears_of_it(
    app: Flask, client: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    _half(client)
    for _ in range(5):
        assert client.post("/sign-in/code", data={"code": "123456"}).status_code == 422
    refused = client.post("/sign-in/code", data={"code": _issue(app, people.ada, open_database)})
    assert "wait 15 minutes" in refused.text
    with open_database():
        assert Mail.select().where(Mail.kind == "second_factor_locked").count() == 1
        assert SignInSession.select().count() == 0
        assert AuditEvent.select().where(AuditEvent.action == "wrong second factor").count() == 5


def test_after_ten_minutes_one_begins_anew(client: FlaskClient, open_database: OpenDatabase) -> None:
    _half(client)
    with open_database():
        HalfSignIn.update(expires_at=utcnow()).execute()
    for answer in (client.get("/sign-in/code"), client.post("/sign-in/code", data={"code": "123456"})):
        assert answer.location == "/sign-in"
    assert "That took too long" in client.get("/sign-in").text


def test_without_a_gateway_no_text_is_offered(client: FlaskClient, people: People, open_database: OpenDatabase) -> None:
    with open_database():
        Account.update(mobile="+31612345678", second_factor_at=utcnow()).where(Account.id == people.ada.id).execute()
    _half(client)
    assert "Text a code" not in client.get("/sign-in/code").text
    assert "No text message can be sent" in client.post("/sign-in/code/text").text
    with open_database():
        assert SecondFactorCode.select().count() == 0
