"""The journal: every change of the practice tenant, in order. A delta token is a place in it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Kind = Literal["user", "group", "orgContact", "device"]
Action = Literal["created", "updated", "deleted", "purged", "restored", "joined", "left"]


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that happened to one directory object, and how a person would say it."""

    sequence: int
    kind: Kind
    object_id: str
    action: Action
    words: str
    properties: tuple[str, ...] = ()
    member: str = ""


class Journal:
    """Append-only, so that the changes between two sequence numbers are the same whenever they are read."""

    def __init__(self, changes: Iterable[Change] = ()) -> None:
        self._changes = list(changes)

    @property
    def last(self) -> int:
        """The sequence number of the newest change; 0 before the first."""
        return len(self._changes)

    def add(self, change: Change) -> None:
        """Write down a change. Raises ValueError unless it has the next sequence number."""
        if change.sequence != self.last + 1:
            raise ValueError(f"Change {change.sequence} after {self.last}.")
        self._changes.append(change)

    def between(self, since: int, until: int | None = None) -> list[Change]:
        """Return the changes after `since`, up to and including `until`."""
        return self._changes[since:until]
