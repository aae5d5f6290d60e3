"""The lines of a file page by page, by key; what is ticked among them; and the two ways on: import, or cancel."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ppe import audit
from ppe.csv_import.applying import told
from ppe.db import database
from ppe.errors import NotFound, Refused
from ppe.models import APPLYING, CANCELLED, READING, REVIEW, CsvImport, CsvRow

ROWS_PER_PAGE = 100
GOOD, BAD, MADE, FAILED = STANDINGS = ("good", "bad", "imported", "failed")

NOT_OPEN = "This list is not open any more."
TICKS_MOVED = "The ticks were changed after you opened this page. Nothing was imported: please look again."


@dataclass(frozen=True, slots=True)
class Page:
    """One page of lines. `before` and `after` are the keys of the pages around it, None where there is none."""

    rows: Sequence[CsvRow]
    before: int | None
    after: int | None


def of(organization_id: int, import_id: int) -> CsvImport:
    """One import of the organisation.

    Raises:
        NotFound: the organisation has no such import.
    """
    found: CsvImport | None = CsvImport.get_or_none(
        CsvImport.organization == organization_id, CsvImport.id == import_id
    )
    if found is None:
        raise NotFound("There is no such import.")
    return found


def latest(organization_id: int) -> list[CsvImport]:
    """The newest imports of the organisation."""
    mine = CsvImport.select().where(CsvImport.organization == organization_id)
    return list(mine.order_by(CsvImport.id.desc()).limit(20))


def page(one: CsvImport, standing: str, *, after: int | None = None, before: int | None = None) -> Page:
    """The lines that stand so, or all, behind a line's number or in front of it."""
    query = _standing(one, standing)
    if before is not None:
        found = list(query.where(CsvRow.number < before).order_by(CsvRow.number.desc()).limit(ROWS_PER_PAGE + 1))
        rows = found[:ROWS_PER_PAGE][::-1]
        return Page(rows, rows[0].number if len(found) > ROWS_PER_PAGE else None, rows[-1].number if rows else None)
    found = list(query.where(CsvRow.number > (after or 0)).order_by(CsvRow.number).limit(ROWS_PER_PAGE + 1))
    rows = found[:ROWS_PER_PAGE]
    earlier = rows[0].number if rows and after else None
    return Page(rows, earlier, rows[-1].number if len(found) > ROWS_PER_PAGE else None)


def record_export(one: CsvImport, by_name: str, now: datetime) -> None:
    """Taking the lines home that were left out is on record."""
    audit.record(one.organization_id, by_name, "CSV bad lines exported", one.file_name, {"import": one.id}, now=now)


def left_out(one: CsvImport) -> Iterator[CsvRow]:
    """Every line that was bad or failed, in the order of the file, without holding them all."""
    last = 0
    query = CsvRow.select().where(CsvRow.csv_import == one.id, CsvRow.standing.in_((BAD, FAILED)))
    while rows := list(query.where(CsvRow.number > last).order_by(CsvRow.number).limit(1000)):
        yield from rows
        last = rows[-1].number


def tick(one: CsvImport, shown: Sequence[int], ticked: Sequence[int]) -> None:
    """Of the lines that were shown, these are ticked and the others are not.

    Raises:
        Refused: the list is not open any more.
    """
    with database.atomic():
        changed = 0
        for is_ticked, numbers in ((True, set(ticked) & set(shown)), (False, set(shown) - set(ticked))):
            changed += (1 if is_ticked else -1) * (
                CsvRow.update(ticked=is_ticked)
                .where(
                    CsvRow.csv_import == one.id,
                    CsvRow.number.in_(sorted(numbers)),
                    CsvRow.standing == GOOD,
                    CsvRow.ticked == (not is_ticked),
                )
                .execute()
            )
        open_one = (CsvImport.id == one.id, CsvImport.state == REVIEW)
        if not CsvImport.update(ticked=CsvImport.ticked + changed).where(*open_one).execute():
            raise Refused(NOT_OPEN)


def ticked_elsewhere(one: CsvImport, shown: Sequence[CsvRow]) -> int:
    """How many ticked lines are not on the page."""
    return one.ticked - sum(1 for row in shown if row.ticked and row.standing == GOOD)


def require_same_elsewhere(one: CsvImport, shown: Sequence[int], elsewhere: int) -> None:
    """Nothing is imported unseen.

    Raises:
        Refused: the ticks outside the page are not those that the page was made with.
    """
    if CsvImport.get_by_id(one.id).ticked != elsewhere + _ticked_among(one, shown):
        raise Refused(TICKS_MOVED)


def accept(one: CsvImport, by_name: str, now: datetime) -> None:
    """Have the ticked lines imported. A second click finds that done.

    Raises:
        Refused: nothing is ticked, or the list is not open any more.
    """
    with database.atomic():
        accepted = (
            CsvImport.update(state=APPLYING, claim=None, accepted_at=now, accepted_by_name=by_name)
            .where(CsvImport.id == one.id, CsvImport.state == REVIEW, CsvImport.ticked > 0)
            .execute()
        )
        current = CsvImport.get_by_id(one.id)
        if not accepted:
            raise Refused("First tick whom to import." if current.state == REVIEW else NOT_OPEN)
        audit.record(one.organization_id, by_name, "CSV import started", one.file_name, told(current), now=now)


def cancel(one: CsvImport, by_name: str, now: datetime) -> None:
    """Stop. Whoever was imported by then stays.

    Raises:
        Refused: it is over already.
    """
    with database.atomic():
        cancelled = (
            CsvImport.update(state=CANCELLED, claim=None, finished_at=now)
            .where(CsvImport.id == one.id, CsvImport.state.in_((READING, REVIEW, APPLYING)))
            .execute()
        )
        if not cancelled:
            raise Refused("This import is over already.")
        current = CsvImport.get_by_id(one.id)
        audit.record(one.organization_id, by_name, "CSV import cancelled", one.file_name, told(current), now=now)


def _standing(one: CsvImport, standing: str) -> Any:
    query = CsvRow.select().where(CsvRow.csv_import == one.id)
    return query.where(CsvRow.standing == standing) if standing in STANDINGS else query


def _ticked_among(one: CsvImport, shown: Sequence[int]) -> int:
    ticked = CsvRow.select().where(CsvRow.csv_import == one.id, CsvRow.number.in_(list(shown)), CsvRow.ticked)
    return int(ticked.count())
