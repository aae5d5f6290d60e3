"""Which accounts a filter finds, as SQL that stays quick in a hundred thousand of them.

A filter is a set of conditions on an account `a`. Some filters also have a source: a statement for the ids among which
everything lies that they can find. Where a source is small, the few that it names are looked at one by one. Where
all are large, so much is found that walking along an index soon fills a page (walking.py).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from ppe.db import as_json, execute, marks
from ppe.groups import group_kinds
from ppe.mail_addresses import spelled
from ppe.models import FUNCTIONAL, folded
from ppe.sql_parts import Part, between, bytewise, either, every, one_after_another

MANY = 1_000  # so many are looked at one by one
ACTIVE, NOT_ACTIVE, REMOVED = STATES = ("active", "not_active", "removed")
DIRECTORY, BY_HAND = SOURCES = ("directory", "by_hand")
EXEMPT, NOT_EXEMPT = EXEMPTIONS = ("exempt", "not_exempt")
NAME, ADDRESS, NEWEST = SORTS = ("name", "address", "newest")


@dataclass(frozen=True, slots=True)
class Filter:
    """What somebody looks for. Empty means everybody; removed accounts show only when they are asked for."""

    text: str = ""
    role: str = ""
    state: str = ""
    source: str = ""
    exemption: str = ""
    sort: str = NAME
    kind: str = ""

    @property
    def is_narrowed(self) -> bool:
        """Whether it leaves anything out."""
        return bool(self.text or self.role or self.state or self.source or self.exemption or self.kind)


class Source(NamedTuple):
    """Ids, perhaps twice, among which everything lies that is asked for; and what has to be looked at besides."""

    ids: Part
    conditions: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Query:
    """Accounts of one organisation, of some types.

    `plain` are the conditions that the indexes of the lists answer by themselves, `further` the others that no text
    is part of. `special` is a source in which the first of those holds of everybody.
    """

    organization_id: int
    types: tuple[str, ...]
    plain: tuple[Part, ...]
    further: tuple[Part, ...] = ()
    special: Part | None = None
    text: str = ""
    of_removed: bool = False

    @property
    def words(self) -> list[str]:
        """What was typed, word by word."""
        return self.text.split()

    @property
    def conditions(self) -> tuple[Part, ...]:
        """All that has to hold of an account, but that it is the organisation's and of these types."""
        return (*self.plain, *self.further, *self.named())

    def named(self, but: str | None = None) -> tuple[Part, ...]:
        """Whether it has the text for the beginning of its name, or is found by every word (but for one known to)."""
        is_named = was_named if self.of_removed else found_by
        left = [is_named(word) for word in self.words if word != but]
        if not left:
            return ()
        return (either(between("a.name_key", folded(self.text)), every(*left)),)

    def sources(self) -> Iterator[Source]:
        """The most promising first."""
        words = [] if self.of_removed else self.words
        phrase = (by_name(self, folded(self.text)),) if len(words) > 1 else ()
        for word in words:
            ids = one_after_another(*_ids_by(self, word), *phrase)
            yield Source(ids, (*self.plain, *self.further, *self.named(but=word)))
        if self.special:
            yield Source(self.special, (*self.plain, *self.further[1:], *self.named()))


def query(organization_id: int, types: Sequence[str], wanted: Filter, today: date) -> Query:
    """The accounts of these types that the filter finds."""
    further, special = _further(organization_id, wanted, today)
    chosen = tuple(kind for kind in types if wanted.role in ("", kind))
    return Query(organization_id, chosen, _plain(wanted), further, special, _line(wanted.text), wanted.state == REMOVED)


def members(organization_id: int, types: Sequence[str], group_id: int) -> Query:
    """Who is in a group."""
    return _in_any(organization_id, types, [group_id])


def members_of_all(organization_id: int, types: Sequence[str], group_ids: Sequence[int]) -> Query:
    """Who is in any of some groups, but for functional accounts that have members themselves."""
    is_leaf = Part("a.type <> ? OR NOT EXISTS (SELECT 1 FROM membership g WHERE g.group_id = a.id)", (FUNCTIONAL,))
    return _in_any(organization_id, types, group_ids, is_leaf)


def _in_any(organization_id: int, types: Sequence[str], groups: Sequence[int], *further: Part) -> Query:
    given = tuple(groups)
    is_in = Part(
        f"EXISTS (SELECT 1 FROM membership s WHERE s.member_id = a.id AND s.group_id IN ({marks(given)}))", given
    )
    ids = Part(f"SELECT member_id AS id FROM membership WHERE group_id IN ({marks(given)})", given)
    return Query(organization_id, tuple(types), (), (is_in, *further), ids)


def small_source(asked: Query, *, walks_anyway: bool) -> Source | None:
    """The first source of only so many; None where there is nothing to do but to walk.

    Where the wanted order is not that of the lists' index, whatever that index finds is a source too.
    """
    for source in asked.sources():
        if count(source.ids) <= MANY:
            return source
    everybody = Source(listed(asked), asked.conditions)
    return None if walks_anyway or count(everybody.ids) > MANY else everybody


def count(ids: Part) -> int:
    """How many a source has, as far as one more than MANY."""
    statement = f"SELECT COUNT(*) FROM (SELECT 1 FROM ({ids.sql}) s LIMIT {MANY + 1}) c"
    (number,) = execute(statement, ids.parameters).fetchone()
    return int(number)


def listed(asked: Query) -> Part:
    """Those that an index of the lists finds by itself, as far as one more than MANY."""
    plain = every(*asked.plain)
    each = [
        f"SELECT * FROM (SELECT a.id FROM account a WHERE a.organization_id = ? AND a.type = ? AND {plain.sql}"
        f" LIMIT {MANY + 1}) t{number}"
        for number in range(len(asked.types))
    ]
    given = [(asked.organization_id, kind, *plain.parameters) for kind in asked.types]
    return Part(" UNION ALL ".join(each), tuple(value for values in given for value in values))


def addressed(word: str, *, by_index: bool = True) -> Part:
    """Whether an address `x` begins with a word, or its domain does; of a domain with umlauts only whole labels."""
    column = "x.domain" if word.startswith("@") else "x.address"
    read = column if by_index else f"({column} || '')"
    return between(f"{read}{bytewise()}", spelled(word).removeprefix("@"))


def found_by(word: str) -> Part:
    """Whether a name, a last name or an address begins with a word."""
    address = addressed(word, by_index=False)  # the few of an account, by the account
    return either(
        between("a.name_key", folded(word)),
        between("a.surname_key", folded(word)),
        Part(f"EXISTS (SELECT 1 FROM address x WHERE x.account_id = a.id AND {address.sql})", address.parameters),
    )


def was_named(word: str) -> Part:
    """The same of a removed account, whose addresses are no rows any more: they lie in a list of a few."""
    meant = as_json(spelled(word))[1:-1]
    for sign in "!%_":
        meant = meant.replace(sign, f"!{sign}")
    had = Part("a.removed_addresses LIKE ? ESCAPE '!'", (f"%{meant}%" if word[0] == "@" else f'%"{meant}%',))
    return either(between("a.name_key", folded(word)), between("a.surname_key", folded(word)), had)


def by_name(asked: Query, beginning: str) -> Part:
    """The ids of those whose name begins with this."""
    name = between("n.name_key", beginning)
    return Part(
        f"SELECT n.id FROM account n WHERE n.organization_id = ? AND n.type IN ({marks(asked.types)}) AND {name.sql}",
        (asked.organization_id, *asked.types, *name.parameters),
    )


def _ids_by(asked: Query, word: str) -> tuple[Part, ...]:
    surname, address = between("n.surname_key", folded(word)), addressed(word)
    return (
        by_name(asked, folded(word)),
        Part(
            f"SELECT n.id FROM account n WHERE n.organization_id = ? AND {surname.sql}",
            (asked.organization_id, *surname.parameters),
        ),
        Part(f"SELECT x.account_id AS id FROM address x WHERE {address.sql}", address.parameters),
    )


def _plain(wanted: Filter) -> tuple[Part, ...]:
    parts = [Part(f"a.removed_at IS {'NOT ' if wanted.state == REMOVED else ''}NULL")]
    if wanted.state in (ACTIVE, NOT_ACTIVE):
        parts.append(Part("a.active" if wanted.state == ACTIVE else "NOT a.active"))
    if wanted.source:
        parts.append(Part(f"a.directory_id IS {'' if wanted.source == BY_HAND else 'NOT '}NULL"))
    return tuple(parts)


def _further(organization_id: int, wanted: Filter, today: date) -> tuple[tuple[Part, ...], Part | None]:
    """What no index of the lists answers, and a source in which the first of it holds."""
    is_of = (group_kinds.is_of(wanted.kind),) if wanted.kind else ()
    of_exemption = (is_exempt(today, exempt=wanted.exemption == EXEMPT),) if wanted.exemption else ()
    if wanted.exemption == EXEMPT:
        return (*of_exemption, *is_of), _exempt(organization_id, today)
    return (*is_of, *of_exemption), group_kinds.ids(organization_id, wanted.kind) if wanted.kind else None


def _line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


_IN_FORCE = "e.organization_id = ? AND e.ended_at IS NULL AND (e.last_day IS NULL OR e.last_day >= ?)"


def _exempt(organization_id: int, today: date) -> Part:
    asked = (organization_id, today.isoformat())
    return one_after_another(
        Part(
            "SELECT n.id FROM exemption e CROSS JOIN account n"
            f" WHERE n.organization_id = e.organization_id AND n.directory_id = e.object_id AND {_IN_FORCE}",
            asked,
        ),
        Part(
            "SELECT x.account_id AS id FROM exemption e CROSS JOIN address x"
            f" WHERE x.address = e.address AND x.is_primary AND {_IN_FORCE}",
            asked,
        ),
    )


def is_exempt(today: date, *, exempt: bool) -> Part:
    """As the sync sees it: by its object, or by its primary address."""
    holds = _IN_FORCE.replace("?", "a.organization_id", 1)
    day = today.isoformat()
    return Part(
        f"{'' if exempt else 'NOT '}(EXISTS (SELECT 1 FROM exemption e WHERE {holds} AND e.object_id = a.directory_id)"
        " OR EXISTS (SELECT 1 FROM address x CROSS JOIN exemption e WHERE e.address = x.address"
        f" AND x.account_id = a.id AND x.is_primary AND {holds}))",
        (day, day),
    )
