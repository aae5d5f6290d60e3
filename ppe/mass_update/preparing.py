"""The worker makes the preview: a row for each account, with what would change or why it is left alone.

A batch of accounts is one transaction that also says how far the preview is. It goes by the accounts' ids, so that
going on after a crash is the same as going on after a batch, and memory is flat in their number.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any, NamedTuple

from ppe.db import as_json, database, execute, execute_many, marks
from ppe.lists import search
from ppe.lists.search import Filter, Query
from ppe.mass_update.choices import Choices
from ppe.mass_update.deciding import Decision, Fields, Looked, decide
from ppe.models import LEFT_OUT, REVIEW, TO_DO, MassUpdate
from ppe.sql_parts import Part, every
from ppe.sync.claim import keep
from ppe.work import Clock

BATCH = 1000

_COLUMNS = """
    a.id, a.version, a.type, a.active, a.receives_digest, a.removed_at, a.password_hash IS NOT NULL, a.directory_id,
    a.display_name, a.name_key, a.removed_addresses,
    (SELECT p.address FROM address p WHERE p.account_id = a.id AND p.is_primary)
"""
_ROW = """
    INSERT INTO mass_update_row (mass_update_id, account_id, account_version, standing, name, name_key, address, before,
                                 after, reason)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_EXEMPTIONS = """
    SELECT {column}, reason, last_day FROM exemption WHERE organization_id = ? AND ended_at IS NULL
        AND (last_day IS NULL OR last_day >= ?) AND {column} IN ({marks}) ORDER BY id
"""


class Found(NamedTuple):
    """An account, and what the page calls it."""

    account: Looked
    directory_id: str | None
    name: str
    name_key: str
    address: str


def to_the_end(one: MassUpdate, clock: Clock) -> None:
    """Make a row of every account that is none yet; then the preview can be looked at.

    Raises:
        RunLost: it was cancelled, or another worker took it over.
    """
    asked = _asked(one)
    if one.expected is None:
        keep(one, clock(), expected=_count(asked))
    choices = Choices(**one.choices)
    while batch := _next(asked, one.position):
        with database.atomic():
            _store(one, batch, choices, clock())
    now = clock()
    keep(one, now, state=REVIEW, claim=None, prepared_at=now)


def _asked(one: MassUpdate) -> Query:
    if one.ticked is None:
        return search.query(
            one.organization_id, one.types, Filter(**one.wanted), one.organization.today(one.created_at)
        )
    are_ticked = Part(f"a.id IN ({marks(one.ticked)})", tuple(one.ticked))
    return Query(one.organization_id, tuple(one.types), (are_ticked,))


def _from(asked: Query) -> Part:
    """The accounts, written so that no other index is chosen than that of the ids."""
    holds = every(*asked.conditions)
    return Part(
        f"FROM account a WHERE +a.organization_id = ? AND a.type || '' IN ({marks(asked.types)}) AND {holds.sql}",
        (asked.organization_id, *asked.types, *holds.parameters),
    )


def _count(asked: Query) -> int:
    found = _from(asked)
    (number,) = execute(f"SELECT COUNT(*) {found.sql}", found.parameters).fetchone()
    return int(number)


def _next(asked: Query, position: int) -> list[Found]:
    found = _from(asked)
    rows = execute(
        f"SELECT {_COLUMNS} {found.sql} AND a.id > ? ORDER BY a.id LIMIT {BATCH}", (*found.parameters, position)
    ).fetchall()
    return [_found(row) for row in rows]


def _found(row: Sequence[Any]) -> Found:
    number, version, kind, active, digest, removed_at, has_password, directory_id, name, key, had, primary = row
    looked = Looked(
        number, version, kind, bool(active), bool(digest), removed_at is not None, bool(has_password),
        directory_id is not None, primary or "", None,
    )  # fmt: skip
    return Found(looked, directory_id, name, key, primary or next(iter(json.loads(had or "[]")), ""))


def _store(one: MassUpdate, batch: Sequence[Found], choices: Choices, now: datetime) -> None:
    """Rows of one batch, with their exemptions where those are of interest."""
    exemptions = _exemptions(one.organization_id, batch, one.organization.today(now)) if choices.exemption else {}
    rows, to_change = [], 0
    for found in batch:
        account = replace(found.account, exemption=exemptions.get(found.account.account_id))
        decision = decide(choices, account, one.created_by_id)
        to_change += not decision.reason
        rows.append(_row(one, found, decision))
    execute_many(_ROW, rows)
    keep(
        one, now, position=batch[-1].account.account_id, to_change=one.to_change + to_change,
        left_out=one.left_out + len(batch) - to_change,
    )  # fmt: skip


def _row(one: MassUpdate, found: Found, decision: Decision) -> tuple[object, ...]:
    return (
        one.id, found.account.account_id, found.account.version, LEFT_OUT if decision.reason else TO_DO, found.name,
        found.name_key, found.address, as_json(decision.before), as_json(decision.after), decision.reason,
    )  # fmt: skip


def _exemptions(organization_id: int, batch: Sequence[Found], today: date) -> dict[int, Fields]:
    """The exemption of each account that has one, as the sync sees it: by its object, or by its primary address."""
    by_object = {found.directory_id: found.account.account_id for found in batch if found.directory_id}
    by_address = {found.account.primary: found.account.account_id for found in batch if found.account.primary}
    exempt: dict[int, Fields] = {}
    for column, owners in (("address", by_address), ("object_id", by_object)):
        if owners:
            rows = execute(
                _EXEMPTIONS.format(column=column, marks=marks(list(owners))),
                (organization_id, today.isoformat(), *owners),
            )
            for key, reason, last_day in rows.fetchall():
                exempt[owners[key]] = {"reason": reason, "last_day": str(last_day) if last_day else None}
    return exempt
