"""An application that people sign in to, seen from the practice tenant: it asks, it redeems, and it checks."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import requests
from joserfc import jwt
from joserfc.jwk import KeySet

from ppe.practice.authorization_codes import challenge_of
from ppe.practice.server import PracticeServer
from ppe.practice.signing_in import open_page, press
from ppe.practice.tenant import Tenant

CALLBACK = "http://127.0.0.1:5000/callback"


class RelyingParty:
    """The registered application, and one browser."""

    def __init__(self, server: PracticeServer) -> None:
        self.server, self.tenant = server, server.tenant
        self.browser = requests.Session()
        self.verifier = secrets.token_urlsafe(48)

    def url(self, tenant: str = "", **asked: str) -> str:
        """The authorise address; `asked` replaces what is usually asked, and empty text leaves it out."""
        usual = {
            "client_id": self.server.application_id,
            "redirect_uri": CALLBACK,
            "response_type": "code",
            "scope": "openid profile email",
            "state": "the state",
            "nonce": "the nonce",
            "code_challenge": challenge_of(self.verifier),
            "code_challenge_method": "S256",
        }
        query = urlencode({name: value for name, value in (usual | asked).items() if value})
        return f"{self.server.login_url}/{tenant or self.server.domain}/oauth2/v2.0/authorize?{query}"

    def open(self, tenant: str = "", **asked: str) -> requests.Response:
        return open_page(self.browser, self.url(tenant, **asked))

    def press(self, answer: str, person: str = "", refusal: str = "", **asked: str) -> requests.Response:
        return press(self.browser, self.url(**asked), answer, person=person, refusal=refusal)

    def sign_in(self, address: str, **asked: str) -> dict[str, str]:
        return told(self.server.sign_in_as(self.browser, self.url(**asked), address))

    def redeem(self, code: str, tenant: str = "", **form: str) -> requests.Response:
        """Show a code; `form` replaces what is usually sent, and empty text leaves it out."""
        sent = {
            "client_id": self.server.application_id,
            "client_secret": self.server.client_secret,
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": self.verifier,
        } | form
        address = f"{self.server.login_url}/{tenant or self.server.domain}/oauth2/v2.0/token"
        return requests.post(address, data={name: value for name, value in sent.items() if value}, timeout=5)

    def tokens(self, address: str, **asked: str) -> dict[str, Any]:
        answer = self.redeem(self.sign_in(address, **asked)["code"])
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def key_set(self, tenant: str = "common") -> dict[str, Any]:
        answer = requests.get(f"{self.server.login_url}/{tenant}/discovery/v2.0/keys", timeout=5)
        body: dict[str, Any] = answer.json()
        return body

    def claims(self, id_token: str) -> dict[str, Any]:
        """Check the signature against the key set, and return the claims."""
        keys = KeySet.import_key_set(self.key_set())  # type: ignore[arg-type]
        return dict(jwt.decode(id_token, keys, algorithms=["RS256"]).claims)

    def sign_out(self, **asked: str) -> requests.Response:
        address = f"{self.server.login_url}/{self.server.domain}/oauth2/v2.0/logout"
        return self.browser.get(address, params=asked, timeout=5)


def told(callback: str) -> dict[str, str]:
    """What the application is told by the address to which the person is sent back."""
    assert callback.startswith(CALLBACK), callback
    return {name: value for name, (value,) in parse_qs(urlsplit(callback).query).items()}


def sent_back(answer: requests.Response) -> dict[str, str]:
    assert answer.status_code == 302, answer.text
    return told(answer.headers["Location"])


def error_of(answer: requests.Response) -> tuple[str, str]:
    """The error that the application is told, and Microsoft's code in its description."""
    back = sent_back(answer)
    assert back["state"] == "the state"
    return back["error"], back["error_description"].partition(":")[0]


@contextmanager
def relying_party() -> Iterator[RelyingParty]:
    """A tenant of four: Ann, a blocked one, a guest and one without a mailbox."""
    with PracticeServer(Tenant.empty()) as server:
        server.tenant.hire("Ann", "ann@contoso.example", aliases=("a@contoso.example",))
        server.tenant.hire("Bob Blocked", "bob@contoso.example", enabled=False)
        server.tenant.hire("Gina", "gina@northwind.example", guest=True)
        server.tenant.hire("Nell", "nell@contoso.example", mailbox=False)
        party = RelyingParty(server)
        yield party
        party.browser.close()
