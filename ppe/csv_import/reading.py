"""The worker makes rows of a file's lines: good ones and bad ones, with what is wrong with them.

A batch of lines is one transaction that also says how far the reading is; going on means to read the text from its
beginning and to leave out the lines that are rows already. Memory is flat in the size of the file.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from ppe.csv_import import person
from ppe.csv_import.columns import Format
from ppe.csv_import.forgetting import forget_text
from ppe.csv_import.person import Expectations, Person
from ppe.csv_import.records import Record, records
from ppe.db import as_json, batches, database, execute, execute_many, marks
from ppe.models import FAILED, REVIEW, CsvImport, CsvPiece, Domain
from ppe.sync.claim import keep
from ppe.work import Clock

BATCH = 1000
DOMAINS_COUNTED = 100  # of those that are not registered; a file may name any number
LONGEST_REASON = 1000

_HEADING_HINT = "If this is a line of headings, call them First name, Last name, Primary address, Mobile and Aliases."
_ROW = """
    INSERT INTO csv_row (csv_import_id, number, standing, ticked, name, address, fields, reason)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""
_ADDRESS = "INSERT INTO csv_address (csv_import_id, address, number) VALUES (?, ?, ?)"


class Line(NamedTuple):
    """A record and the person that it tells of."""

    record: Record
    person: Person


def to_the_end(one: CsvImport, phone_region: str, clock: Clock) -> None:
    """Make rows of all lines that are none yet; then the list can be reviewed.

    Raises:
        RunLost: it was cancelled, or another worker took it over.
    """
    domains = Domain.select(Domain.name).where(Domain.organization == one.organization_id)
    form = Format(one.delimiter, tuple(one.headings) if one.headings is not None else None)
    expected = Expectations(form, one.default_role, frozenset(domain.name for domain in domains), phone_region)
    found = records(_text(one), form.delimiter)
    if form.headings is not None:
        next(found)
    for batch in batches((record for record in found if record.number > one.position), BATCH):
        lines = [Line(record, _measured(record, expected)) for record in batch]
        with database.atomic():
            _store(one, lines, clock())
    with database.atomic():
        keep(one, clock(), state=REVIEW if one.lines else FAILED, position=0, claim=None, error_sentence=_nothing(one))
    forget_text(one.id)


def _text(one: CsvImport) -> Iterator[str]:
    """The file, of which never more than one piece is held."""
    for number in range(1, one.pieces + 1):
        one.pieces_read = number
        yield CsvPiece.get(CsvPiece.csv_import == one.id, CsvPiece.number == number).content


def _measured(record: Record, expected: Expectations) -> Person:
    if record.problem:
        return Person(problems=[record.problem])
    found = person.read(record.fields, expected)
    if found.problems and record.number == 1 and not any("@" in field for field in record.fields):
        found.problems.append(_HEADING_HINT)
    return found


def _store(one: CsvImport, lines: Sequence[Line], now: datetime) -> None:
    """One batch: what only the tables can tell comes on top of what each line says by itself."""
    _say_who_has_them(one, [line for line in lines if not line.person.problems])
    _say_what_is_there_twice(one, [line for line in lines if not line.person.problems])
    bad = sum(1 for line in lines if line.person.problems)
    execute_many(_ROW, [_row(one.id, line) for line in lines])
    keep(
        one, now, position=lines[-1].record.number, pieces_read=one.pieces_read, lines=one.lines + len(lines),
        bad=one.bad + bad, ticked=one.ticked + len(lines) - bad, unknown_domains=_counted(one, lines),
    )  # fmt: skip


def _say_who_has_them(one: CsvImport, lines: Sequence[Line]) -> None:
    """An import makes accounts and changes none: an address that somebody has is left with them."""
    owners: dict[str, tuple[int, str, bool]] = {}
    for some in batches(address for line in lines for address in _addresses(line.person)):
        rows = execute(
            "SELECT d.address, a.organization_id, a.display_name, d.is_primary FROM address d"
            f" JOIN account a ON a.id = d.account_id WHERE d.address IN ({marks(some)})",
            some,
        )
        owners.update((address, (owner, name, bool(primary))) for address, owner, name, primary in rows.fetchall())
    for line in lines:
        for address in _addresses(line.person):
            if address in owners:
                line.person.problems.append(_taken(one, address, line.person, *owners[address]))


def _taken(one: CsvImport, address: str, who: Person, owner: int, name: str, is_primary: bool) -> str:
    if owner != one.organization_id:
        return f"{address} belongs to another organisation."
    if address == who.primary and is_primary:
        return f"{address} is here already: {name or 'an account without a name'} has it, and is left as it is."
    return f"{address} belongs to {name or 'an account without a name'} already."


def _say_what_is_there_twice(one: CsvImport, lines: Sequence[Line]) -> None:
    """The first good line with an address has it; a later one says which that is."""
    before: dict[str, int] = {}
    for some in batches(address for line in lines for address in _addresses(line.person)):
        rows = execute(
            f"SELECT address, number FROM csv_address WHERE csv_import_id = ? AND address IN ({marks(some)})",
            (one.id, *some),
        )
        before.update(rows.fetchall())
    new: list[tuple[int, str, int]] = []
    for line in lines:
        mine, number = _addresses(line.person), line.record.number
        line.person.problems += [f"{its} is on line {before[its]:,} already." for its in mine if its in before]
        if not line.person.problems:
            before.update(dict.fromkeys(mine, number))
            new += [(one.id, address, number) for address in mine]
    execute_many(_ADDRESS, new)


def _addresses(who: Person) -> list[str]:
    return [who.primary, *who.aliases]


def _row(import_id: int, line: Line) -> tuple[object, ...]:
    who, number = line.person, line.record.number
    if who.problems:
        reason = " ".join(who.problems)[:LONGEST_REASON]
        told = () if line.record.problem else line.record.fields
        address = who.primary or next((field for field in told if "@" in field), "")
        return import_id, number, "bad", False, who.display_name, address[:320], as_json(line.record.fields), reason
    fields = {
        "first_name": who.first_name, "last_name": who.last_name, "mobile": who.mobile, "role": who.role,
        "aliases": who.aliases,
    }  # fmt: skip
    return import_id, number, "good", True, who.display_name, who.primary, as_json(fields), ""


def _counted(one: CsvImport, lines: Sequence[Line]) -> dict[str, int]:
    """How many addresses are on each domain that is not registered; beyond a hundred domains no new one is counted."""
    counted = Counter(one.unknown_domains)
    for domain in (domain for line in lines for domain in line.person.unknown_domains):
        if domain in counted or len(counted) < DOMAINS_COUNTED:
            counted[domain] += 1
    return dict(counted)


def _nothing(one: CsvImport) -> str | None:
    return None if one.lines else "There is no line with anybody in this file."
