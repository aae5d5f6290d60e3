"""The weather: everything that can go wrong between a client and Microsoft, switched on and off at will."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from ppe.practice.directory import Collection
from ppe.practice.errors import GraphError, Throttled

Outage = Literal["503", "html", "reset", "truncated_gzip", "hang"]
SignInOutage = Literal["503", "hang", "refuse"]
PageFault = Literal["503", "html", "reset", "cut", "empty"]
MailFault = Literal["down", "refuses"]
Hook = Callable[[Collection, int], None]
FOREVER = 10**9


@dataclass(slots=True)
class _Sky:
    """What holds until somebody calls for calm."""

    delay: float = 0.0
    throttled: int = 0
    retry_after: str | None = None
    parts_throttled: list[str | None] = field(default_factory=list)
    outages: int = 0
    outage: Outage = "503"
    redirect_to: str | None = None
    next_link: str | None = None
    circles: bool = False
    empty: bool = False
    cut_after: int | None = None
    duplicates: bool = False
    sign_in: SignInOutage | None = None
    mail: MailFault | None = None
    texts_down: bool = False


class Weather:
    """Faults of Graph, sign-in, mailbox and phone. Secret, consent and people that fail are the tenant's."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sky = _Sky()
        self._page_faults: dict[tuple[Collection, int], tuple[PageFault, int]] = {}
        self._hooks: list[Hook] = []
        self._woken = threading.Event()
        self.token_generation = 0
        self.page_generation = 0

    def slow(self, seconds: float) -> None:
        """Answer every Graph request only after so many seconds."""
        self._sky.delay = seconds

    def throttle(self, times: int, retry_after: str | None = "0.05") -> None:
        """Answer the next `times` requests 429, with this Retry-After verbatim (None: without the header)."""
        with self._lock:
            self._sky.throttled, self._sky.retry_after = times, retry_after

    def throttle_parts(self, *retry_after: str | None) -> None:
        """Answer as many requests inside of batches 429, each with a Retry-After of its own, as Exchange does."""
        with self._lock:
            self._sky.parts_throttled = list(retry_after)

    def down(self, times: int | None = None, kind: Outage = "503") -> None:
        """Fail the next `times` requests (None: all until calm). `hang` answers nothing until calm."""
        with self._lock:
            self._sky.outages, self._sky.outage = FOREVER if times is None else times, kind

    def sign_in_down(self, kind: SignInOutage = "503") -> None:
        """Fail everything of the sign-in host until calm: a page 503, no answer at all, or a dropped connection."""
        self._sky.sign_in = kind

    def fail_page(self, kind: Collection, page_number: int, how: PageFault = "503", times: int | None = None) -> None:
        """Fail one page of a listing or round, `times` times (None: until calm).

        `cut` is JSON that stops half way, `empty` an answer 200 without a single byte.
        """
        with self._lock:
            self._page_faults[kind, page_number] = (how, FOREVER if times is None else times)

    def empty_listing(self) -> None:
        """Answer listings and delta rounds with pages that are all empty."""
        self._sky.empty = True

    def cut_listing(self, after_pages: int) -> None:
        """End listings silently: page `after_pages` is half as long as it should be, and has no link."""
        self._sky.cut_after = after_pages

    def cyclic_link(self) -> None:
        """Let nextLinks run in a circle: the second page, or an only page, points at itself."""
        self._sky.circles = True

    def foreign_link(self, url: str) -> None:
        """Let nextLinks point elsewhere."""
        self._sky.next_link = url

    def redirect(self, url: str) -> None:
        """Answer every Graph request with a redirect."""
        self._sky.redirect_to = url

    def duplicate_objects(self) -> None:
        """Let the first object of every page come twice."""
        self._sky.duplicates = True

    def expire_tokens(self) -> None:
        """Make every access token issued so far worthless."""
        self.token_generation += 1

    def expire_page_tokens(self) -> None:
        """Make every nextLink handed out so far stale."""
        self.page_generation += 1

    def mail_down(self) -> None:
        """Let the mail server answer 421 to everything, and hang up."""
        self._sky.mail = "down"

    def mail_refuses(self) -> None:
        """Let the mail server refuse every recipient."""
        self._sky.mail = "refuses"

    def sms_down(self) -> None:
        """Let the text message gateway answer 503."""
        self._sky.texts_down = True

    def before_page(self, hook: Hook) -> None:
        """Call `hook(kind, page number)` before each page of a listing or round is answered."""
        self._hooks.append(hook)

    def calm(self) -> None:
        """End all faults and hooks, and let go of whoever waits for an answer. Expired tokens stay expired."""
        with self._lock:
            self._sky = _Sky()
            self._page_faults.clear()
            self._hooks.clear()
            self._woken.set()
            self._woken = threading.Event()

    @property
    def sky(self) -> _Sky:
        """The faults that hold now, for those who answer."""
        return self._sky

    def words(self) -> list[str]:
        """Say what is wrong now, for the page."""
        sky = self._sky
        sentences = (
            (sky.delay, f"Every answer takes {sky.delay:g} s longer."),
            (sky.throttled, f"The next {sky.throttled} requests are answered 429."),
            (sky.parts_throttled, f"The next {len(sky.parts_throttled)} requests inside of batches are answered 429."),
            (sky.outages, "Microsoft Graph is down."),
            (sky.sign_in, "Microsoft sign-in is down."),
            (sky.redirect_to, "Every request is sent elsewhere."),
            (self._page_faults, "Some pages fail."),
            (sky.empty or sky.cut_after or sky.circles or sky.next_link or sky.duplicates, "Listings are not right."),
            (sky.mail == "down", "The mail server is away."),
            (sky.mail == "refuses", "The mail server refuses every recipient."),
            (sky.texts_down, "The text message gateway is away."),
        )
        return [sentence for holds, sentence in sentences if holds]

    def wait(self, seconds: float) -> None:
        """Wait so long, or until calm."""
        self._woken.wait(seconds)

    def take_throttle(self) -> None:
        """Use up one throttled answer. Raises Throttled if there was one."""
        with self._lock:
            if self._sky.throttled <= 0:
                return
            self._sky.throttled -= 1
            raise Throttled(self._sky.retry_after)

    def take_part_throttle(self) -> None:
        """Use up one throttled answer to a request inside of a batch. Raises Throttled if there was one."""
        with self._lock:
            if self._sky.parts_throttled:
                raise Throttled(self._sky.parts_throttled.pop(0))

    def take_outage(self) -> Outage | None:
        """Use up one outage and return its kind, if there was one."""
        with self._lock:
            if self._sky.outages <= 0:
                return None
            self._sky.outages -= 1
            return self._sky.outage

    def take_page_fault(self, kind: Collection, page_number: int) -> PageFault | None:
        """Use up one fault of this page and return it, if there was one."""
        with self._lock:
            how, times = self._page_faults.get((kind, page_number), (None, 0))
            if how is None or times <= 0:
                return None
            self._page_faults[kind, page_number] = (how, times - 1)
            return how

    def meet_page(self, kind: Collection, page_number: int) -> None:
        """Let the hooks know which page comes next."""
        for hook in list(self._hooks):
            hook(kind, page_number)


def unavailable() -> GraphError:
    """Return the error of a Graph that is not there."""
    return GraphError(503, "ServiceNotAvailable", "The service is temporarily unavailable. Please try again later.")
