"""One page of a listing or of a delta round: what it holds, where it leads, and how it is written."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from flask import Response, request

from ppe.practice import faults
from ppe.practice.directory import Collection
from ppe.practice.practice import Practice
from ppe.practice.weather import Weather
from ppe.practice.wire import to_json

JSON = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"


@dataclass(frozen=True, slots=True)
class Page:
    """Objects already written as JSON, and the link to what follows."""

    context: str
    items: Sequence[bytes]
    next_link: str | None = None
    delta_link: str | None = None
    count: int | None = None

    def to_json(self) -> bytes:
        """Write the page; the objects are joined as they are, so that a page of 999 costs next to nothing."""
        head = {
            "@odata.context": self.context,
            "@odata.count": self.count,
            "@odata.nextLink": self.next_link,
            "@odata.deltaLink": self.delta_link,
        }
        known = to_json({name: value for name, value in head.items() if value is not None})
        return b"".join((known[:-1], b',"value":[', b",".join(self.items), b"]}"))


def bend(page: Page, number: int, own_url: str, weather: Weather) -> Page:
    """Return the page as the weather lets it through."""
    sky = weather.sky
    if sky.empty:
        page = replace(page, items=())
    if sky.duplicates:
        page = replace(page, items=[*page.items[:1], *page.items])
    if sky.cut_after is not None and number >= sky.cut_after:
        page = replace(page, items=page.items[: len(page.items) // 2], next_link=None, delta_link=None)
    if sky.next_link and page.next_link:
        page = replace(page, next_link=sky.next_link)
    if sky.circles and (number > 1 or not page.next_link):
        page = replace(page, next_link=own_url, delta_link=None)
    return page


def answer(practice: Practice, collection: Collection, number: int, build: Callable[[], Page]) -> Response:
    """Answer with a page, or with what the weather makes of it."""
    weather = practice.weather
    weather.meet_page(collection, number)
    fault = weather.take_page_fault(collection, number)
    if fault == "empty":
        return Response(b"", content_type=JSON)
    if fault and fault != "cut":
        return faults.outage(fault, weather)
    with practice.tenant.lock:
        page = build()
    body = bend(page, number, request.url, weather).to_json()
    return Response(body[: len(body) // 2] if fault == "cut" else body, content_type=JSON)
