"""The same sign-in against a provider that is none of ours: oidc-provider-mock, over real HTTP.

It knows no tenants in its addresses, so `microsoft_login_url` leads to a signpost that describes Contoso's tenant in
the provider's own words and with its own endpoints. It signs whatever claims it is given, with one key, and checks no
verifier; the practice tenant does that in test_attacks_on_microsoft. What it can't say is made out of what it does
say, between its token endpoint and ours.
"""

import base64
import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import oidc_provider_mock  # type: ignore[import-untyped]
import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient
from markupsafe import Markup
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response
from werkzeug.test import TestResponse

from ppe import db
from ppe.clock import utcnow
from ppe.encryption import encrypt
from ppe.models import Account, Connection, SignInSession
from ppe.signin import discovery
from tests.conftest import OpenDatabase, People
from tests.signin.forger import OBJECT, OTHER_TENANT, TENANT
from tests.signin.steps import BOB, is_inside, new_browser

CALLBACK = "http://localhost/sign-in/microsoft/callback"
# The mock overrides what Authlib would like to have named differently.
pytestmark = pytest.mark.filterwarnings("ignore:get_jwt_config:DeprecationWarning")
MEMBER = {"tid": TENANT, "oid": OBJECT, "preferred_username": BOB, "sid": "a session there"}


@pytest.fixture(scope="module")
def providers() -> Iterator[tuple[str, str]]:
    """The provider, and another one with another key."""
    with ExitStack() as running:
        ports = [
            running.enter_context(oidc_provider_mock.run_server_in_thread(require_client_registration=True)).server_port
            for _ in range(2)
        ]
        yield f"http://localhost:{ports[0]}", f"http://localhost:{ports[1]}"


class Provider:
    """Contoso's connection to it, and Bob's browser in between."""

    def __init__(self, app: Flask, signpost: HTTPServer, url: str, people: People) -> None:
        self.app, self.signpost, self.url = app, signpost, url
        self.document = requests.get(f"{url}/.well-known/openid-configuration", timeout=5).json()
        self.client = self.register()
        app.config["WTF_CSRF_ENABLED"] = False
        app.config["SETTINGS"] = replace(
            app.config["SETTINGS"], microsoft_login_url=signpost.url_for("/login"), public_url="http://localhost"
        )
        with app.app_context(), db.database.connection_context():
            Connection.update(
                application_id=self.client["client_id"],
                ad_key=encrypt(self.client["client_secret"]),
                tenant_id=TENANT,
                last_verified_at=utcnow(),
            ).where(Connection.organization == people.contoso).execute()
            Account.update(directory_tenant=TENANT, directory_id=OBJECT).where(Account.id == people.bob.id).execute()
        self.describe()

    def register(self) -> dict[str, Any]:
        asked = {"redirect_uris": [CALLBACK], "token_endpoint_auth_method": "client_secret_post"}
        answer = requests.post(f"{self.url}/oauth2/clients", json=asked, timeout=5)
        registered: dict[str, Any] = answer.json()
        return registered

    def describe(self, **changed: str) -> None:
        """What the signpost says of the tenant from now on."""
        self.signpost.clear()
        path = f"/login/{TENANT}/v2.0/.well-known/openid-configuration"
        self.signpost.expect_request(path).respond_with_json(self.document | changed)
        discovery.forget()

    def in_between(self, change: Callable[[str], str]) -> None:
        """Have each ID token changed on its way from the provider to us."""
        self.describe(token_endpoint=self.signpost.url_for("/token"))

        def pass_on(request: Request) -> Response:
            answer = requests.post(self.document["token_endpoint"], data=request.form.to_dict(), timeout=5).json()
            answer["id_token"] = change(answer["id_token"])
            return Response(json.dumps(answer), mimetype="application/json")

        self.signpost.expect_request("/token", method="POST").respond_with_handler(pass_on)

    def begin(self, browser: FlaskClient) -> str:
        page = browser.get("/sign-in/microsoft", query_string={"email": BOB})
        found = re.search(r'href="([^"]+)" id="to-microsoft"', page.text)
        assert found is not None, page.text
        return Markup(found[1]).unescape()

    def press(self, there: str, **form: str) -> dict[str, str]:
        """What the provider sends back."""
        answer = requests.post(there, data={"sub": "bob"} | form, allow_redirects=False, timeout=5)
        location = answer.headers["Location"]
        assert location.startswith(CALLBACK), answer.text
        return dict(parse_qsl(urlsplit(location).query))

    def sign_in(self, browser: FlaskClient, **claims: Any) -> TestResponse:
        """The whole way, with what the provider says of Bob."""
        requests.put(f"{self.url}/users/bob", json=MEMBER | claims, timeout=5)
        back = self.press(self.begin(browser))
        return browser.get(CALLBACK, query_string=back)


@pytest.fixture
def provider(app: Flask, people: People, httpserver: HTTPServer, providers: tuple[str, str]) -> Provider:
    return Provider(app, httpserver, providers[0], people)


@pytest.fixture
def refused(client: FlaskClient, open_database: OpenDatabase) -> Callable[[TestResponse], None]:
    def check(answer: TestResponse) -> None:
        assert answer.status_code == 403, answer.headers
        assert "You are not signed in" in answer.text
        assert not is_inside(client)
        with open_database():
            assert SignInSession.select().count() == 0

    return check


Check = Callable[[TestResponse], None]


def test_a_good_token_comes_in(
    client: FlaskClient, provider: Provider, people: People, open_database: OpenDatabase
) -> None:
    assert provider.sign_in(client).location == "/account"
    assert is_inside(client)
    with open_database():
        row = SignInSession.get()
        assert (row.account_id, row.first_step, row.microsoft_sid) == (people.bob.id, "microsoft", "a session there")


LIES: tuple[dict[str, Any], ...] = (
    {"tid": OTHER_TENANT},
    {"tid": OTHER_TENANT, "email": BOB, "email_verified": True},
    {"aud": "another application"},
    {"iss": "https://login.microsoftonline.com/another/v2.0"},
    {"nonce": "of another sign-in"},
    {"oid": "nobody we know", "preferred_username": "mallory@contoso.example", "email": BOB},
    {"exp": 1_700_000_000},
)


def test_what_is_said_of_another_is_refused(client: FlaskClient, provider: Provider, refused: Check) -> None:
    """The provider signs all of this itself."""
    for_us = {"aud": "another application", "azp": provider.client["client_id"]}
    for lie in (*LIES, for_us):
        answer = provider.sign_in(client, **lie)
        refused(answer)
        assert ("Nobody here has" if "oid" in lie else "can&#39;t be trusted") in answer.text, lie
    assert provider.sign_in(client).location == "/account"


def test_a_key_that_the_tenant_does_not_list_is_refused(
    client: FlaskClient, provider: Provider, providers: tuple[str, str], refused: Check
) -> None:
    """The mock never changes its key; but another one lists another."""
    provider.describe(jwks_uri=f"{providers[1]}/jwks")
    refused(provider.sign_in(client))
    provider.describe()
    assert provider.sign_in(client).location == "/account"


def _unsigned(id_token: str) -> str:
    header = base64.urlsafe_b64encode(json.dumps({"alg": "none", "typ": "JWT"}).encode()).rstrip(b"=").decode()
    return f"{header}.{id_token.split('.')[1]}."


def _cut(id_token: str) -> str:
    return id_token.rpartition(".")[0] + "."


@pytest.mark.parametrize("change", [_unsigned, _cut])
def test_a_token_without_a_signature_is_refused(
    client: FlaskClient, provider: Provider, refused: Check, change: Callable[[str], str]
) -> None:
    """The mock can't produce these: its own good token is stripped on the way."""
    provider.in_between(change)
    refused(provider.sign_in(client))
    provider.in_between(str)
    assert provider.sign_in(client).location == "/account"


def test_a_code_works_once_and_for_its_own_application_alone(
    app: Flask, client: FlaskClient, provider: Provider, refused: Check
) -> None:
    other = provider.register()
    there = provider.begin(client)
    back = provider.press(there.replace(provider.client["client_id"], other["client_id"]))
    refused(client.get(CALLBACK, query_string=back))
    first = new_browser(app)
    used = provider.press(provider.begin(first))
    assert first.get(CALLBACK, query_string=used).location == "/account"
    again = provider.press(provider.begin(client))
    answer = client.get(CALLBACK, query_string=again | {"code": used["code"]})
    assert answer.status_code == 403
    assert not is_inside(client)


def test_who_says_no_there_is_not_signed_in_here(client: FlaskClient, provider: Provider, refused: Check) -> None:
    """The mock leaves the state out when somebody declines, so that its answer fits nothing that was begun."""
    refused(client.get(CALLBACK, query_string=provider.press(provider.begin(client), action="deny")))
