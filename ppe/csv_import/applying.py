"""The worker makes the accounts: in batches, each one transaction that commits the outcomes with the deed.

Killed at any moment, a batch is either made with its outcomes written or not begun. If a batch fails, it runs again
line by line, so that the one that fails is set apart with its reason and stops nothing else.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from peewee import IntegrityError

from ppe import accounts, audit, domains, outbox
from ppe.accounts import Batch, Standing
from ppe.db import batches, database, execute, execute_many, marks
from ppe.errors import Refused
from ppe.models import DONE, END_USER, CsvImport
from ppe.sync.claim import keep
from ppe.work import Clock

BATCH = 500

_TICKED = f"""
    SELECT number, name, address, fields FROM csv_row
    WHERE csv_import_id = ? AND standing = 'good' AND ticked AND number > ? ORDER BY number LIMIT {BATCH}
"""
_OUTCOME = "UPDATE csv_row SET standing = ?, reason = ?, account_id = ? WHERE csv_import_id = ? AND number = ?"


class Ticked(NamedTuple):
    """A ticked line without an outcome."""

    number: int
    name: str
    address: str
    fields: dict[str, Any]

    @property
    def addresses(self) -> list[str]:
        """The primary one and the aliases."""
        return [self.address, *self.fields["aliases"]]


Outcome = tuple[Ticked, str, str]  # how the line stands now, and why


def to_the_end(one: CsvImport, clock: Clock) -> None:
    """Make an account of every ticked line that has no outcome yet.

    Raises:
        RunLost: it was cancelled, or another worker took it over.
    """
    while batch := _next(one):
        _carry_out(one, batch, clock())
    with database.atomic():
        now = clock()
        keep(one, now, state=DONE, claim=None, finished_at=now)
        audit.record(one.organization_id, one.accepted_by_name, "CSV import applied", one.file_name, told(one), now=now)


def told(one: CsvImport) -> dict[str, int]:
    """What the audit log says of an import; its lines are the detail."""
    counts = {"lines": one.lines, "bad": one.bad, "ticked": one.ticked, "imported": one.made, "failed": one.failed}
    return {"import": one.id, **counts}


def _next(one: CsvImport) -> list[Ticked]:
    rows = execute(_TICKED, (one.id, one.position)).fetchall()
    return [Ticked(number, name, address, json.loads(fields)) for number, name, address, fields in rows]


def _carry_out(one: CsvImport, batch: Sequence[Ticked], now: datetime) -> None:
    with database.atomic():
        try:
            with database.atomic():
                _make(one, batch, now)
            outcomes = [(line, "imported", "") for line in batch]
        except (IntegrityError, Refused):
            outcomes = [_alone(one, line, now) for line in batch]
        made = _account_ids([line.address for line, standing, _ in outcomes if standing == "imported"])
        execute_many(
            _OUTCOME,
            [(standing, why, made.get(line.address), one.id, line.number) for line, standing, why in outcomes],
        )
        failed = len(batch) - len(made)
        keep(one, now, position=batch[-1].number, made=one.made + len(made), failed=one.failed + failed)


def _alone(one: CsvImport, line: Ticked, now: datetime) -> Outcome:
    try:
        with database.atomic():
            _make(one, [line], now)
    except Refused as refused:
        return line, "failed", refused.sentence
    except IntegrityError:
        return line, "failed", _collision(one, line)
    return line, "imported", ""


def _make(one: CsvImport, lines: Sequence[Ticked], now: datetime) -> None:
    domains.require(one.organization_id, [address for line in lines for address in line.addresses])
    accounts.carry_out(one.organization_id, Batch(newcomers=[_standing(line) for line in lines]), now)
    if one.send_welcome_mails:
        welcome = [line.address for line in lines if line.fields["role"] == END_USER]
        outbox.ask_many("welcome", one.organization_id, sorted(_account_ids(welcome).values()), now)


def _standing(line: Ticked) -> Standing:
    fields = line.fields
    return Standing(
        type=fields["role"],
        display_name=line.name,
        first_name=fields["first_name"],
        last_name=fields["last_name"],
        mobile=fields["mobile"],
        primary=line.address,
        aliases=tuple(fields["aliases"]),
    )


def _account_ids(primaries: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for some in batches(primaries):
        found.update(
            execute(f"SELECT address, account_id FROM address WHERE address IN ({marks(some)})", some).fetchall()
        )
    return found


def _collision(one: CsvImport, line: Ticked) -> str:
    """Which address was in the way, and of whom it is, unless that is another organisation's."""
    rows = execute(
        "SELECT d.address, a.organization_id, a.display_name FROM address d JOIN account a ON a.id = d.account_id"
        f" WHERE d.address IN ({marks(line.addresses)})",
        line.addresses,
    ).fetchall()
    for address, owner, name in rows:
        whose = name or "an account without a name" if owner == one.organization_id else "another organisation"
        return f"{address} was given to {whose} after the file was read."
    return "It could not be made."
