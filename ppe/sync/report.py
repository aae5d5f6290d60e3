"""Outcomes -> summary, in the words that the page and the mail share. Pure.

A `Summary` is what the daily mail and its page tell of one organisation and one period; `summary` fills it from tables.
Its moments are in the organisation's own time zone already.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from ppe.sync.change import ADDING, DELETING, DISABLING, EXEMPT, NOT_IMPORTED, UPDATING

TITLES = {
    ADDING: "Adding",
    UPDATING: "Updating",
    DISABLING: "Disabling",
    DELETING: "Deleting",
    EXEMPT: "Exempt from Sync",
    NOT_IMPORTED: "Not imported",
}
UNDO_TITLES = {**TITLES, NOT_IMPORTED: "Can't be undone"}
DONE_TITLES = {ADDING: "Added", UPDATING: "Updated", DISABLING: "Disabled", DELETING: "Deleted"}


@dataclass(frozen=True, slots=True)
class Line:
    """One section of a finished run: how many of its changes went which way; those held wait in a review."""

    section: str
    title: str
    done: int = 0
    failed: int = 0
    stale: int = 0
    left_out: int = 0  # not ticked
    held: int = 0


def lines(outcomes: Iterable[tuple[str, str | None, int]], held: Mapping[str, int] | None = None) -> list[Line]:
    """The summary of `(section, outcome, how many)`; sections in which nothing was planned are left out."""
    held = held or {}
    counts: dict[str, dict[str | None, int]] = {section: {} for section in held}
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
            held.get(section, 0),
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


STATES = {
    "done": "Finished",
    "failed": "Failed",
    "cancelled": "Cancelled",
    "superseded": "Replaced by a newer review",
    "review": "Waits for a review",
}
NOTES = {"failed": "failed", "stale": "out of date", None: "not ticked"}


@dataclass(frozen=True, slots=True)
class Name:
    """Somebody or something behind a count; `note` says why it is not simply done."""

    name: str
    address: str = ""
    note: str = ""

    @property
    def words(self) -> str:
        """The name with its address."""
        return f"{self.name} ({self.address})" if self.address and self.address != self.name else self.name


@dataclass(frozen=True, slots=True)
class Names:
    """The first names behind a count, and how many more there are."""

    first: tuple[Name, ...] = ()
    more: int = 0


@dataclass(frozen=True, slots=True)
class Part:
    """One section of a run: the counts, and the names behind them."""

    line: Line
    names: Names = Names()


@dataclass(frozen=True, slots=True)
class Run:
    """A run that has something to tell."""

    id: int
    at: datetime
    by: str
    state: str
    parts: tuple[Part, ...] = ()
    undoes: int | None = None

    @property
    def state_words(self) -> str:
        """How it ended, or where it stands."""
        return STATES.get(self.state, "At work")


@dataclass(frozen=True, slots=True)
class Held:
    """Changes that were over a limit: why, and the review they wait in, or what became of it."""

    review_id: int
    since: datetime
    state: str
    sentences: tuple[str, ...]
    parts: tuple[Part, ...] = ()

    @property
    def waits(self) -> bool:
        """Whether somebody still has to look at it."""
        return self.state == "review"

    @property
    def became(self) -> str:
        """What became of a list that waits no longer."""
        return {"superseded": "replaced by a newer list", "cancelled": "closed by an administrator"}.get(
            self.state, "accepted by an administrator"
        )


@dataclass(frozen=True, slots=True)
class Problem:
    """Why runs failed and what to do: `times` between `first` and `last`, the last of them in the run `run_id`."""

    sentence: str
    advice: str
    first: datetime
    last: datetime
    run_id: int
    times: int = 1


@dataclass(frozen=True, slots=True)
class Reason:
    """Why somebody is left out, and who is."""

    reason: str
    count: int
    names: Names


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Who is in the directory and not imported, as the run `run_id` saw it; `more` are left out for other reasons."""

    run_id: int
    count: int
    reasons: tuple[Reason, ...]
    more: int = 0


@dataclass(frozen=True, slots=True)
class Summary:
    """One organisation, from `since` until `until`.

    `quiet` are the runs that changed nothing and found what the one before had found; `earlier` is how many runs there
    were besides, before the first of `runs`. `domains` are names with how many people use them, `ending` the exemptions
    that are about to end.
    """

    organization: str
    zone: str
    since: datetime
    until: datetime
    runs: tuple[Run, ...] = ()
    earlier: int = 0
    quiet: tuple[datetime, ...] = ()
    held: tuple[Held, ...] = ()
    problems: tuple[Problem, ...] = ()
    failing_since: datetime | None = None
    left_out: LeftOut | None = None
    domains: tuple[tuple[str, int], ...] = ()
    secret_expiry: datetime | None = None
    secret_days: int | None = None
    ending: tuple[tuple[str, date], ...] = ()
    next_run: datetime | None = None
    totals: tuple[Line, ...] = ()

    @property
    def sentence(self) -> str:
        """The whole period in one sentence."""
        return sentence(self.totals)


def totals(found: Iterable[Line]) -> tuple[Line, ...]:
    """What many runs did together; what they left or held is found again by each, and is not added up."""
    counts: Counter[tuple[str, str]] = Counter()
    for line in found:
        counts.update({(line.section, outcome): getattr(line, outcome) for outcome in ("done", "failed", "stale")})
    return tuple(lines((section, outcome, count) for (section, outcome), count in counts.items()))


def is_quiet(found: list[Line], before: list[Line]) -> bool:
    """Whether a run has nothing to tell: it changed nothing, and what it left is what the run before it left."""
    return not any(line.done for line in found) and found in ([], before)


def problems(failures: Iterable[Problem]) -> tuple[Problem, ...]:
    """Failures for the same reason become one, with how often it was and from when to when."""
    found: dict[tuple[str, str], Problem] = {}
    for failure in failures:
        key = (failure.sentence, failure.advice)
        first = found.get(key, failure)
        times = first.times + 1 if key in found else 1
        found[key] = Problem(*key, first.first, failure.last, failure.run_id, times)
    return tuple(found.values())


def named(name: str, address: str = "", outcome: str | None = "done", reason: str = "") -> Name:
    """A name for the summary, on one line whatever was put into it, with a note where it is not simply done."""
    note = NOTES.get(outcome, "")
    return Name(_flat(name), _flat(address), f"{note}: {_flat(reason)}" if note and reason else note)


def _flat(text: str) -> str:
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
