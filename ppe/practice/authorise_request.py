"""What an application asks for when it sends a person to sign in, and Microsoft's objections to it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlencode

from flask import g, request

from ppe.practice.client_credentials import missing, unknown_application
from ppe.practice.clouds import Home
from ppe.practice.errors import SignInError
from ppe.practice.registration import Registration
from ppe.practice.sign_in_pages import ERROR_PAGE
from ppe.practice.tokens import GRAPH_HOST

SCOPES = {"openid", "profile", "email", "offline_access", "User.Read", f"{GRAPH_HOST}/User.Read"}
PROMPTS = {"", "login", "select_account", "none", "consent"}
CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class WayBack:
    """Where the person is sent afterwards; the address has been found good."""

    redirect_uri: str
    state: str

    def with_code(self, code: str, session_id: str) -> str:
        """Return the address for somebody who has signed in."""
        return self._with({"code": code, "state": self.state, "session_state": session_id})

    def with_error(self, error: SignInError) -> str:
        """Return the address for somebody who has not."""
        body = error.body(g.trace_id, g.correlation_id, ERROR_PAGE)
        told = {"error": error.error, "error_subcode": error.subcode, "error_description": body["error_description"]}
        return self._with(told | {"error_uri": body.get("error_uri", ""), "state": self.state})

    def _with(self, answers: dict[str, str]) -> str:
        separator = "&" if "?" in self.redirect_uri else "?"
        said = urlencode({name: value for name, value in answers.items() if value})
        return f"{self.redirect_uri}{separator}{said}"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that nothing is wrong with."""

    home: Home
    back: WayBack
    scopes: tuple[str, ...]
    nonce: str
    challenge: str
    hint: str
    prompt: str


def way_back(registration: Registration, tenant: str) -> WayBack:
    """Return where to send the person. Raises SignInError, for the person's eyes: nobody else can be told."""
    client_id = request.args.get("client_id", "")
    if not client_id:
        raise missing("client_id")
    if client_id.casefold() != registration.application_id:
        raise unknown_application(client_id, tenant)
    redirect_uri = request.args.get("redirect_uri", "")
    if not redirect_uri:
        raise missing("redirect_uri")
    if not registration.may_redirect_to(redirect_uri):
        what = f"The redirect URI '{redirect_uri}' specified in the request does not match the redirect URIs configured"
        advice = f"for the application '{client_id}'. Make sure the redirect URI sent in the request matches one added"
        more = "to your application in the Azure portal. Navigate to https://aka.ms/redirectUriMismatchError to learn"
        raise SignInError(400, "invalid_request", 50011, f"{what} {advice} {more} more about how to fix this.")
    return WayBack(redirect_uri, request.args.get("state", ""))


def read(home: Home, back: WayBack) -> Asked:
    """Return the rest of the request. Raises SignInError, for the application."""
    require_code_by_query()
    given = request.args.get
    scopes = tuple(dict.fromkeys(given("scope", "").split()))
    check_scopes(scopes)
    nonce = given("nonce", "")
    if "openid" in scopes and not nonce:
        raise missing("nonce")
    prompt = given("prompt", "")
    if prompt not in PROMPTS:
        raise SignInError(400, "invalid_request", 90023, f"Unsupported 'prompt' value '{prompt}'.")
    return Asked(home, back, scopes, nonce, challenge(), given("login_hint", "").strip(), prompt)


def require_code_by_query() -> None:
    """Refuse every other way to answer: a code, in the query, is all that the practice tenant gives."""
    response_type = request.args.get("response_type", "")
    if not response_type:
        raise missing("response_type")
    if response_type != "code":
        what = f"response_type '{response_type}' is not enabled for the application."
        raise SignInError(400, "unsupported_response_type", 700054, what)
    mode = request.args.get("response_mode", "query")
    if mode != "query":
        what = f"'{mode}' is not a supported value of 'response_mode' when requesting a code."
        raise SignInError(400, "invalid_request", 70007, what)


def check_scopes(scopes: Iterable[str]) -> None:
    """Refuse what is not asked for on a person's behalf here."""
    if not scopes:
        raise missing("scope")
    strange = [scope for scope in scopes if scope not in SCOPES]
    if strange:
        what = "The provided value for the input parameter 'scope' is not valid."
        raise SignInError(400, "invalid_scope", 70011, f"{what} The scope {' '.join(strange)} is not valid.")


def challenge() -> str:
    """Return the PKCE challenge, if there is one. Plain ones, which Entra still takes, are refused."""
    sent = request.args.get("code_challenge", "")
    method = request.args.get("code_challenge_method", "")
    if (sent and method != "S256") or method not in {"", "S256"}:
        raise SignInError(400, "invalid_request", 50149, "Invalid Code_Challenge_method parameter.")
    if sent and not CHALLENGE.fullmatch(sent):
        raise SignInError(400, "invalid_request", 501491, "Invalid size of Code_Challenge parameter.")
    if method and not sent:
        raise missing("code_challenge")
    return sent
