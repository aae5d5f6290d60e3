"""By which words an event of the audit log is found, and which events a text finds, the newest first.

A word is found by its beginning and by whatever follows a sign within it: `bo.li@contoso.example` by `bo`, `li` and
`contoso`. As with accounts (lists/search.py), a word that finds few has them looked at one by one; one that finds many
fills a page soon while the log is walked along. A whole name or address may find a million, which lie in order in the
index.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain

from ppe.db import execute
from ppe.mail_addresses import spelled
from ppe.models import AuditEvent, AuditWord, folded
from ppe.sql_parts import END, Part, between, every

LONGEST = 100  # characters of a word that count; PostgreSQL refuses to index a text of thousands
MANY = 1_000  # so many events are put in order by themselves
FEW = 10  # so many different words are walked along side by side
_BEGINNINGS = re.compile(r"(?<![^\W_])[^\W_]")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What else is asked of an event: one kind of deed, or ""; one account that it is about, or 0; and `when` it was,
    of the columns that tell its time and its number."""

    action: str
    account_id: int
    when: Callable[[str, str], Part]


def of(*texts: str) -> set[str]:
    """The words of some texts, each from every beginning in it."""
    return {
        whole[match.start() :][:LONGEST]
        for text in texts
        for whole in folded(text).split()
        for match in _BEGINNINGS.finditer(whole)
    }


def keep(event: AuditEvent) -> None:
    """Have an event found, in the transaction that adds it.

    One of no organisation has its words too, though nobody looks for it: what a refused sign-in takes must not tell
    whether there is such an account.
    """
    words = of(event.actor, event.actor_address, event.subject)
    rows = [{"event": event.id, "organization": event.organization_id, "word": word, "at": event.at} for word in words]
    if rows:
        AuditWord.insert_many(rows).execute()


def asked(text: str) -> list[str]:
    """The beginnings that all have to be there for a typed text to find an event; signs alone ask for nothing."""
    words = folded(" ".join(map(spelled, text.split()))).split()
    return [word[match.start() :][:LONGEST] for word in words if (match := _BEGINNINGS.search(word))]


def newest(organization_id: int, beginnings: Sequence[str], wanted: Wanted, limit: int) -> list[int]:
    """The newest events of an organisation that are wanted and that every beginning finds, by number."""
    special = _special(organization_id, wanted)
    events = every(Part("e.organization_id = ?", (organization_id,)), wanted.when("e.at", "e.id"), *special)
    if not beginnings or any(_is_rare("audit_event e", every(part)) for part in special):
        return _walked("audit_event e", every(events, *map(_found_by, beginnings)), limit)
    words = {beginning: _of_words(organization_id, beginning) for beginning in beginnings}
    rarest = min(words, key=lambda beginning: _count("audit_word", words[beginning]))
    events = every(events, *(_found_by(beginning) for beginning in words if beginning != rarest))
    if _is_rare("audit_word", words[rarest]):
        return _walked(*_one_by_one(words[rarest], events), limit)
    different = _different(organization_id, rarest)
    if len(different) > FEW:
        return _walked("audit_event e", every(events, _found_by(rarest)), limit)
    events = every(events, wanted.when("w.at", "w.event_id"))
    along = (_along(organization_id, word, events, limit) for word in different)
    return [number for _, number in sorted(set(chain(*along)), reverse=True)[:limit]]


def _of_words(organization_id: int, beginning: str) -> Part:
    return every(Part("organization_id = ?", (organization_id,)), between("word", beginning))


def _special(organization_id: int, wanted: Wanted) -> list[Part]:
    """What an index of its own answers."""
    asked = (("e.action", wanted.action), ("e.subject_account", wanted.account_id))
    return [
        Part(f"e.organization_id = ? AND {column} = ?", (organization_id, value)) for column, value in asked if value
    ]


def _is_rare(table: str, rows: Part) -> bool:
    return _count(table, rows) <= MANY


def _count(table: str, rows: Part) -> int:
    """How many rows there are, as far as one more than MANY."""
    statement = f"SELECT COUNT(*) FROM (SELECT 1 FROM {table} WHERE {rows.sql} LIMIT {MANY + 1}) c"
    return int(execute(statement, rows.parameters).fetchone()[0])


def _different(organization_id: int, beginning: str) -> list[str]:
    """The different words with a beginning, as far as one more than FEW: from one to the next along the index."""
    found: list[str] = []
    statement = "SELECT MIN(word) FROM audit_word WHERE organization_id = ? AND word >= ? AND word < ?"
    following, end = beginning, beginning + END
    while len(found) <= FEW:
        (word,) = execute(statement, (organization_id, following, end)).fetchone()
        if word is None:
            break
        found.append(word)
        following = f"{word}\x01"  # behind the word itself, and before every longer one
    return found


def _walked(tables: str, events: Part, limit: int) -> list[int]:
    statement = f"SELECT e.id FROM {tables} WHERE {events.sql} ORDER BY e.at DESC, e.id DESC LIMIT {limit}"
    return [number for (number,) in execute(statement, events.parameters).fetchall()]


def _one_by_one(words: Part, events: Part) -> tuple[str, Part]:
    """From where to take few events: the words say which, and nothing else is looked at."""
    few = f"(SELECT DISTINCT event_id FROM audit_word WHERE {words.sql}) few CROSS JOIN audit_event e"
    return few, Part(f"e.id = few.event_id AND {events.sql}", (*words.parameters, *events.parameters))


def _along(organization_id: int, word: str, events: Part, limit: int) -> list[tuple[object, int]]:
    """When the newest events of one word were, and their numbers."""
    statement = (
        "SELECT w.at, w.event_id FROM audit_word w CROSS JOIN audit_event e WHERE e.id = w.event_id"
        f" AND w.organization_id = ? AND w.word = ? AND {events.sql} ORDER BY w.at DESC, w.event_id DESC LIMIT {limit}"
    )
    return [(at, number) for at, number in execute(statement, (organization_id, word, *events.parameters)).fetchall()]


def _found_by(beginning: str) -> Part:
    found = between("f.word", beginning)
    return Part(f"EXISTS (SELECT 1 FROM audit_word f WHERE f.event_id = e.id AND {found.sql})", found.parameters)
