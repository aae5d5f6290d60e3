"""Attack cases 27 and 28: what strangers learn about who has an account, and what they may claim of themselves."""

import logging
import re
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

import argon2
import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from ppe import create_app, db
from ppe.clock import utcnow
from ppe.config import Settings
from ppe.models import (
    SILENT_USER,
    Account,
    Attempt,
    AuditEvent,
    Mail,
    SignInSession,
)
from tests.conftest import PASSWORD, OpenDatabase, People, add_account
from tests.signin.forger import Forger
from tests.signin.steps import ADA, BOB, ask_for_codes, is_inside, new_browser


def _everybody_unlike(people: People) -> dict[str, str]:
    """Addresses of a domain of ours, each with another reason why its owner does or does not get in."""
    with db.database.connection_context():
        states: dict[str, dict[str, Any]] = {
            "silent": {"type": SILENT_USER},
            "deactivated": {"active": False},
            "removed": {"removed_at": utcnow()},
            "passwordless": {"password_hash": None},
            "microsofts": {"directory_tenant": "t", "directory_id": "o"},
        }
        for name, fields in states.items():
            account = add_account(people.contoso, "end_user", name, f"{name}@contoso.example")
            Account.update(**fields).where(Account.id == account.id).execute()
    names = ("ada", "bob", "silent", "deactivated", "removed", "passwordless", "microsofts", "nobody")
    return {name: f"{name}@contoso.example" for name in names}


def _seen(answer: TestResponse, address: str) -> tuple[object, ...]:
    """What a stranger sees of an answer, but for the address that they typed themselves and the form's token."""
    text = re.sub(r"(csrf_token. value=.|X-CSRFToken.: .|state=|nonce=|code_challenge=)[\w.-]+", "", answer.text)
    return answer.status_code, *(said.replace(address, "…") for said in (answer.location or "", unquote(text)))


FORMS = ("/sign-in", "/sign-in/password", "/sign-in/forgotten")


@pytest.mark.parametrize("microsoft", [True, False])
def test_27_known_and_unknown_addresses_are_answered_alike(
    request: pytest.FixtureRequest, app: Flask, people: People, microsoft: bool
) -> None:
    if microsoft:
        request.getfixturevalue("forger")
    everybody = _everybody_unlike(people)
    for path in FORMS:
        seen = {}
        for name, address in everybody.items():
            browser = new_browser(app)
            answer = browser.post(path, data={"address": address, "password": "wrong wrong wrong"})
            after = browser.get(answer.location) if answer.location else answer
            seen[name] = (_seen(answer, address), _seen(after, address))
        for name, all_of_it in seen.items():
            assert all_of_it == seen["nobody"], (path, name)


def test_27_known_and_unknown_addresses_cost_the_same(
    app: Flask, forger: Forger, people: People, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many statements of each kind, and as many hashes: what takes longer tells as much as what says more."""
    hashes, everybody, browser = _count_hashes(monkeypatch), _everybody_unlike(people), new_browser(app)
    browser.get("/sign-in", query_string={"email": BOB})
    for path in FORMS:
        cost = {}
        for name, address in everybody.items():
            hashes.clear()
            caplog.clear()
            with caplog.at_level(logging.DEBUG, logger="peewee"):
                browser.post(path, data={"address": address, "password": "wrong wrong wrong"})
            kinds = [_kind(record.args or record.msg) for record in caplog.records if record.name == "peewee"]
            cost[name] = (kinds, len(hashes))
        for name, all_of_it in cost.items():
            assert all_of_it == cost["nobody"], (path, name)
        assert cost["nobody"][0]
        assert cost["nobody"][1] == (path == "/sign-in/password")


def _count_hashes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The hashes that a password is compared with, from now on."""
    hashes: list[str] = []
    verify = argon2.PasswordHasher.verify

    def noting(hasher: argon2.PasswordHasher, password_hash: str, password: str) -> bool:
        hashes.append(password_hash)
        return verify(hasher, password_hash, password)

    monkeypatch.setattr(argon2.PasswordHasher, "verify", noting)
    return hashes


def _kind(logged: object) -> str:
    """A statement without what it was told: its verb and its table."""
    (statement, _) = logged if isinstance(logged, tuple) else (str(logged), ())
    found = re.match(r'(\w+).*?(?:FROM|INTO|UPDATE) "?(\w+)', str(statement), re.DOTALL)
    return " ".join(found.groups()) if found else str(statement).partition(" ")[0]


def _behind_a_proxy(settings: Settings, proxies: int) -> FlaskClient:
    app = create_app(replace(settings, trusted_proxies=proxies))
    return new_browser(app)


def _networks() -> set[str]:
    """Which network addresses attempts were counted under."""
    with db.database.connection_context():
        return {row.key.removeprefix("network ") for row in Attempt.select() if row.key.startswith("network")}


def _already_tried(network: str) -> None:
    """All but one of the guesses that somebody there has."""
    with db.database.connection_context():
        for _ in range(49):
            Attempt.create(key=f"network {network}", at=utcnow())


def _guess(browser: FlaskClient, **headers: str) -> str:
    form = {"address": "anybody@contoso.example", "password": "wrong"}
    return browser.post("/sign-in/password", data=form, headers=headers).text


def test_28_without_a_trusted_proxy_nobody_chooses_their_own_address(
    settings: Settings, people: People, open_database: OpenDatabase
) -> None:
    browser = _behind_a_proxy(settings, 0)
    _already_tried("127.0.0.1")
    claims = {"X-Forwarded-For": "203.0.113.1", "Forwarded": "for=203.0.113.1", "X-Real-IP": "203.0.113.1"}
    assert "or the password is wrong" in _guess(browser, **claims)
    assert "Please wait 15 minutes" in _guess(browser, **claims)
    assert _networks() == {"127.0.0.1"}
    with open_database():
        assert {event.remote_address for event in AuditEvent.select()} == {"127.0.0.1"}


def test_28_behind_one_proxy_its_own_word_counts_and_nothing_that_came_with_it(
    settings: Settings, people: People
) -> None:
    browser = _behind_a_proxy(settings, 1)
    _already_tried("203.0.113.9")
    assert "or the password is wrong" in _guess(browser, **{"X-Forwarded-For": "198.51.100.1, 203.0.113.9"})
    assert "Please wait 15 minutes" in _guess(browser, **{"X-Forwarded-For": "198.51.100.2, 203.0.113.9"})
    assert _networks() == {"203.0.113.9"}


UNREADABLE = (
    "", ",", ",,,", "unknown", "999.999.999.999", "[::1", "127.0.0.1:99999", "a" * 5000, "'<>;--", "192.0.2.1, ",
)  # fmt: skip


def test_28_an_address_that_nobody_can_read_skips_no_step(
    settings: Settings, people: People, open_database: OpenDatabase
) -> None:
    browser = _behind_a_proxy(settings, 1)
    ask_for_codes(people.contoso)
    for odd in UNREADABLE:
        headers = {"X-Forwarded-For": odd}
        wrong = browser.post("/sign-in/password", data={"address": BOB, "password": "wrong"}, headers=headers)
        assert wrong.status_code == 422, odd
        right = browser.post("/sign-in/password", data={"address": ADA, "password": PASSWORD}, headers=headers)
        assert right.location == "/sign-in/code", odd
        with open_database():
            Attempt.delete().where(Attempt.key.startswith("address")).execute()
    assert not is_inside(browser)
    with open_database():
        assert SignInSession.select().count() == 0
        assert Attempt.select().count() == len(UNREADABLE)


def test_28_no_host_that_a_request_claims_gets_into_a_link_or_a_redirect(settings: Settings, people: People) -> None:
    """A link to choose a password goes out by mail: it leads to the address in the settings, whatever was asked."""
    browser = _behind_a_proxy(settings, 0)
    claims = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"}
    for answer in (
        browser.post("/sign-in/password", data={"address": BOB, "password": PASSWORD}, headers=claims),
        browser.post("/sign-in/forgotten", data={"address": BOB}, headers=claims),
        browser.get("/import-sync/azure", headers=claims),
        browser.get("/sign-in/microsoft", headers=claims),
    ):
        assert answer.status_code == 303
        assert "evil.example" not in answer.location
    with db.database.connection_context():
        (mail,) = Mail.select()
        assert "evil" not in f"{mail.to} {mail.details}"
