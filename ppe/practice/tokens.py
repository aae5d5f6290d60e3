"""Access tokens: opaque to the client, except that it may look for `roles` in the payload."""

import base64
import hashlib
import hmac
import json
import secrets
import time
from typing import Any

from ppe.practice.authorization_codes import Grant
from ppe.practice.errors import GraphError

GRAPH_HOST = "https://graph.microsoft.com"


class InvalidToken(GraphError):
    """The request carries no token that is good now."""

    def __init__(self, message: str) -> None:
        super().__init__(401, "InvalidAuthenticationToken", message)


class AccessTokens:
    """Issues and reads tokens with a key that lives as long as the process: after a restart old ones are 401."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def issue(self, tenant_id: str, application_id: str, roles: list[str], lifetime: int, generation: int) -> str:
        """Return a token. Without consent there are no `roles` in it, not even an empty list."""
        claims = _claims(tenant_id, application_id, lifetime) | {"idtyp": "app", "generation": generation}
        return self._signed(claims | ({"roles": roles} if roles else {}))

    def issue_for_person(self, grant: Grant, lifetime: int, generation: int) -> str:
        """Return a token that acts for a person: it has no roles, and so reads no directory."""
        claims = _claims(grant.tenant_id, grant.client_id, lifetime)
        scope = " ".join(grant.scopes)
        return self._signed(claims | {"oid": grant.object_id, "scp": scope, "generation": generation})

    def _signed(self, claims: dict[str, Any]) -> str:
        header = {"typ": "JWT", "alg": "HS256"}
        signed = f"{_text(json.dumps(header).encode())}.{_text(json.dumps(claims).encode())}"
        return f"{signed}.{self._signature(signed)}"

    def read(self, authorization: str | None, generation: int) -> dict[str, Any]:
        """Return the claims of a bearer token. Raises InvalidToken."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.casefold() != "bearer" or not token:
            raise InvalidToken("Access token is empty.")
        signed, _, signature = token.rpartition(".")
        if signed.count(".") != 1 or not hmac.compare_digest(signature.encode(), self._signature(signed).encode()):
            raise InvalidToken("CompactToken parsing failed with error code: 80049217")
        payload = signed.partition(".")[2]
        claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        if claims["exp"] <= time.time() or claims["generation"] != generation:
            raise InvalidToken("Lifetime validation failed, the token is expired.")
        return claims

    def _signature(self, signed: str) -> str:
        return _text(hmac.digest(self._key, signed.encode(), hashlib.sha256))


def _claims(tenant_id: str, application_id: str, lifetime: int) -> dict[str, Any]:
    now = int(time.time())
    return {
        "aud": GRAPH_HOST,
        "iss": f"https://sts.windows.net/{tenant_id}/",
        "iat": now,
        "nbf": now,
        "exp": now + lifetime,
        "appid": application_id,
        "tid": tenant_id,
        "uti": secrets.token_urlsafe(16),
        "ver": "1.0",
    }


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
