"""Who has signed in to Microsoft in which browser. A cookie of the practice host says which browser it is."""

import secrets
import threading
from dataclasses import dataclass, field
from uuid import uuid4

from flask import request
from werkzeug.wrappers import Response

# The product has cookies of its own on the same host: ports do not part cookies, names and paths do.
COOKIE = "practice_microsoft_session"
PATH = "/login"
MOST = 1000


@dataclass(slots=True)
class BrowserSession:
    """One person in one browser. `sid` is what ID tokens and front-channel logout call it."""

    object_id: str
    sid: str = field(default_factory=lambda: str(uuid4()))
    tenants: set[str] = field(default_factory=set)
    """Ids of the tenants through which the application was signed in to; as a rule one."""


class BrowserSessions:
    """The sessions, for as long as the process lives. A browser holds one person: the next replaces the last."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, BrowserSession] = {}

    def current(self) -> BrowserSession | None:
        """Return the session of the browser that asks."""
        return self._known.get(request.cookies.get(COOKIE, ""))

    def begin(self, object_id: str) -> tuple[str, BrowserSession]:
        """Sign a person in. The key is for `remember`: each new session has a new one, so none can be planted."""
        key, session = secrets.token_urlsafe(32), BrowserSession(object_id)
        with self._lock:
            self._known.pop(request.cookies.get(COOKIE, ""), None)
            self._known[key] = session
            while len(self._known) > MOST:
                del self._known[next(iter(self._known))]
        return key, session

    def end(self) -> None:
        """Sign the person out who is signed in to the browser that asks."""
        with self._lock:
            self._known.pop(request.cookies.get(COOKIE, ""), None)


def remember(response: Response, key: str) -> Response:
    """Let the browser keep the key of its session until it is closed."""
    response.set_cookie(COOKIE, key, path=PATH, httponly=True, samesite="Lax")
    return response


def forget(response: Response) -> Response:
    """Let the browser drop the key of its session."""
    response.delete_cookie(COOKIE, path=PATH, httponly=True, samesite="Lax")
    return response
