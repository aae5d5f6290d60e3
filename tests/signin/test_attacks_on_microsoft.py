"""Attack cases 21 and 22: tokens and ways back that must not be believed. A good one comes in beside each of them."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from joserfc import jwt
from werkzeug.test import TestResponse

from ppe.models import Account, HalfSignIn, SignInSession
from tests.conftest import OpenDatabase, People
from tests.signin.entra import Entra
from tests.signin.forger import APPLICATION, OBJECT, OTHER_TENANT, SECRET, Forger, key
from tests.signin.steps import ADA, BOB, change, is_inside, new_browser

Forgery = Callable[[Forger, dict[str, str]], str | None]
Check = Callable[..., None]


@pytest.fixture
def nobody_came_in(open_database: OpenDatabase) -> Check:
    """Refused with a sentence; neither signed in nor half, and nobody was bound to what was shown."""

    def check(answer: TestResponse, browser: FlaskClient, what: object = "") -> None:
        assert answer.status_code == 403, (what, answer.headers)
        assert "You are not signed in" in answer.text, what
        assert not is_inside(browser), what
        with open_database():
            assert (SignInSession.select().count(), HalfSignIn.select().count()) == (0, 0), what
            assert not Account.select().where(Account.microsoft_id.is_null(False)).exists(), what

    return check


def test_21_a_good_token_comes_in(client: FlaskClient, forger: Forger, people: People) -> None:
    """What the others differ from."""
    forger.link(people.bob)
    assert forger.sign_in(client).location == "/account"
    assert is_inside(client)


def test_21_a_foreign_tenants_token_with_the_victims_address_opens_nothing(
    client: FlaskClient, forger: Forger, people: People, nobody_came_in: Check
) -> None:
    """nOAuth: whoever administers a tenant chooses what its tokens say about mail addresses."""
    forger.link(people.bob)
    foreign = {"tid": OTHER_TENANT, "iss": f"{forger.login_url}/{OTHER_TENANT}/v2.0"}
    victim = {"email": BOB, "preferred_username": BOB, "upn": BOB, "oid": "somebody else's"}
    for claims in (foreign | victim, foreign | victim | {"oid": OBJECT}, {"tid": OTHER_TENANT} | victim):
        nobody_came_in(forger.sign_in(client, **claims), client)


def test_21_no_mail_claim_finds_anybody_even_in_the_own_tenant(
    client: FlaskClient, forger: Forger, people: People, nobody_came_in: Check
) -> None:
    claims: dict[str, Any] = {
        "email": BOB,
        "upn": BOB,
        "unique_name": BOB,
        "verified_primary_email": [BOB],
        "xms_edov": True,
    }
    for name in ("mallory@contoso.example", None):
        answer = forger.sign_in(client, oid="mallory", preferred_username=name, **claims)
        nobody_came_in(answer, client)
        assert "Nobody here has this Microsoft account" in answer.text


def test_21_an_object_id_counts_in_its_own_tenant_alone(
    client: FlaskClient, forger: Forger, people: People, nobody_came_in: Check
) -> None:
    """Bob was linked in the tenant that was connected before; his id there means nothing in this one."""
    forger.link(people.bob, tenant=OTHER_TENANT)
    nobody_came_in(forger.sign_in(client), client)


def test_21_one_organisations_tenant_vouches_for_nobody_in_another(
    client: FlaskClient, forger: Forger, people: People, nobody_came_in: Check
) -> None:
    change(people.eve, type="end_user")
    nobody_came_in(forger.sign_in(client, preferred_username="eve@fabrikam.example"), client)
    forger.link(people.eve)
    nobody_came_in(forger.sign_in(client, preferred_username="nobody@contoso.example"), client)


def test_21_no_administrator_is_bound_by_an_address(
    client: FlaskClient, forger: Forger, people: People, nobody_came_in: Check
) -> None:
    nobody_came_in(forger.sign_in(client, preferred_username=ADA), client)


def test_21_a_guest_is_neither_bound_nor_let_in(
    client: FlaskClient, forger: Forger, people: People, nobody_came_in: Check
) -> None:
    guests: tuple[dict[str, Any], ...] = (
        {"acct": 1},
        {"idp": f"https://sts.windows.net/{OTHER_TENANT}/"},
        {"idp": "mail"},
    )
    for guest in guests:
        nobody_came_in(forger.sign_in(client, **guest), client, guest)
    forger.link(people.bob)
    for guest in guests:
        nobody_came_in(forger.sign_in(client, **guest), client, guest)


LIES: dict[str, dict[str, Any]] = {
    "another audience": {"aud": "55555555-eeee-4eee-8eee-555555555555"},
    "another audience, for us": {"aud": "55555555-eeee-4eee-8eee-555555555555", "azp": APPLICATION},
    "no audience": {"aud": None},
    "another issuer": {"iss": "https://evil.example/v2.0"},
    "the issuer of another tenant": {"iss": f"https://login.microsoftonline.com/{OTHER_TENANT}/v2.0"},
    "no issuer": {"iss": None},
    "another tenant": {"tid": OTHER_TENANT},
    "no tenant": {"tid": None},
    "no object": {"oid": None},
    "another nonce": {"nonce": "of another sign-in"},
    "no nonce": {"nonce": None},
    "expired": {"iat": 1_700_000_000, "nbf": 1_700_000_000, "exp": 1_700_003_900},
    "no expiry": {"exp": None},
    "not good yet": {"nbf": 4_000_000_000},
    "an empty object": {"oid": ""},
}


def test_22_a_signed_token_that_says_the_wrong_thing_is_refused(
    client: FlaskClient, forger: Forger, people: People, nobody_came_in: Check
) -> None:
    forger.link(people.bob)
    for what, lie in LIES.items():
        refused = forger.sign_in(client, **lie)
        nobody_came_in(refused, client, what)
        assert "can&#39;t be trusted" in refused.text, what
    assert forger.sign_in(client).location == "/account"


def _public_text() -> str:
    return key("good").as_pem(private=False).decode()


def _keyed(secret: str) -> Forgery:
    """joserfc itself signs nothing with a public key, so this is done by hand."""

    def forge(forger: Forger, asked: dict[str, str]) -> str:
        signed = f"{_encoded({'alg': 'HS256', 'kid': 'good'})}.{_encoded(forger.claims(asked))}"
        return f"{signed}.{_base64(hmac.digest(secret.encode(), signed.encode(), 'sha256'))}"

    return forge


def _rsa(name: str, kid: str) -> Forgery:
    return lambda forger, asked: jwt.encode({"alg": "RS256", "kid": kid}, forger.claims(asked), key(name))


def _base64(some: bytes) -> str:
    return base64.urlsafe_b64encode(some).rstrip(b"=").decode()


def _encoded(part: dict[str, Any]) -> str:
    return _base64(json.dumps(part).encode())


def _unsigned(algorithm: str) -> Forgery:
    return lambda forger, asked: f"{_encoded({'alg': algorithm, 'kid': 'good'})}.{_encoded(forger.claims(asked))}."


def _tampered(forger: Forger, asked: dict[str, str]) -> str:
    header, _, signature = forger.token(asked, oid="mallory").split(".")
    return f"{header}.{_encoded(forger.claims(asked))}.{signature}"


FORGERIES: dict[str, Forgery] = {
    "no algorithm": _unsigned("none"),
    "no algorithm, in capitals": _unsigned("None"),
    "no signature": _unsigned("RS256"),
    "the public key as a shared secret": _keyed(_public_text()),
    "the client secret as a shared secret": _keyed(SECRET),
    "a key that is gone": _rsa("old", "old"),
    "another key under a good name": _rsa("old", "good"),
    "other words under a good signature": _tampered,
    "no token": lambda _forger, _asked: None,
    "an empty token": lambda _forger, _asked: "",
    "junk": lambda _forger, _asked: "junk.junk.junk",
}


def test_22_a_token_that_this_tenant_did_not_sign_is_refused(
    client: FlaskClient, forger: Forger, people: People, nobody_came_in: Check
) -> None:
    forger.link(people.bob)
    for what, forgery in FORGERIES.items():
        asked = forger.asks(client)
        nobody_came_in(forger.back(client, asked, forgery(forger, asked)), client, what)
    assert forger.sign_in(client).location == "/account"


def test_22_a_token_of_another_sign_in_is_refused(
    app: Flask, client: FlaskClient, forger: Forger, people: People, nobody_came_in: Check
) -> None:
    """The nonce ties a token to the client that asked for it."""
    forger.link(people.bob)
    others = forger.token(forger.asks(new_browser(app)))
    nobody_came_in(forger.back(client, forger.asks(client), others), client)


def test_22_the_verifier_goes_along_and_is_the_one_whose_hash_was_shown(
    client: FlaskClient, forger: Forger, people: People
) -> None:
    forger.link(people.bob)
    asked = forger.asks(client)
    assert asked["code_challenge_method"] == "S256"
    forger.back(client, asked, forger.token(asked))
    digest = hashlib.sha256(forger.redeemed["code_verifier"].encode()).digest()
    assert _base64(digest) == asked["code_challenge"]


def test_22_a_way_back_without_its_state_or_with_a_used_one_is_refused(
    client: FlaskClient, entra: Entra, people: People, nobody_came_in: Check
) -> None:
    entra.hire("Bob", BOB, people.bob)
    back = entra.press(entra.begin(client, BOB), BOB)
    for state in (None, "", "guessed"):
        nobody_came_in(entra.back(client, back, state=state), client)
    assert entra.back(client, back).location == "/account"
    client.post("/sign-out")
    nobody_came_in(entra.back(client, back), client)


def test_22_a_state_is_used_up_by_a_refusal_too_and_without_one_nothing_is_believed(
    client: FlaskClient, forger: Forger, people: People, nobody_came_in: Check
) -> None:
    """Neither what an address says that nobody began, nor a token that comes after somebody has pressed Cancel."""
    forger.link(people.bob)
    asked = forger.asks(client)
    cancelled = {"error": "access_denied", "error_description": "AADSTS65004: declined"}
    for state in ("", "guessed"):
        answer = client.get("/sign-in/microsoft/callback", query_string=cancelled | {"state": state})
        nobody_came_in(answer, client, state)
        assert "was not begun in this browser" in answer.text
    client.get("/sign-in/microsoft/callback", query_string=cancelled | {"state": asked["state"]})
    nobody_came_in(forger.back(client, asked, forger.token(asked)), client)


def test_22_a_way_back_that_another_browser_began_is_refused(
    app: Flask, client: FlaskClient, entra: Entra, people: People, nobody_came_in: Check
) -> None:
    """Otherwise somebody could be made to sign in as their attacker."""
    entra.hire("Bob", BOB, people.bob)
    attackers = entra.press(entra.begin(new_browser(app), BOB), BOB)
    nobody_came_in(entra.back(client, attackers), client)
    entra.begin(client, BOB)
    nobody_came_in(entra.back(client, attackers), client)


def test_22_a_stolen_code_is_worth_nothing_in_another_browsers_way_back(
    app: Flask, client: FlaskClient, entra: Entra, people: People, nobody_came_in: Check
) -> None:
    """Its verifier stayed in the client that it was stolen from."""
    entra.hire("Bob", BOB, people.bob)
    stolen = _code_of(entra.press(entra.begin(new_browser(app), BOB), BOB))
    own = entra.press(entra.begin(client, BOB), BOB)
    nobody_came_in(entra.back(client, own, code=stolen), client)


def test_22_a_code_works_once(app: Flask, entra: Entra, people: People) -> None:
    entra.hire("Bob", BOB, people.bob)
    first, second = new_browser(app), new_browser(app)
    back = entra.press(entra.begin(first, BOB), BOB)
    assert entra.back(first, back).location == "/account"
    again = entra.back(second, entra.press(entra.begin(second, BOB), BOB), code=_code_of(back))
    assert again.status_code == 403
    assert not is_inside(second)


def _code_of(back: str) -> str:
    return back.partition("code=")[2].partition("&")[0]
