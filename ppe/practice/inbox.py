"""What arrived and is kept for a while: the mails of the practice mailbox, the texts of the practice phone."""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import Generic, Protocol, TypeVar

KEPT = 500


class Numbered(Protocol):
    """What an inbox can hold."""

    @property
    def number(self) -> int:
        """Its place in the order of arrival, from 1."""


T = TypeVar("T", bound=Numbered)


class Inbox(Generic[T]):
    """The newest 500, oldest first. Threads may add and look at the same time."""

    def __init__(self) -> None:
        self._arrival = threading.Condition()
        self._kept: deque[T] = deque(maxlen=KEPT)
        self._count = 0

    def __iter__(self) -> Iterator[T]:
        with self._arrival:
            return iter(tuple(self._kept))

    def __len__(self) -> int:
        return len(self._kept)

    def add(self, make: Callable[[int], T]) -> T:
        """Keep what `make` makes of the next number, and wake up who waits for it."""
        with self._arrival:
            arrived = make(self._count + 1)
            self._count += 1
            self._kept.append(arrived)
            self._arrival.notify_all()
        return arrived

    def get(self, number: int) -> T | None:
        """Return the one of this number, unless it never was or is kept no longer."""
        return next((kept for kept in self if kept.number == number), None)

    def newest_first(self) -> list[T]:
        """Return all that is kept, as people read it."""
        return list(self)[::-1]

    def clear(self) -> None:
        """Forget everything; the numbers go on."""
        with self._arrival:
            self._kept.clear()

    def wait_for(self, wanted: Callable[[T], object], seconds: float = 10) -> T:
        """Return the newest that is wanted, as soon as there is one.

        Raises:
            TimeoutError: nothing of the kind came in time.
        """

        def find() -> T | None:
            return next((kept for kept in reversed(self._kept) if wanted(kept)), None)

        with self._arrival:
            found = self._arrival.wait_for(find, seconds)
        if found is None:
            raise TimeoutError(f"Nothing of the kind came within {seconds:g} seconds; {len(self)} others are here.")
        return found
