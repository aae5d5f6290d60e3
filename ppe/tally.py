"""What is counted for good: numbers that only grow, whatever becomes of the rows that they count.

Counted inside the transaction of the deed, so that neither stands alone; and at its end, where nothing is waited for
any more, so that two deeds that count the same do not wait for each other.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from ppe.db import execute
from ppe.models import Tally

_ADD = (
    "INSERT INTO tally (name, labels, value) VALUES (?, ?, ?)"
    " ON CONFLICT (name, labels) DO UPDATE SET value = tally.value + excluded.value"
)


@dataclass(frozen=True, slots=True, order=True)
class Count:
    """So many of a name, split by labels, whose values are words of ours and never names of anybody."""

    name: str
    labels: str
    value: int


def one(name: str, value: int = 1, **labels: str) -> Count:
    """A count to be added."""
    return Count(name, " ".join(f"{label}={labels[label]}" for label in sorted(labels)), value)


def add(counts: Iterable[Count]) -> None:
    """Add the counts, always in the same order, so that no two transactions hold each other up."""
    for count in sorted(counts):
        if count.value:
            execute(_ADD, (count.name, count.labels, count.value))


def read() -> Iterator[tuple[str, dict[str, str], int]]:
    """Everything counted so far: name, labels, value."""
    stored: Any = Tally.select(Tally.name, Tally.labels, Tally.value).order_by(Tally.name, Tally.labels).tuples()
    for name, labels, value in stored:
        yield name, dict(part.split("=", 1) for part in labels.split()), value
