"""A page of a list that is too long to be looked at as a whole: a walk along an index, from a row on or back.

Without a text the walk goes in the order that is asked for; by address, those who have none come last, by name. With a
text it goes along three indexes, one after the other: those whose name begins with it, then those whose last name does,
then those who have such an address.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ppe.db import execute, marks
from ppe.lists import search
from ppe.lists.paging import FIRST, ROWS_PER_PAGE, Page, Position, cut
from ppe.lists.search import NAME, NEWEST, Query
from ppe.models import folded
from ppe.sql_parts import Part, between, bytewise, either, every

Step = tuple[object, int]  # a key of the index, and whose it is


@dataclass(frozen=True, slots=True)
class Stretch:
    """A piece of an index, in order of `key` and then of the account, as the index spells it."""

    key: str
    tables: str
    holds: Part
    account: str = "a.id"
    by_type: bool = False
    descending: bool = False


def walked(asked: Query, sort: str, position: Position) -> Page:
    """The page that begins or ends there. Where that is nowhere any more, it is the first."""
    stretches = _stretches(asked, sort)
    found = _steps(asked, stretches, position)
    if found is None or (position.before and len(found) <= ROWS_PER_PAGE):  # the first page is always a whole one
        position = FIRST
        found = _steps(asked, stretches, position) or []
    rows = [(number, number) for _, number in found]
    if position == FIRST and len(found) <= ROWS_PER_PAGE:
        return cut(rows, position, len(found), is_more=False)
    if asked.further or asked.text:
        return cut(rows, position, ROWS_PER_PAGE, is_more=True)
    counted = search.count(search.listed(asked))
    return cut(rows, position, min(counted, search.MANY), is_more=counted > search.MANY)


def _steps(asked: Query, stretches: Sequence[Stretch], position: Position) -> list[Step] | None:
    """The next rows from a row on, or back, and one more to tell that it goes on; None where there is no such row."""
    account_id, backwards = position.after or position.before, bool(position.before)
    begin: Step | None = None
    left = list(stretches)
    if account_id:
        at = _place(asked, stretches, account_id)
        if at is None:
            return None
        number, begin = at
        left = left[: number + 1] if backwards else left[number:]
    found: list[Step] = []
    for stretch in reversed(left) if backwards else left:
        found += _along(asked, stretch, begin, backwards=backwards, limit=ROWS_PER_PAGE + 1 - len(found))
        begin = None
        if len(found) > ROWS_PER_PAGE:
            break
    return found


def _place(asked: Query, stretches: Sequence[Stretch], account_id: int) -> tuple[int, Step] | None:
    """On which stretch an account stands, and where."""
    for number, stretch in enumerate(stretches):
        row = execute(
            f"SELECT {stretch.key}, a.id FROM {stretch.tables} WHERE a.organization_id = ? AND a.id = ?"
            f" AND {stretch.holds.sql} ORDER BY 1 LIMIT 1",
            (asked.organization_id, account_id, *stretch.holds.parameters),
        ).fetchone()
        if row:
            return number, (row[0], row[1])
    return None


def _along(asked: Query, stretch: Stretch, begin: Step | None, *, backwards: bool, limit: int) -> list[Step]:
    way, side = ("DESC", "<") if backwards != stretch.descending else ("ASC", ">")
    holds = stretch.holds
    if begin:
        holds = every(Part(f"({stretch.key}, {stretch.account}) {side} (?, ?)", begin), holds)
    statement = f"SELECT {stretch.key} AS k, a.id FROM {stretch.tables} WHERE {holds.sql}"
    order = f"ORDER BY {stretch.key} {way}, {stretch.account} {way} LIMIT {limit}"
    if not stretch.by_type:
        return _read(f"{statement} {order}", holds.parameters)
    # Each type has its own piece of the index: what comes first of all of them is the page.
    piece = f"{statement} AND a.organization_id = ? AND a.type = ? {order}"
    pieces = " UNION ALL ".join(f"SELECT * FROM ({piece}) t{number}" for number in range(len(asked.types)))
    given = [value for kind in asked.types for value in (*holds.parameters, asked.organization_id, kind)]
    return _read(f"SELECT k, id FROM ({pieces}) t ORDER BY k {way}, id {way} LIMIT {limit}", given)


def _read(statement: str, parameters: Sequence[object]) -> list[Step]:
    return [(key, number) for key, number in execute(statement, parameters).fetchall()]


def _stretches(asked: Query, sort: str) -> list[Stretch]:
    if asked.text and not asked.of_removed:
        return _named(asked)
    holds = every(*asked.conditions)
    if sort == NAME:
        return [Stretch("a.name_key", "account a", holds, by_type=True)]
    holds = every(_ours(asked), holds)
    if sort == NEWEST:
        return [Stretch("a.id", "account a", holds, descending=True)]
    has_address = every(Part("a.id = p.account_id AND p.is_primary"), holds)
    has_none = Part("NOT EXISTS (SELECT 1 FROM address p WHERE p.account_id = a.id AND p.is_primary)")
    return [
        Stretch(f"p.address{bytewise()}", "address p CROSS JOIN account a", has_address, "p.account_id"),
        Stretch("a.name_key", "account a", every(has_none, *asked.conditions), by_type=True),
    ]


def _ours(asked: Query) -> Part:
    """Written so that no index is chosen for it: the walk says along which."""
    kinds = marks(asked.types)
    return Part(f"+a.organization_id = ? AND a.type || '' IN ({kinds})", (asked.organization_id, *asked.types))


def _named(asked: Query) -> list[Stretch]:
    """Nobody stands on two: who stands on an earlier one is left out, and so are further addresses of one account."""
    word = _rarest(asked)
    others = every(*asked.plain, *asked.further, *asked.named(but=word))
    name, surname = between("a.name_key", folded(word)), between("a.surname_key", folded(word))
    address, lower = search.addressed(word), search.addressed(word, by_index=False)
    whole = between("a.name_key", folded(asked.text))
    of_us = Part("a.organization_id = ?", (asked.organization_id,))
    types = Part(f"a.type || '' IN ({marks(asked.types)})", asked.types)
    first_of_them = Part(
        f"a.id = x.account_id AND NOT EXISTS (SELECT 1 FROM address y WHERE y.account_id = x.account_id"
        f" AND y.address{bytewise()} < x.address{bytewise()} AND {lower.sql.replace('x.', 'y.')})",
        lower.parameters,
    )
    phrase = [Stretch("a.name_key", "account a", every(whole, *asked.plain, *asked.further), by_type=True)]
    earlier = [whole] if len(asked.words) > 1 else []
    return [
        *(phrase if earlier else []),
        Stretch("a.name_key", "account a", every(name, *map(_not, earlier), others), by_type=True),
        Stretch("a.surname_key", "account a", every(of_us, surname, types, _not(either(*earlier, name)), others)),
        Stretch(
            f"{'x.domain' if word.startswith('@') else 'x.address'}{bytewise()}",
            "address x CROSS JOIN account a",
            every(address, _ours(asked), _not(either(*earlier, name, surname)), others, first_of_them),
            "x.account_id",
        ),
    ]


def _rarest(asked: Query) -> str:
    """The word that fewest begin with, as far as that is quickly said."""
    if len(asked.words) == 1:
        return asked.words[0]
    names = {word: search.count(search.by_name(asked, folded(word))) for word in asked.words}
    return min(names, key=lambda word: (names[word] == 0, names[word]))


def _not(part: Part) -> Part:
    return Part(f"NOT {part.sql if part.sql.startswith('(') else f'({part.sql})'}", part.parameters)
