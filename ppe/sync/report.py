"""Outcomes -> summary, in the words that the page and the mail share. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from ppe.sync.change import ADDING, DELETING, DISABLING, EXEMPT, NOT_IMPORTED, UPDATING

TITLES = {
    ADDING: "Adding",
    UPDATING: "Updating",
    DISABLING: "Disabling",
    DELETING: "Deleting",
    EXEMPT: "Exempt from Sync",
    NOT_IMPORTED: "Not imported",
}
DONE_TITLES = {ADDING: "Added", UPDATING: "Updated", DISABLING: "Disabled", DELETING: "Deleted"}


@dataclass(frozen=True, slots=True)
class Line:
    """One section of a finished run: how many of its changes went which way."""

    section: str
    title: str
    done: int = 0
    failed: int = 0
    stale: int = 0
    left_out: int = 0  # not ticked


def lines(outcomes: Iterable[tuple[str, str | None, int]]) -> list[Line]:
    """The summary of `(section, outcome, how many)`; sections in which nothing was planned are left out."""
    counts: dict[str, dict[str | None, int]] = {}
    for section, outcome, count in outcomes:
        counts.setdefault(section, {})[outcome] = count
    return [
        Line(
            section,
            title,
            counts[section].get("done", 0),
            counts[section].get("failed", 0),
            counts[section].get("stale", 0),
            counts[section].get(None, 0),
        )
        for section, title in DONE_TITLES.items()
        if section in counts
    ]


def sentence(summary: Iterable[Line]) -> str:
    """The whole run in one sentence."""
    summary = list(summary)
    done = [f"{line.done:,} {line.title.lower()}" for line in summary if line.done]
    missed = sum(line.failed + line.stale for line in summary)
    said = ", ".join(done) or "Nothing was changed"
    return f"{said}; {missed:,} not done." if missed else f"{said}."
