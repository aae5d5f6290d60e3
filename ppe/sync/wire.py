"""One bounded HTTP exchange: limits on size and time, retries with patience, and never a redirect."""

import json
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from uuid import uuid4

import requests
from urllib3.exceptions import HTTPError

from ppe.errors import DirectoryUnavailable, DirectoryUntrusted, Throttled

ANSWER_LIMIT = 64 * 1024 * 1024  # bytes; a page of 999 people is about half a megabyte
ANSWER_SECONDS = 120
CONNECT_AND_READ_SECONDS = (10, 60)
TRIES = 5
LONGEST_NAP = 10.0  # seconds; whoever is told to wait longer gives its worker back
OFTEN_ENOUGH = 60.0  # seconds until the next attempt, when naps were of no use
THROTTLED = 429
RETRIED = frozenset({THROTTLED, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `correlation_id` is Microsoft's name for the exchange, for support."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    document: dict[str, Any] | None = None

    @property
    def correlation_id(self) -> str:
        """The id under which Microsoft's support finds this exchange."""
        return self.headers.get("request-id", "") or self.headers.get("x-ms-request-id", "")

    def json(self) -> dict[str, Any]:
        """The answer as a JSON object; empty when it is something else, such as a gateway's page."""
        return self.document or {}


class Wire:
    """Asks, and asks again where that is polite. `pause` waits for so many seconds; a test passes its own."""

    def __init__(self, pause: Callable[[float], None] = time.sleep, tries: int = TRIES) -> None:
        self._session = requests.Session()
        self._session.trust_env = False  # no password from a .netrc, no detour by an environment variable
        self._pause = pause
        self._tries = tries

    def ask(self, method: str, url: str, headers: Mapping[str, str] | None = None, **body: Any) -> Answer:
        """One answer, whatever its status says, unless Microsoft stays silent, busy or broken.

        Raises:
            Throttled: we are to wait for longer than a nap.
            DirectoryUnavailable: no usable answer after several tries.
            DirectoryUntrusted: a redirect, or more than anybody should send.
        """
        for attempt in range(1, self._tries + 1):
            answer = self._once(method, url, headers or {}, body)
            if answer is not None and answer.status not in RETRIED:
                return answer
            wait = asked_to_wait(answer.headers.get("Retry-After", "")) if answer else None
            is_throttled = answer is not None and answer.status == THROTTLED
            if attempt < self._tries or is_throttled or is_long(wait):
                self.rest(wait, attempt)
        raise _unavailable(answer)

    def rest(self, wait: float | None, attempt: int) -> None:
        """Wait before asking again: as long as Microsoft says, or else longer with each attempt, the first being 1.

        Raises:
            Throttled: that would be longer than a nap, or it was tried often enough.
        """
        if wait is not None and is_long(wait):
            raise Throttled(wait)
        if attempt >= self._tries:
            raise Throttled(OFTEN_ENOUGH)
        self._pause(wait if wait is not None else random.uniform(0.5, 1) * 2 ** (attempt - 1))  # noqa: S311 - only spreads the load

    def _once(self, method: str, url: str, headers: Mapping[str, str], body: dict[str, Any]) -> Answer | None:
        """One try; None when the connection failed, fell silent, or broke off before the answer was whole."""
        sent = {**headers, "client-request-id": str(uuid4()), "Accept": "application/json"}
        try:
            with self._session.request(
                method, url, headers=sent, timeout=CONNECT_AND_READ_SECONDS, allow_redirects=False, stream=True, **body
            ) as response:
                if 300 <= response.status_code < 400:
                    raise DirectoryUntrusted(
                        "Microsoft's answer points to another address, which is not followed.",
                        "Check for a proxy or a sign-in page between this machine and Microsoft.",
                        str(response.status_code),
                    )
                answer = _read(response)
                return answer if answer.document is not None or response.status_code != 200 else None
        except (requests.RequestException, HTTPError, OSError):
            return None


def _read(response: requests.Response) -> Answer:
    """The answer, whole; its document is None where it should be JSON and is not, as when it was cut."""
    body = _body(response)
    if "json" not in response.headers.get("Content-Type", ""):
        return Answer(response.status_code, response.headers, body, {})
    try:
        document = json.loads(body)
    except ValueError:
        document = None
    return Answer(response.status_code, response.headers, body, document if isinstance(document, dict) else None)


def _body(response: requests.Response) -> bytes:
    started, parts, size = time.monotonic(), [], 0
    for part in response.iter_content(1 << 18):
        parts.append(part)
        size += len(part)
        if size > ANSWER_LIMIT or time.monotonic() - started > ANSWER_SECONDS:
            raise DirectoryUntrusted(
                "An answer from Microsoft was larger or slower than any should be, and was dropped.",
                "Try again later; if it stays so, check what stands between this machine and Microsoft.",
            )
    return b"".join(parts)


def is_long(wait: float | None) -> bool:
    """Whether a worker is not to sit so many seconds out."""
    return wait is not None and wait > LONGEST_NAP


def asked_to_wait(text: str) -> float | None:
    """The seconds of a Retry-After, which may be a fraction or a date; None where there is none."""
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None


def _unavailable(answer: Answer | None) -> DirectoryUnavailable:
    advice = "Nothing was changed. Try again in a few minutes, and look at Microsoft's service status if it stays so."
    if answer is None:
        return DirectoryUnavailable("Microsoft did not answer, or broke off while answering.", advice)
    error = answer.json().get("error")
    code = error.get("code", "") if isinstance(error, dict) else ""
    return DirectoryUnavailable(
        "Microsoft's service is not available at the moment.", advice, code or str(answer.status), answer.correlation_id
    )
