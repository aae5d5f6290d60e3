"""Pages by key: one begins after a row, or ends before one, and costs the same wherever in the list it lies."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

ROWS_PER_PAGE = 50


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page lies: after a row, or before one, by their numbers; without either it is the first."""

    after: int = 0
    before: int = 0


FIRST = Position()


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list. `previous` and `next` are the rows that its neighbours end before and begin after.

    `total` is how many there are; where that would take long to say, at least how many, and `is_more` says so.
    """

    rows: Sequence[Any]
    total: int
    is_more: bool = False
    previous: int | None = None
    next: int | None = None


def cut(found: Sequence[tuple[int, Any]], position: Position, total: int, *, is_more: bool) -> Page:
    """One page of what was found: numbers with their rows, one too many where it goes on, backwards before a row."""
    goes_on = len(found) > ROWS_PER_PAGE
    rows = found[:ROWS_PER_PAGE]
    if position.before:
        rows = rows[::-1]
    has_previous = goes_on if position.before else bool(position.after)
    has_next = bool(position.before) or goes_on
    return Page(
        [row for _, row in rows],
        total,
        is_more,
        previous=rows[0][0] if rows and has_previous else None,
        next=rows[-1][0] if rows and has_next else None,
    )
