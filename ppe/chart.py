"""A chart of what changed day by day, reckoned for drawing as SVG. Pure: counts come in, where to draw what comes out.

Across it is measured in percent of whatever room there is, upwards in pixels: so it fits every screen and its lines
stay sharp. Words are no part of the drawing; the page sets them around it in its own type.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from ppe.sync.report import DONE_TITLES

DAYS = 30
HEIGHT = 160.0
_BAR = 0.72  # of the room that a day has
_SEEN = 2.0  # one change beside a hundred thousand is still to be seen
_TOPS = (2, 4, 10)  # each has a whole number in its middle


@dataclass(frozen=True, slots=True)
class Part:
    """What one section adds to the bar of a day."""

    section: str
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Day:
    """A day with its counts by section, and its bar: `x` and `width` in percent, `parts` from the bottom up."""

    day: date
    counts: dict[str, int]
    x: float
    width: float
    parts: tuple[Part, ...]

    @property
    def total(self) -> int:
        """How many changes there were."""
        return sum(self.counts.values())

    @property
    def words(self) -> str:
        """The counts that are not zero: 3 added, 1 deleted."""
        return ", ".join(f"{count:,} {DONE_TITLES[name].lower()}" for name, count in self.counts.items() if count)


@dataclass(frozen=True, slots=True)
class Chart:
    """Every day from the first to the last, and the number at which the drawing ends."""

    days: tuple[Day, ...]
    top: int

    @property
    def totals(self) -> dict[str, int]:
        """How many changes of each section there were in all of the time."""
        return {name: sum(day.counts[name] for day in self.days) for name in DONE_TITLES}

    @property
    def busy(self) -> list[Day]:
        """The days on which something changed."""
        return [day for day in self.days if day.total]


def draw(found: Iterable[tuple[date, str, int]], today: date) -> Chart:
    """The last days up to today, out of `(day, section, how many)`; what lies outside of them is left out."""
    counted: dict[date, dict[str, int]] = defaultdict(lambda: dict.fromkeys(DONE_TITLES, 0))
    for day, section, count in found:
        if section in DONE_TITLES:
            counted[day][section] += count
    days = [today - timedelta(days=ago) for ago in reversed(range(DAYS))]
    top = _top(max(sum(counted[day].values()) for day in days))
    return Chart(tuple(_day(day, at, counted[day], top) for at, day in enumerate(days)), top)


def _day(day: date, at: int, counts: dict[str, int], top: int) -> Day:
    room = 100 / DAYS
    x, width = (at + (1 - _BAR) / 2) * room, _BAR * room
    return Day(day, counts, round(x, 3), round(width, 3), _bar(counts, top))


def _top(most: int) -> int:
    """The first round number that is not below the highest bar."""
    scale = 1
    while True:
        for step in _TOPS:
            if step * scale >= most:
                return step * scale
        scale *= 10


def _bar(counts: dict[str, int], top: int) -> tuple[Part, ...]:
    """One part on the other. Small ones are made to be seen, at the cost of the highest."""
    heights = {name: max(_SEEN, count / top * HEIGHT) for name, count in counts.items() if count}
    excess = sum(heights.values()) - HEIGHT
    if excess > 0:
        heights[max(heights, key=lambda name: heights[name])] -= excess
    parts, y = [], HEIGHT
    for name, height in heights.items():
        y -= height
        parts.append(Part(name, round(y, 2), round(height, 2)))
    return tuple(parts)
