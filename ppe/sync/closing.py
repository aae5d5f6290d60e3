"""What only the whole mirror can tell: addresses that several want, and which changes hang together through one."""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ppe.db import batches, execute, execute_many, marks
from ppe.sync.change import ADDING, DELETING, DISABLING, NOT_IMPORTED, UPDATING
from ppe.sync.contest import Claimant, Holder, settle
from ppe.sync.planning import Planner

_MOVING = (ADDING, UPDATING, DISABLING)
# CROSS JOIN, because SQLite would else begin with all addresses where the few changes are the place to begin.
_WANTED_BUT_HELD = """
    SELECT c.object_id, d.address, a.account_id FROM sync_change c CROSS JOIN directory_address d CROSS JOIN address a
    WHERE c.run_id = ? AND c.section IN ({sections}) AND d.connection_id = ? AND d.object_id = c.object_id
      AND a.address = d.address AND (c.account_id IS NULL OR a.account_id <> c.account_id)
"""
# The same of the two primary addresses: the only ones that a link is made by.
_HELD_AS_PRIMARY = f"{_WANTED_BUT_HELD} AND d.is_primary AND a.is_primary"
_WANTED_TWICE = """
    SELECT c.object_id, d.address, NULL FROM sync_change c CROSS JOIN directory_address d
    WHERE c.run_id = ? AND c.section IN ({sections}) AND d.connection_id = ? AND d.object_id = c.object_id AND EXISTS (
        SELECT 1 FROM directory_address e
        WHERE e.connection_id = d.connection_id AND e.address = d.address AND e.object_id <> d.object_id)
"""


def take_over(planner: Planner) -> bool:
    """Plan the objects anew that want an address somebody has: now it is known whose own object is gone.

    A blocked one, which is no newcomer, may follow such an account too.

    Returns:
        Whether there are any; where there are none, no address moves between accounts in this run.
    """
    contested = _contested(planner, _WANTED_BUT_HELD) + _contested(planner, _HELD_AS_PRIMARY, [NOT_IMPORTED])
    wanting = {object_id for object_id, _, _ in contested}
    planner.plan_objects(wanting)
    return bool(wanting)


def settle_contests(planner: Planner, *, addresses_move: bool) -> None:
    """Give every contested address to one object, and plan the others anew without it."""
    held = _contested(planner, _WANTED_BUT_HELD) if addresses_move else []
    contested = held + _contested(planner, _WANTED_TWICE)
    if not contested:
        return
    owners = {account_id for _, _, account_id in contested if account_id is not None}
    claimants = list(_claimants(planner, {object_id for object_id, _, _ in contested}, owners))
    lost = settle(claimants, _holders(planner, contested))
    planner.plan_objects(lost, lost)


def link_changes(planner: Planner) -> None:
    """Mark the changes that pass an address between them, so that they are ticked and applied together."""
    run_id, link = planner.run.id, Links()
    for object_id, address, account_id in _contested(planner, _WANTED_BUT_HELD):
        pair = execute(
            "SELECT c.id, h.id, c.after FROM sync_change c JOIN sync_change h ON h.run_id = c.run_id"
            " AND h.account_id = ? AND h.section IN (?, ?, ?) WHERE c.run_id = ? AND c.object_id = ?",
            (account_id, UPDATING, DISABLING, DELETING, run_id, object_id),
        ).fetchone()
        if pair and address in _given(json.loads(pair[2])):
            link.join(pair[0], pair[1])
    write_links(run_id, link)


def write_links(run_id: int, link: "Links") -> None:
    """Keep which changes hang together; where one of them is not ticked, none is."""
    linked = [(first, change_id) for change_id, first in link.first_of_each()]
    execute_many("UPDATE sync_change SET link = ? WHERE id = ?", linked)
    if linked:
        execute(
            "UPDATE sync_change SET ticked = ? WHERE run_id = ? AND link IN"
            " (SELECT link FROM sync_change WHERE run_id = ? AND link IS NOT NULL AND NOT ticked)",
            (False, run_id, run_id),
        )


def _contested(
    planner: Planner, statement: str, sections: Sequence[str] = _MOVING
) -> list[tuple[str, str, int | None]]:
    rows = execute(
        statement.format(sections=marks(sections)), (planner.run.id, *sections, planner.connection_id)
    ).fetchall()
    return [(object_id, address, account_id) for object_id, address, account_id in rows]


def _claimants(planner: Planner, object_ids: Iterable[str], owners: Iterable[int]) -> Iterator[Claimant]:
    """The objects whose planned changes want or give up a contested address, with what they would have afterwards."""
    rows: list[Sequence[Any]] = []
    for column, values in (("object_id", object_ids), ("account_id", owners)):
        for some in batches(values):
            rows += execute(
                f"SELECT object_id, name, after, account_id FROM sync_change WHERE run_id = ?"
                f" AND section IN (?, ?, ?) AND {column} IN ({marks(some)})",
                (planner.run.id, *_MOVING, *some),
            ).fetchall()
    accounts = planner.pairs.accounts(row[3] for row in rows if row[3] is not None)
    for object_id, name, after, account_id in {row[0]: row for row in rows}.values():
        fields, account = json.loads(after), accounts.get(account_id)
        primary = fields.get("primary") or (account.primary if account else None)
        aliases = fields.get("aliases") if "aliases" in fields else (account.aliases if account else ())
        if primary:
            yield Claimant(object_id, name, primary, frozenset(aliases or ()), account_id)


def _holders(planner: Planner, contested: Iterable[tuple[str, str, int | None]]) -> dict[str, Holder]:
    """Who has the contested addresses now, and whether anything in this run makes them give theirs up.

    A removal that comes unticked, as that of a converted account, does not: nobody else's change waits for it.
    """
    held = planner.pairs.holders({address for _, address, _ in contested})
    moving: set[int] = set()
    for some in batches({account.id for account in held.values()}):
        rows = execute(
            "SELECT account_id FROM sync_change WHERE run_id = ? AND (section IN (?, ?, ?) OR section = ? AND ticked)"
            f" AND account_id IN ({marks(some)})",
            (planner.run.id, *_MOVING, DELETING, *some),
        )
        moving.update(account_id for (account_id,) in rows.fetchall())
    return {
        address: Holder(account.id, None if account.foreign else account.display_name, account.id not in moving)
        for address, account in held.items()
    }


def _given(after: dict[str, Any]) -> set[str]:
    """The addresses that a change gives to its account."""
    return {after.get("primary"), *after.get("aliases", ())} - {None}


class Links:
    """Joins numbers into groups; each group is called after its lowest number."""

    def __init__(self) -> None:
        self._parent: dict[int, int] = {}

    def join(self, one: int, other: int) -> None:
        """These two belong together, with whatever belongs to either."""
        low, high = sorted((self._first(one), self._first(other)))
        self._parent[high] = low

    def first_of_each(self) -> list[tuple[int, int]]:
        """Every number that was joined, with the lowest of its group."""
        return [(member, self._first(member)) for member in self._parent]

    def _first(self, member: int) -> int:
        parent = self._parent.setdefault(member, member)
        while parent != member:
            member, parent = parent, self._parent.setdefault(parent, parent)
        return member
