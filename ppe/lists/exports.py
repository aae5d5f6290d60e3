"""Accounts as files: whatever a list's filter finds, in batches by key, so that no number of them is held at once."""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from ppe import audit
from ppe.db import execute, marks
from ppe.groups import group_kinds
from ppe.lists import search
from ppe.lists.search import Filter
from ppe.models import FUNCTIONAL, GROUP
from ppe.sql_parts import every
from ppe.sync.fields import GROUP_KIND_WORDS, TYPE_WORDS

AT_ONCE = 500
MEMBERS_AT_ONCE = 1000

PERSON_COLUMNS = (
    "Display name", "First name", "Last name", "Primary address", "Aliases", "Mobile", "Role", "State", "Source",
    "Exempt from Sync",
)  # fmt: skip
MEMBER_COLUMNS = {
    GROUP: ("Group", "Kind", "Member", "Member address", "Member role"),
    FUNCTIONAL: ("Functional account", "Kind", "Primary address", "Member", "Member address", "Member role"),
}

_MEMBERS = f"""
    SELECT a.id, a.display_name, p.address, a.type FROM membership m JOIN account a ON a.id = m.member_id
    LEFT JOIN address p ON p.account_id = a.id AND p.is_primary
    WHERE m.group_id = ? AND m.member_id > ? AND a.organization_id = ? ORDER BY m.member_id LIMIT {MEMBERS_AT_ONCE}
"""


def record(organization_id: int, by_name: str, what: str, wanted: Filter, now: datetime) -> None:
    """Taking people home is on record, with the filter that said whom."""
    asked = {name: value for name, value in asdict(wanted).items() if value and name != "sort"}
    audit.record(organization_id, by_name, f"{what} exported", "", {"filter": asked} if asked else {}, now=now)


def people(organization_id: int, types: Sequence[str], wanted: Filter, today: date) -> Iterator[Sequence[str]]:
    """A line for each account that the filter finds, in the order in which they were made.

    It can be imported again: see csv_import/columns.py for the columns that are read.
    """
    exempt = search.is_exempt(today, exempt=True)
    columns = (
        "a.display_name, a.first_name, a.last_name, a.mobile, a.type, a.active, a.removed_at, a.directory_id,"
        f" a.removed_addresses, CASE WHEN {exempt.sql} THEN 1 ELSE 0 END"
    )
    for batch in _found(organization_id, types, wanted, today, columns, exempt.parameters):
        addresses = _addresses([row[0] for row in batch])
        for account_id, name, first, last, mobile, kind, active, removed, directory_id, kept, is_exempt in batch:
            primary, *aliases = (json.loads(kept) if kept else addresses[account_id]) or [""]
            state = "Removed" if removed else "Active" if active else "Not active"
            source = "By hand" if directory_id is None else "Directory"
            yield (
                name, first, last, primary, " ".join(aliases), mobile, TYPE_WORDS[kind], state, source,
                "yes" if is_exempt else "no",
            )  # fmt: skip


def members(organization_id: int, of: str, wanted: Filter, today: date) -> Iterator[Sequence[str]]:
    """A line for each member of each group or functional account that the filter finds; one for what nobody is in."""
    for batch in _found(organization_id, [of], wanted, today, "a.display_name, a.removed_addresses", ()):
        ids = [row[0] for row in batch]
        kinds, addresses = group_kinds.of(ids), _addresses(ids)
        for account_id, name, kept in batch:
            primary = ((json.loads(kept) if kept else addresses[account_id]) or [""])[0]
            kind = GROUP_KIND_WORDS.get(kinds.get(account_id, ""), TYPE_WORDS[of])
            beginning = (name, kind) if of == GROUP else (name, kind, primary)
            nobody = True
            for member in _members(organization_id, account_id):
                nobody = False
                yield (*beginning, *member)
            if nobody:
                yield (*beginning, "", "", "")


def _found(
    organization_id: int, types: Sequence[str], wanted: Filter, today: date, columns: str, given: Sequence[object]
) -> Iterator[list[tuple[Any, ...]]]:
    """The accounts in batches, by their ids; written so that no other index is chosen for it."""
    asked = search.query(organization_id, types, wanted, today)
    holds, last = every(*asked.conditions), 0
    if not asked.types:
        return
    statement = (
        f"SELECT a.id, {columns} FROM account a WHERE +a.organization_id = ? AND a.type || '' IN ({marks(asked.types)})"
        f" AND a.id > ? AND {holds.sql} ORDER BY a.id LIMIT {AT_ONCE}"
    )
    while batch := execute(statement, (*given, organization_id, *asked.types, last, *holds.parameters)).fetchall():
        yield batch
        last = batch[-1][0]


def _members(organization_id: int, group_id: int) -> Iterator[tuple[str, str, str]]:
    last = 0
    while rows := execute(_MEMBERS, (group_id, last, organization_id)).fetchall():
        yield from ((name, address or "", TYPE_WORDS[kind]) for _, name, address, kind in rows)
        last = rows[-1][0]


def _addresses(ids: Sequence[int]) -> dict[int, list[str]]:
    """The addresses of these accounts, the primary one first."""
    found: dict[int, list[str]] = defaultdict(list)
    rows = execute(
        f"SELECT account_id, address FROM address WHERE account_id IN ({marks(ids)}) ORDER BY is_primary DESC, address",
        ids,
    )
    for account_id, address in rows.fetchall():
        found[account_id].append(address)
    return found
