"""Authorization codes: what each stands for, how long it is good, and that it is good once."""

import base64
import hashlib
import secrets
import threading
import time
from dataclasses import dataclass

from ppe.practice.errors import SignInError

LIFETIME = 600
MOST = 1000


@dataclass(frozen=True, slots=True)
class Grant:
    """What a person agreed to: who signs in, for which application, and where the code was sent."""

    tenant_id: str
    client_id: str
    redirect_uri: str
    object_id: str
    session_id: str
    scopes: tuple[str, ...]
    nonce: str
    challenge: str


@dataclass(frozen=True, slots=True)
class Redemption:
    """What the application shows for a code."""

    code: str
    tenant_id: str
    client_id: str
    redirect_uri: str
    verifier: str


class AuthorizationCodes:
    """The codes handed out lately. A spent one is remembered, because it is refused with words of its own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._issued: dict[str, tuple[Grant, float]] = {}
        self._spent: set[str] = set()

    def issue(self, grant: Grant) -> str:
        """Return a code for a grant."""
        code = f"1.{secrets.token_urlsafe(64)}"
        with self._lock:
            self._issued[code] = (grant, time.time() + LIFETIME)
            while len(self._issued) > MOST:
                oldest = next(iter(self._issued))
                del self._issued[oldest]
                self._spent.discard(oldest)
        return code

    def redeem(self, shown: Redemption) -> Grant:
        """Return what a code stands for, and spend it. One that is refused stays good. Raises SignInError."""
        with self._lock:
            if shown.code not in self._issued:
                raise refused(9002313, "Invalid request. Request is malformed or invalid.")
            grant, ends = self._issued[shown.code]
            if shown.code in self._spent:
                what = "OAuth2 Authorization code was already redeemed,"
                raise refused(54005, f"{what} please retry with a new valid code or use an existing refresh token.")
            if time.time() >= ends:
                what = "The provided authorization code or refresh token has expired due to inactivity."
                advice = "Send a new interactive authorization request for this user and resource."
                raise refused(70008, f"{what} {advice}")
            check(grant, shown)
            self._spent.add(shown.code)
            return grant


def check(grant: Grant, shown: Redemption) -> None:
    """Hold what is shown for a code against what it was issued for. Raises SignInError."""
    if shown.tenant_id != grant.tenant_id:
        raise refused(700005, "Provided Authorization Code is intended to use against other tenant, thus rejected.")
    if shown.client_id.casefold() != grant.client_id:
        raise refused(70000, "The provided access grant is invalid or malformed: it was issued to another client id.")
    if shown.redirect_uri != grant.redirect_uri:
        what = f"The reply address '{shown.redirect_uri}' does not match the reply address"
        more = f"'{grant.redirect_uri}' provided when requesting Authorization code."
        raise SignInError(400, "invalid_client", 500112, f"{what} {more}")
    # A verifier where no challenge was sent is refused too, as RFC 9700 asks for.
    if (challenge_of(shown.verifier) if shown.verifier else "") != grant.challenge:
        what = "The Code_Verifier does not match the code_challenge supplied in the authorization request."
        raise refused(501481, what)


def challenge_of(verifier: str) -> str:
    """Return the S256 challenge of a verifier."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def refused(code: int, description: str) -> SignInError:
    """Return the refusal of a code."""
    return SignInError(400, "invalid_grant", code, description)
