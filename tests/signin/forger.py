"""A Microsoft that signs whatever a test wants, over real HTTP: for what neither the practice tenant nor another
provider can be brought to say."""

import html
import re
import time
from dataclasses import replace
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from flask import Flask
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response
from werkzeug.test import TestResponse

from ppe import db
from ppe.clock import utcnow
from ppe.encryption import encrypt
from ppe.models import Account, Connection, Organization
from ppe.signin import discovery

TENANT, OTHER_TENANT = "11111111-aaaa-4aaa-8aaa-111111111111", "22222222-bbbb-4bbb-8bbb-222222222222"
APPLICATION, OBJECT = "33333333-cccc-4ccc-8ccc-333333333333", "44444444-dddd-4ddd-8ddd-444444444444"
SECRET = "the client secret of the forger's tests"


@cache
def key(name: str) -> RSAKey:
    """A signing key, made once: that takes longer than a test."""
    return RSAKey.generate_key(2048, {"kid": name, "use": "sig"})


class Forger:
    """Contoso's tenant. The token endpoint gives out `id_token` and keeps what it was sent in `redeemed`."""

    def __init__(self, app: Flask, server: HTTPServer, organization: Organization) -> None:
        self.login_url = server.url_for("/login")
        self.issuer = f"{self.login_url}/{TENANT}/v2.0"
        self.id_token: str | None = None
        self.redeemed: dict[str, str] = {}
        at = f"{self.login_url}/{TENANT}"
        document = {"issuer": self.issuer, "authorization_endpoint": f"{at}/oauth2/v2.0/authorize",
                    "token_endpoint": f"{at}/oauth2/v2.0/token", "jwks_uri": f"{at}/discovery/v2.0/keys"}  # fmt: skip
        path = f"/login/{TENANT}"
        server.expect_request(f"{path}/v2.0/.well-known/openid-configuration").respond_with_json(document)
        server.expect_request(f"{path}/discovery/v2.0/keys").respond_with_json(KeySet([key("good")]).as_dict())
        server.expect_request(f"{path}/oauth2/v2.0/token", method="POST").respond_with_handler(self._token)
        self._connect(app, organization)

    def _connect(self, app: Flask, organization: Organization) -> None:
        app.config["WTF_CSRF_ENABLED"] = False
        app.config["SETTINGS"] = replace(
            app.config["SETTINGS"], microsoft_login_url=self.login_url, public_url="http://localhost"
        )
        discovery.forget()
        with app.app_context(), db.database.connection_context():
            Connection.update(
                primary_domain="contoso.example",
                application_id=APPLICATION,
                ad_key=encrypt(SECRET),
                tenant_id=TENANT,
                last_verified_at=utcnow(),
            ).where(Connection.organization == organization).execute()

    def _token(self, request: Request) -> Response:
        self.redeemed = request.form.to_dict()
        answer = {"token_type": "Bearer", "access_token": "an access token", "expires_in": 3599}
        body = answer | ({} if self.id_token is None else {"id_token": self.id_token})
        return Response(str(body).replace("'", '"'), mimetype="application/json")

    def link(self, account: Account, tenant: str = TENANT, object_id: str = OBJECT) -> None:
        with db.database.connection_context():
            Account.update(directory_tenant=tenant, directory_id=object_id).where(Account.id == account.id).execute()

    def asks(self, browser: FlaskClient, address: str = "bob@contoso.example", wanted: str = "") -> dict[str, str]:
        """What our console asks of the tenant, out of the address to which it sends a browser."""
        return self.asked_on(browser.get("/sign-in/microsoft", query_string={"email": address, "next": wanted}))

    def asked_on(self, page: TestResponse) -> dict[str, str]:
        """The same, out of the page that leads there."""
        found = re.search(r'href="([^"]+)" id="to-microsoft"', page.text)
        assert found is not None, page.text
        return dict(parse_qsl(urlsplit(html.unescape(found[1])).query))

    def claims(self, asked: dict[str, str], **changed: Any) -> dict[str, Any]:
        """What a good token says, with what is changed in it; None leaves a claim out."""
        now = int(time.time())
        good = {
            "aud": APPLICATION, "iss": self.issuer, "iat": now, "nbf": now, "exp": now + 3900, "nonce": asked["nonce"],
            "tid": TENANT, "oid": OBJECT, "sub": "pairwise", "preferred_username": "bob@contoso.example",
            "sid": "a session at Microsoft", "ver": "2.0",
        } | changed  # fmt: skip
        return {name: value for name, value in good.items() if value is not None}

    def token(self, asked: dict[str, str], **changed: Any) -> str:
        """A token with a good signature."""
        return jwt.encode({"alg": "RS256", "kid": "good"}, self.claims(asked, **changed), key("good"))

    def back(self, browser: FlaskClient, asked: dict[str, str], id_token: str | None) -> TestResponse:
        self.id_token = id_token
        return browser.get("/sign-in/microsoft/callback", query_string={"code": "a code", "state": asked["state"]})

    def sign_in(self, browser: FlaskClient, wanted: str = "", **changed: Any) -> TestResponse:
        asked = self.asks(browser, wanted=wanted)
        return self.back(browser, asked, self.token(asked, **changed))
