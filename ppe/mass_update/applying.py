"""The worker changes the accounts: in batches, each one transaction that commits the outcomes with the deed.

Killed at any moment, a batch is either changed with its outcomes written or not begun. An account that changed after it
was looked at is left as it is. If the rest of a batch fails, it runs again account by account, so that the one that
fails is set apart with its reason and stops nothing else.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from peewee import IntegrityError

from ppe import audit, exemptions, outbox
from ppe.accounts import Outdated
from ppe.db import batches, database, execute, execute_many, marks
from ppe.errors import Refused
from ppe.mass_update.choices import EXEMPT, Choices
from ppe.mass_update.review import outcome, whom
from ppe.models import CHANGED, DONE, FUNCTIONAL, NOT_CHANGED, Account, MassUpdate
from ppe.people import by_hand, conversion, switching
from ppe.people.by_hand import Seen
from ppe.people.switching import Switch
from ppe.sync.claim import keep
from ppe.work import Clock

BATCH = 500
MOVED_ON = "Somebody or a sync changed it after the preview was made."
FAILED = "It could not be changed."

_NEXT = """
    SELECT r.id, r.account_id, r.account_version, r.name, r.address, r.after FROM mass_update_row r
    WHERE r.mass_update_id = ? AND r.standing = 'to_do' ORDER BY r.name_key, r.id LIMIT ?
"""
_OUTCOME = "UPDATE mass_update_row SET standing = ?, reason = ? WHERE id = ?"


class Row(NamedTuple):
    """A row without an outcome."""

    row_id: int
    account_id: int
    version: int
    name: str
    address: str
    after: dict[str, Any]


def to_the_end(one: MassUpdate, clock: Clock) -> None:
    """Change every account that has no outcome yet.

    Raises:
        RunLost: it was cancelled, or another worker took it over.
    """
    by = Account.get_by_id(one.accepted_by_id)
    while batch := _next(one):
        _carry_out(one, batch, by, clock())
    with database.atomic():
        now = clock()
        keep(one, now, state=DONE, claim=None, finished_at=now)
        audit.record(
            one.organization_id, one.accepted_by_name, "mass update finished", whom(one), outcome(one), now=now
        )


def _next(one: MassUpdate) -> list[Row]:
    rows = execute(_NEXT, (one.id, BATCH)).fetchall()
    return [Row._make((*row[:5], json.loads(row[5]))) for row in rows]


def _carry_out(one: MassUpdate, batch: Sequence[Row], by: Account, now: datetime) -> None:
    with database.atomic():
        by_hand.alone(one.organization_id)
        objects = _as_seen(one.organization_id, batch)
        here = [row for row in batch if row.account_id in objects]
        try:
            with database.atomic():
                _change(one, here, objects, by, now)
            outcomes = [(CHANGED, "", row.row_id) for row in here]
        except (IntegrityError, Refused):
            outcomes = [_alone(one, row, objects, by, now) for row in here]
        outcomes += [(NOT_CHANGED, MOVED_ON, row.row_id) for row in batch if row.account_id not in objects]
        execute_many(_OUTCOME, outcomes)
        changed = sum(1 for standing, *_ in outcomes if standing == CHANGED)
        keep(one, now, changed=one.changed + changed, not_changed=one.not_changed + len(batch) - changed)


def _alone(
    one: MassUpdate, row: Row, objects: dict[int, str | None], by: Account, now: datetime
) -> tuple[str, str, int]:
    try:
        with database.atomic():
            _change(one, [row], objects, by, now)
    except Refused as refused:
        return NOT_CHANGED, refused.sentence, row.row_id
    except IntegrityError:
        return NOT_CHANGED, FAILED, row.row_id
    return CHANGED, "", row.row_id


def _as_seen(organization_id: int, batch: Sequence[Row]) -> dict[int, str | None]:
    """The accounts that stand at the version that was looked at, each with its object in the directory."""
    versions = {row.account_id: row.version for row in batch}
    found: dict[int, str | None] = {}
    for some in batches(row.account_id for row in batch if row.account_id is not None):
        rows = execute(
            f"SELECT id, version, directory_id FROM account WHERE organization_id = ? AND id IN ({marks(some)})"
            " AND removed_at IS NULL",
            (organization_id, *some),
        )
        found |= {number: object_id for number, version, object_id in rows.fetchall() if versions[number] == version}
    return found


def _change(one: MassUpdate, rows: Sequence[Row], objects: dict[int, str | None], by: Account, now: datetime) -> None:
    """Each deed for all of the rows that it is part of. Converting comes first, and moves the version on by one."""
    converted = [Seen(row.account_id, row.version) for row in rows if row.after.get("type") == FUNCTIONAL]
    if converted:
        conversion.convert(one.organization_id, converted, by, now)
    switches = [switch for row in rows if (switch := _switch(row))]
    if switching.switch(one.organization_id, switches, by) != len(switches):
        raise Outdated(MOVED_ON)
    _exempt(one, rows, objects, by, now)
    welcome = [row.account_id for row in rows if row.after.get("welcome_mail")]
    outbox.ask_many("welcome", one.organization_id, welcome, now)


def _switch(row: Row) -> Switch | None:
    """What converting does not do by itself: it sets type and state."""
    is_converted = row.after.get("type") == FUNCTIONAL
    names = ("receives_digest",) if is_converted else ("type", "receives_digest", "active")
    fields = {name: row.after[name] for name in names if name in row.after}
    return Switch(row.account_id, row.version + is_converted, **fields) if fields else None


def _exempt(one: MassUpdate, rows: Sequence[Row], objects: dict[int, str | None], by: Account, now: datetime) -> None:
    these = [row for row in rows if "exemption" in row.after]
    if not these:
        return
    things = [{"object_id": objects[row.account_id], "address": row.address or None, "name": row.name} for row in these]
    choices = Choices(**one.choices)
    if choices.exemption == EXEMPT:
        exemptions.put(one.organization_id, things, choices.reason, choices.until, by.display_name, now)
    else:
        exemptions.end_all(one.organization_id, things, by.display_name, now)
