"""Attack case 39: after a lively day no secret can be read back, from no page, no table and no line of the log."""

import logging
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from ppe import db
from ppe.clock import utcnow
from ppe.config import Settings
from ppe.mail import mailer
from ppe.models import (
    TABLES,
    Account,
    Authenticator,
    Connection,
    PasswordLink,
    SecondFactorCode,
    SignInSession,
    TrustedBrowser,
)
from ppe.practice.server import PracticeServer
from ppe.practice.tenant import Tenant
from tests.conftest import PASSWORD, People
from tests.signin.entra import Entra
from tests.signin.steps import (
    ADA,
    BOB,
    ask_for_codes,
    change,
    half_signed_in,
    is_inside,
    new_browser,
    phone_on,
    show,
    type_password,
)

NEW_PASSWORD, WRONG_PASSWORD = "violet harbour tundra 42", "a password of somewhere else"
Secrets = dict[str, str]


@pytest.fixture
def practice() -> Iterator[PracticeServer]:
    with PracticeServer(Tenant.empty()) as server:
        yield server


@pytest.fixture
def settings(settings: Settings, practice: PracticeServer) -> Settings:
    """Everything is connected, and the log says as much as it can."""
    return replace(
        settings, log_level="DEBUG", mail_server="127.0.0.1", mail_port=practice.smtp_port, mail_security="none",
        sms_url=practice.sms_url,
    )  # fmt: skip


@pytest.fixture
def entra(app: Flask, people: People, practice: PracticeServer) -> Entra:
    return Entra(app, practice, people.contoso)


def _tokens_of(browser: FlaskClient, name: str) -> Secrets:
    """What the browser's cookies hold, and only they may hold."""
    with browser.session_transaction() as session:
        held = {f"{name}'s {key}": str(session[key]) for key in ("_user_id", "half", "password_link") if key in session}
        flows = [kept["data"] for key, kept in session.items() if key.startswith("_state_")]
    held |= {f"{name}'s verifier {number}": flow["code_verifier"] for number, flow in enumerate(flows)}
    trusted = browser.get_cookie("ppe_trusted")
    return held | ({f"{name}'s trust": trusted.value} if trusted else {})


def _mailed(app: Flask, entra: Entra, pattern: str) -> str:
    """What is in the newest mail."""
    with app.app_context(), db.database.connection_context():
        mailer.deliver_due(utcnow)
    found = re.search(pattern, entra.server.mails.newest_first()[0].text)
    assert found is not None
    return found[1]


def _adas_morning(app: Flask, entra: Entra) -> tuple[FlaskClient, Secrets]:
    """She mistypes, signs in, sets up an app, and makes new recovery codes."""
    type_password(new_browser(app), ADA, WRONG_PASSWORD)
    ada = half_signed_in(app, ADA)
    secrets = _tokens_of(ada, "Ada, half way")
    phone = phone_on(ada)
    code = phone.code()
    shown = ada.post("/sign-in/code/set-up", data={"code": code}).text
    renewed = ada.post("/account/second-factor/recovery-codes").text
    kept = re.findall(r"[a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4}", shown + renewed)
    assert len(kept) == 20
    secrets |= {f"recovery code {number}": code for number, code in enumerate(kept)}
    return ada, secrets | {"the app's secret": phone.secret} | _tokens_of(ada, "Ada")


def _bobs_morning(app: Flask, entra: Entra, people: People, ada: FlaskClient) -> Secrets:
    """He comes in by Microsoft with a texted code, then with a code that Ada has mailed, and forgets his password."""
    entra.hire("Bob", BOB, people.bob)
    bob = new_browser(app)
    back = entra.press(entra.begin(bob, BOB), BOB)
    secrets = {"Microsoft's code": back.partition("code=")[2].partition("&")[0]} | _tokens_of(bob, "Bob, on his way")
    assert "Bob, on his way's verifier 0" in secrets
    entra.back(bob, back)
    secrets |= _tokens_of(bob, "Bob, half way")
    assert bob.post("/sign-in/code/text").status_code == 303
    secrets["texted code"] = next(iter(entra.server.texts)).message[:6]
    show(bob, "a wrong code", trust="yes")
    assert show(bob, secrets["texted code"], trust="yes").location == "/account"
    secrets |= _tokens_of(bob, "Bob")
    ada.post(f"/users/{people.bob.id}/one-time-code")
    secrets["issued code"] = _mailed(app, entra, r"([a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4})")
    bob.post("/sign-in/forgotten", data={"address": BOB})
    secrets["link"] = _mailed(app, entra, r"/password/([\w-]+)")
    bob.get(f"/password/{secrets['link']}")
    bob.post("/sign-in/new-password", data={"password": NEW_PASSWORD, "password_again": NEW_PASSWORD})
    assert show(half_signed_in_with(app, NEW_PASSWORD), secrets["issued code"]).location == "/account"
    return secrets


def half_signed_in_with(app: Flask, password: str) -> FlaskClient:
    browser = new_browser(app)
    assert type_password(browser, BOB, password).location == "/sign-in/code"
    return browser


def _stored() -> Secrets:
    """What stands in the tables in their stead: encrypted, or as hashes. Nobody needs to read that either."""
    columns = (Account.password_hash, Authenticator.secret, Connection.ad_key, SecondFactorCode.code_hash,
               SignInSession.token_hash, TrustedBrowser.token_hash, PasswordLink.token_hash)  # fmt: skip
    with db.database.connection_context():
        return {
            f"stored {column.model.__name__}.{column.name} {number}": value
            for column in columns
            for number, (value,) in enumerate(column.model.select(column).tuples())
            if value
        }


def _found(secrets: Secrets, text: str) -> set[str]:
    """Which of them stand there; six digits inside of a longer word are somebody else's."""
    there = {name: secret for name, secret in secrets.items() if secret in text}
    return {name for name, secret in there.items() if re.search(rf"(?<![\w-]){re.escape(secret)}(?![\w-])", text)}


def _pages(app: Flask, people: People) -> Iterator[str]:
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        if "GET" in (rule.methods or ()) and (hasattr(view, "admin_page") or hasattr(view, "own_page")):
            for account in (people.ada, people.bob):
                yield re.sub(r"<[^>]+>", str(account.id), rule.rule)


def test_39_no_secret_can_be_read_back(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture, app: Flask, entra: Entra, people: People
) -> None:
    change(people.bob, mobile="+31612345678")
    ask_for_codes(people.contoso, after_microsoft=True)
    ada, secrets = _adas_morning(app, entra)
    secrets |= _bobs_morning(app, entra, people, ada)
    secrets |= {"client secret": entra.server.client_secret, "password": PASSWORD, "new": NEW_PASSWORD,
                "wrong": WRONG_PASSWORD, "key": app.config["SECRET_KEY"]}  # fmt: skip
    assert is_inside(ada)
    assert len(secrets) > 30
    everything = secrets | _stored()
    for path in set(_pages(app, people)):
        page = ada.get(path)
        assert _found(everything, f"{page.headers} {page.text}") <= {"Ada's _user_id"}, path
    refused = ada.post("/import-sync/azure", data={"ad_key": entra.server.client_secret, "primary_domain": "?"})
    assert refused.status_code == 422
    assert not _found(everything, refused.text)
    with db.database.connection_context():
        for table in TABLES:
            assert not _found(secrets, str(list(table.select().tuples()))), table.__name__
    assert logging.getLogger().level == logging.DEBUG
    assert not _found(everything, "".join(capfd.readouterr()) + caplog.text)
