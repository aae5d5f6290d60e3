"""The keys that ID tokens are signed with. They rotate: a new one signs, the old ones stay listed for a while."""

import threading
from collections.abc import Mapping
from typing import Any

from joserfc import jwt
from joserfc.jwk import RSAKey


class SigningKeys:
    """RSA keys that live as long as the process. The newest, which is the last, signs.

    The first is made when it is first needed: most practice tenants never sign anybody in.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._keys: list[RSAKey] = []

    def rotate(self) -> None:
        """Let a new key sign from now on. What the old ones signed can still be checked."""
        self._all()
        fresh = _new_key()
        with self._lock:
            self._keys.append(fresh)

    def withdraw_old(self) -> None:
        """List only the key that signs now: what the old ones signed is worthless."""
        with self._lock:
            del self._keys[:-1]

    def sign(self, claims: Mapping[str, Any]) -> str:
        """Return a JWT of these claims whose header names the key."""
        key = self._all()[-1]
        return jwt.encode({"typ": "JWT", "alg": "RS256", "kid": key.kid}, dict(claims), key)

    def published(self) -> list[dict[str, Any]]:
        """Return the public halves as the key set lists them."""
        return [{**key.as_dict(private=False), "use": "sig"} for key in self._all()]

    def _all(self) -> list[RSAKey]:
        with self._lock:
            if not self._keys:
                self._keys.append(_new_key())
            return list(self._keys)


def _new_key() -> RSAKey:
    return RSAKey.generate_key(2048, auto_kid=True)
