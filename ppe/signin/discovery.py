"""Is Microsoft there? Its description of a tenant, asked for with a short time limit and remembered for seconds.

What is remembered is this process's own: another one asks for itself.
"""

import json
import threading
import time
from typing import Any, NamedTuple

import requests
from urllib3.exceptions import HTTPError

GOOD_FOR, BAD_FOR, REFUSED_FOR = 60.0, 10.0, 60.0  # seconds
CONNECT_AND_READ = (2.0, 3.0)  # seconds; somebody waits for the page
LARGEST = 256 * 1024  # bytes; the real one has about two thousand
NEEDED = ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri")


class _Seen(NamedTuple):
    until: float
    document: dict[str, Any] | None


_seen: dict[tuple[str, str], _Seen] = {}
_refused: dict[int, float] = {}
_asking = threading.Lock()


def of(login_url: str, tenant_id: str) -> dict[str, Any] | None:
    """The tenant's description, or None while Microsoft does not give a usable one."""
    key = (login_url, tenant_id)
    known = _seen.get(key)
    if known and known.until > time.monotonic():
        return known.document
    with _asking:  # of many who ask at the same moment one waits for Microsoft, the others for the one
        known = _seen.get(key)
        if known is None or known.until <= time.monotonic():
            document = _ask(f"{login_url}/{tenant_id}/v2.0/.well-known/openid-configuration")
            known = _seen[key] = _Seen(time.monotonic() + (GOOD_FOR if document else BAD_FOR), document)
    return known.document


def remember_refusal(connection_id: int) -> None:
    """Microsoft itself has just refused our registration; for a minute nobody else is sent there in vain."""
    _refused[connection_id] = time.monotonic() + REFUSED_FOR


def is_refused(connection_id: int) -> bool:
    """Whether that happened within the last minute."""
    return _refused.get(connection_id, 0.0) > time.monotonic()


def forget() -> None:
    """Ask anew next time."""
    _seen.clear()
    _refused.clear()


def _ask(url: str) -> dict[str, Any] | None:
    with requests.Session() as session:
        session.trust_env = False  # no detour by an environment variable
        try:
            with session.get(url, timeout=CONNECT_AND_READ, allow_redirects=False, stream=True) as answer:
                body = answer.raw.read(LARGEST, decode_content=True)
                document = json.loads(body) if answer.status_code == 200 else None
        except (requests.RequestException, HTTPError, ValueError):
            return None
    return document if isinstance(document, dict) and all(isinstance(document.get(n), str) for n in NEEDED) else None
