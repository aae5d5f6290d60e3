"""What the page of a CSV import says of its lines: counts, progress, and the bad ones as a file."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ppe.csv_import import review
from ppe.db import database
from ppe.models import APPLYING, READING, CsvImport
from ppe.spreadsheet import BYTE_ORDER_MARK, line

HEADLINES = {
    "uploading": "The file has not arrived",
    "reading": "Reading the file",
    "review": "Nothing has changed yet",
    "applying": "Importing",
    "done": "Imported",
    "failed": "Nothing to import",
    "cancelled": "Cancelled",
}


FILTERS = {"": "All", "good": "Good", "bad": "Bad", "imported": "Imported", "failed": "Failed"}


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it is, in percent and in words."""

    percent: int
    sentence: str


def gather(one: CsvImport, asked: Mapping[str, str]) -> dict[str, Any]:
    """Everything that the templates of one import need; `asked` is the query: lines, after and before."""
    chosen = asked.get("lines", "")
    chosen = chosen if chosen in FILTERS else ""
    place = {name: _number(asked.get(name, "")) for name in ("after", "before")}
    page = None if one.state == READING else review.page(one, chosen, **place)
    return {
        "one": one,
        "page": page,
        "chosen": chosen,
        "filters": _filters(one),
        "place": place,
        "ticked_elsewhere": review.ticked_elsewhere(one, page.rows) if page else 0,
        "progress": progress(one),
        "headline": HEADLINES[one.state],
    }


def _number(said: str) -> int | None:
    return int(said) if said.isascii() and said.isdigit() and len(said) <= 18 else None


def _filters(one: CsvImport) -> list[tuple[str, str, int]]:
    """The kinds of lines that can be shown: value, words and how many there are; none that cannot occur."""
    counts = {
        "": one.lines,
        "good": one.lines - one.bad - one.made - one.failed,
        "bad": one.bad,
        "imported": one.made,
        "failed": one.failed,
    }
    is_over = one.accepted_at is not None
    shown = [value for value in FILTERS if is_over or value not in ("imported", "failed")]
    return [(value, "Not ticked" if is_over and value == "good" else FILTERS[value], counts[value]) for value in shown]


def progress(one: CsvImport) -> Progress:
    """How far the file is read, or the accounts are made."""
    if one.state == READING:
        percent = 100 * max(0, one.pieces_read - 1) // max(1, one.pieces)
        return Progress(percent, f"{one.lines:,} lines read so far, {one.bad:,} of them bad.")
    if one.state == APPLYING:
        tried = one.made + one.failed
        failed = f", {one.failed:,} failed" if one.failed else ""
        return Progress(100 * tried // max(1, one.ticked), f"{tried:,} of {one.ticked:,} lines done{failed}.")
    return Progress(100, "")


def left_out(one: CsvImport) -> Iterator[str]:
    """The file, a line at a time. It is sent after the request has closed its connection, hence one of its own.

    What stood in a bad line comes last, field by field, so that it can be put right and imported by itself.
    """
    with database.connection_context():
        yield BYTE_ORDER_MARK + line(("Line", "Reason"))
        for row in review.left_out(one):
            fields = row.fields if isinstance(row.fields, list) else [row.name, row.address, *row.fields["aliases"]]
            yield line((str(row.number), row.reason, *fields))
