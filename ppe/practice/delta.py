"""Delta rounds. The first tells the state of everything, a later one what happened since the link before it.

A round has `subjects` (the objects it tells of, in a fixed order), and for each subject its properties and its
memberships. A page is cut out of that by one function, whatever the round: its cursor is the place of a subject and
the number after which that subject's memberships go on, because a large group spans pages.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple, Protocol

from ppe.practice.directory import Collection, Directory, Entry
from ppe.practice.journal import Change
from ppe.practice.wire import Names, first_seen, removed, seen_again, to_json, type_of


class Cursor(NamedTuple):
    """Where a page starts."""

    subject: int = 0
    member: int = 0


class Room(NamedTuple):
    """What fits on a page."""

    objects: int
    members: int


class Membership(NamedTuple):
    """A member that came or went, in an order that never changes."""

    number: int
    member: str
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """What a client asked for in its first request; the tokens carry it through the round and the next ones."""

    collection: Collection
    names: Names
    members: bool
    manager: bool


class Round(Protocol):
    """What a page is cut out of."""

    question: Question

    @property
    def subjects(self) -> Sequence[Entry]:
        """The objects that the round tells of, if they still have something to tell."""

    def properties(self, entry: Entry, minimal: bool, /) -> dict[str, Any]:
        """Return the subject's properties."""

    def memberships(self, entry: Entry, after: int) -> Iterable[Membership]:
        """Return the subject's members, or what happened to them, from beyond a number on."""


class FirstRound:
    """Everything there is. What is soft-deleted may come as removed already."""

    def __init__(self, directory: Directory, question: Question) -> None:
        self.question = question
        self.subjects: Sequence[Entry] = directory.all_of(question.collection)

    def properties(self, entry: Entry, _minimal: bool) -> dict[str, Any]:
        """Return what has a value; in a first round nothing can be left out as unchanged."""
        return first_seen(entry, self.question.names)

    def memberships(self, entry: Entry, after: int) -> Iterable[Membership]:
        """Return the members, in the order in which they joined, which is that of their numbers."""
        start = bisect_right(list(entry.members.values()), after) if after else 0
        return (Membership(number, member) for member, number in islice(entry.members.items(), start, None))


class LaterRound:
    """What happened after `since`, up to `until`. The journal only grows, so this is the same on every page."""

    def __init__(self, directory: Directory, question: Question, since: int, until: int) -> None:
        self.question = question
        self._changes: dict[str, list[Change]] = {}
        wanted = "user" if question.collection == "users" else "group"
        for change in directory.journal.between(since, until):
            if change.kind == wanted and (question.members or change.action not in {"joined", "left"}):
                self._changes.setdefault(change.object_id, []).append(change)
        self.subjects: Sequence[Entry] = [directory.entries[object_id] for object_id in self._changes]

    def properties(self, entry: Entry, minimal: bool) -> dict[str, Any]:
        """Return every selected property that ever had a value, or only the changed ones."""
        changes = self._changes[entry.id]
        names = self.question.names
        if minimal and not any(change.action in {"created", "restored"} for change in changes):
            changed = {name for change in changes for name in change.properties}
            names = tuple(name for name in names if name in changed)
        return seen_again(entry, names)

    def memberships(self, entry: Entry, after: int) -> Iterable[Membership]:
        """Return the last word on every member that came or went."""
        moves = (change for change in self._changes[entry.id] if change.action in {"joined", "left"})
        last = {change.member: Membership(change.sequence, change.member, change.action == "left") for change in moves}
        return sorted(move for move in last.values() if move.number > after)


def cut(directory: Directory, of: Round, start: Cursor, room: Room, minimal: bool) -> tuple[list[bytes], Cursor | None]:
    """Cut one page out of a round: its objects, and where the next page starts unless this was the last."""
    items: list[bytes] = []
    place, after = start
    members_left = room.members
    while place < len(of.subjects) and len(items) < room.objects and members_left > 0:
        entry = of.subjects[place]
        moves = iter(of.memberships(entry, after) if of.question.members and entry.standing == "live" else ())
        fitting = list(islice(moves, members_left))
        if (written := _write(directory, of, entry, fitting, minimal)) is not None:
            items.append(written)
        members_left -= len(fitting)
        is_told = next(moves, None) is None
        place, after = (place + 1, 0) if is_told else (place, fitting[-1].number)
    return items, Cursor(place, after) if place < len(of.subjects) else None


def _write(directory: Directory, of: Round, entry: Entry, memberships: list[Membership], minimal: bool) -> bytes | None:
    if entry.standing != "live":
        known = entry.standing == "deleted" or isinstance(of, LaterRound)
        return to_json(removed(entry)) if known else None
    item = of.properties(entry, minimal)
    item["id"] = item.pop("id", entry.id)
    if of.question.manager and not minimal and entry.properties.get("manager"):
        item["manager@delta"] = [{"@odata.type": "#microsoft.graph.user", "id": entry.properties["manager"]}]
    if memberships:
        item["members@delta"] = [_member(directory, move) for move in memberships]
    return to_json(item)


def _member(directory: Directory, move: Membership) -> dict[str, Any]:
    entry = directory.entries.get(move.member)
    # A recorded group may name somebody who was not recorded; all that is known is that it was a user.
    shown: dict[str, Any] = {
        "@odata.type": type_of(entry) if entry else "#microsoft.graph.user",
        "id": move.member,
    }
    return shown | {"@removed": {"reason": "deleted"}} if move.gone else shown
