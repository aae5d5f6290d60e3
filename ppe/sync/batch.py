"""Many small questions to Graph in one exchange, and what came back of each.

Microsoft's JSON batching: at most 20 questions, answered in any order, each throttled by itself; the exchange as a
whole is 200 whatever became of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ppe.sync.wire import THROTTLED, asked_to_wait

MOST = 20


@dataclass(frozen=True, slots=True)
class Part:
    """The answer to one question. `wait` are the seconds after which to ask again; status 0 means no answer."""

    status: int = 0
    wait: float | None = None
    body: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_throttled(self) -> bool:
        """Whether it has to be asked again."""
        return self.status == THROTTLED


def questions(urls: Sequence[str]) -> dict[str, Any]:
    """The body of an exchange that asks for each of these, by addresses below Graph's own."""
    return {"requests": [{"id": str(number), "method": "GET", "url": url} for number, url in enumerate(urls)]}


def parts(document: Mapping[str, Any], count: int) -> list[Part]:
    """The answers in the order of the questions, whatever theirs."""
    answered = document.get("responses")
    by_id = {said.get("id"): said for said in answered if isinstance(said, dict)} if isinstance(answered, list) else {}
    return [_part(by_id.get(str(number), {})) for number in range(count)]


def _part(said: Mapping[str, Any]) -> Part:
    status, headers, body = said.get("status"), said.get("headers"), said.get("body")
    named = {str(name).lower(): str(value) for name, value in headers.items()} if isinstance(headers, dict) else {}
    return Part(
        status if isinstance(status, int) else 0,
        asked_to_wait(named.get("retry-after", "")),
        body if isinstance(body, dict) else {},
    )
