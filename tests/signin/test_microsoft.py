"""Microsoft sign-in against the practice tenant: the whole way over real HTTP, and what an attacker changes in it."""

import html
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from ppe.models import SILENT_USER, Account, AuditEvent, SignInSession
from tests.conftest import OpenDatabase, People, sign_in
from tests.signin.entra import Entra

BOB = "bob@contoso.example"


@pytest.fixture
def browser(app: Flask) -> FlaskClient:
    app.config["WTF_CSRF_ENABLED"] = False
    return app.test_client()


def test_a_linked_person_comes_in(
    browser: FlaskClient, entra: Entra, people: People, open_database: OpenDatabase
) -> None:
    entra.hire("Bob", "robert@contoso.example", people.bob)
    answer = entra.sign_in(browser, "robert@contoso.example", BOB)
    assert (answer.status_code, answer.location) == (303, "/account")
    assert browser.get("/account").status_code == 200
    with open_database():
        row = SignInSession.get()
        assert (row.account_id, row.first_step, row.fallback) == (people.bob.id, "microsoft", False)
        assert row.microsoft_sid


def test_somebody_by_hand_is_bound_by_name_once_and_never_again(
    app: Flask, browser: FlaskClient, entra: Entra, people: People, open_database: OpenDatabase
) -> None:
    first = entra.hire("Bob", BOB)
    assert entra.sign_in(browser, BOB, BOB).location == "/account"
    with open_database():
        assert Account.get_by_id(people.bob.id).microsoft_id == first
    entra.server.tenant.delete(first)
    entra.server.tenant.purge(first)
    entra.hire("Impostor", BOB)
    refused = entra.sign_in(app.test_client(), BOB, BOB)
    assert refused.status_code == 403
    assert "Nobody here has this Microsoft account" in refused.text


def test_nobody_becomes_an_administrator_by_having_the_address(
    browser: FlaskClient, entra: Entra, people: People, open_database: OpenDatabase
) -> None:
    entra.hire("Somebody", "ada@contoso.example")
    refused = entra.sign_in(browser, "ada@contoso.example", "ada@contoso.example")
    assert refused.status_code == 403
    assert "connect it under My preferences" in refused.text
    with open_database():
        assert Account.get_by_id(people.ada.id).microsoft_id is None
        assert SignInSession.select().count() == 0
        assert AuditEvent.get(AuditEvent.action == "Microsoft sign-in refused").actor == "ada@contoso.example"


def test_a_linked_administrator_comes_in_as_one(browser: FlaskClient, entra: Entra, people: People) -> None:
    entra.hire("Ada", "ada@contoso.example", people.ada)
    assert entra.sign_in(browser, "ada@contoso.example", "ada@contoso.example", "/users").location == "/users"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"active": False}, "not active"),
        ({"type": SILENT_USER}, "has no sign-in"),
        ({"type": "functional_account"}, "has no sign-in"),
    ],
)
def test_who_may_not_sign_in_does_not_with_microsoft_either(
    browser: FlaskClient,
    entra: Entra,
    people: People,
    open_database: OpenDatabase,
    change: dict[str, object],
    sentence: str,
) -> None:
    entra.hire("Bob", BOB, people.bob)
    with open_database():
        Account.update(**change).where(Account.id == people.bob.id).execute()
    refused = entra.sign_in(browser, BOB, BOB)
    assert refused.status_code == 403
    assert sentence in refused.text
    assert browser.get("/account").location.startswith("/sign-in")


def test_a_guest_is_refused_even_with_a_members_account(browser: FlaskClient, entra: Entra, people: People) -> None:
    entra.hire("Bob", "bob@northwind.example", people.bob, guest=True)
    refused = entra.sign_in(browser, "bob@northwind.example", BOB)
    assert refused.status_code == 403
    assert "Guests of the Microsoft tenant" in refused.text


@pytest.mark.parametrize(
    ("refusal", "sentence"),
    [
        ("declined", "did not agree"),
        ("not_consented", "not approved in your Microsoft tenant"),
        ("not_assigned", "not assigned"),
        ("other_tenant", "belongs to another organisation"),
        ("disabled", "is blocked"),
        ("conditional_access", "rules at Microsoft"),
        ("external", "belongs to another organisation"),
        ("busy", "a problem of its own"),
        ("broken", "a problem of its own"),
    ],
)
def test_each_of_microsofts_refusals_has_a_sentence(
    browser: FlaskClient, entra: Entra, refusal: str, sentence: str
) -> None:
    entra.hire("Bob", BOB)
    refused = entra.back(browser, entra.press(entra.begin(browser, BOB), "", "refuse", refusal))
    assert refused.status_code == 403
    assert sentence in refused.text
    assert "Sign in with a local password" in refused.text


def test_pressing_cancel_at_microsoft_is_no_mishap(browser: FlaskClient, entra: Entra) -> None:
    entra.hire("Bob", BOB)
    refused = entra.back(browser, entra.press(entra.begin(browser, BOB), "", "cancel"))
    assert "Begin again" in refused.text
    assert refused.status_code == 403


def test_without_an_address_microsoft_asks_who_it_is(browser: FlaskClient, entra: Entra, people: People) -> None:
    entra.hire("Bob", BOB, people.bob)
    there = entra.begin(browser)
    assert "prompt=select_account" in there
    assert "login_hint" not in there
    assert entra.back(browser, entra.press(there, BOB)).location == "/account"


def test_the_address_typed_is_a_hint_and_decides_nothing(
    browser: FlaskClient, entra: Entra, people: People, open_database: OpenDatabase
) -> None:
    """Ada's address is typed, Bob signs in at Microsoft: Bob it is."""
    entra.hire("Ada", "ada@contoso.example", people.ada)
    entra.hire("Bob", BOB, people.bob)
    there = entra.begin(browser, "ada@contoso.example")
    assert "login_hint=ada%40contoso.example" in there
    assert entra.back(browser, entra.press(there, BOB)).location == "/account"
    with open_database():
        assert SignInSession.get().account_id == people.bob.id


def test_many_unfinished_sign_ins_do_not_fill_the_cookie(browser: FlaskClient, entra: Entra, people: People) -> None:
    entra.hire("Bob", BOB, people.bob)
    for _ in range(12):
        there = entra.begin(browser, BOB)
    cookie = browser.get_cookie("ppe_session")
    assert cookie is not None
    assert len(cookie.value) < 3000
    assert entra.back(browser, entra.press(there, BOB)).location == "/account"


def test_signing_out_here_offers_microsofts_sign_out_once(browser: FlaskClient, entra: Entra, people: People) -> None:
    entra.hire("Bob", BOB, people.bob)
    entra.sign_in(browser, BOB, BOB)
    browser.post("/sign-out")
    offered = browser.get("/sign-in").text
    assert f"{entra.server.login_url}/{entra.server.tenant_id}/oauth2/v2.0/logout" in offered
    assert "sign out of Microsoft too" not in browser.get("/sign-in").text


def test_microsofts_front_channel_logout_ends_the_session_without_a_cookie(
    app: Flask, browser: FlaskClient, entra: Entra, people: People, open_database: OpenDatabase
) -> None:
    entra.hire("Bob", BOB, people.bob)
    entra.sign_in(browser, BOB, BOB)
    with open_database():
        sid = SignInSession.get().microsoft_sid
    frame = app.test_client()
    assert frame.get("/sign-in/microsoft/signed-out?sid=another").status_code == 200
    assert browser.get("/account").status_code == 200
    assert frame.get("/sign-in/microsoft/signed-out", query_string={"sid": sid}).status_code == 200
    assert browser.get("/account").location.startswith("/sign-in")


def test_an_administrator_connects_a_microsoft_account_while_signed_in_and_in_no_other_way(
    app: Flask, browser: FlaskClient, entra: Entra, people: People, open_database: OpenDatabase
) -> None:
    mine = entra.hire("Ada", "a.lovelace@contoso.example")
    sign_in(browser, "ada@contoso.example")
    asked = browser.post("/account/microsoft")
    found = re.search(r'href="([^"]+)" id="to-microsoft"', asked.text)
    assert found is not None, asked.text
    answer = entra.back(browser, entra.press(html.unescape(found[1]), "a.lovelace@contoso.example"))
    assert answer.location == "/account"
    with open_database():
        assert Account.get_by_id(people.ada.id).microsoft_id == mine
    assert entra.sign_in(app.test_client(), "a.lovelace@contoso.example", "ada@contoso.example").location == "/"


def test_back_from_granting_consent_the_page_says_what_comes_next(browser: FlaskClient, people: People) -> None:
    granted = browser.get("/sign-in/microsoft/callback?admin_consent=True&tenant=t")
    assert (granted.status_code, "press <strong>Test connection" in granted.text) == (200, True)
    refused = browser.get("/sign-in/microsoft/callback?error=permission_denied&error_description=The+admin+canceled")
    assert "Consent was not granted" in refused.text
