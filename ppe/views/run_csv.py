"""A review or a result as CSV, row by row, safe to open in a spreadsheet."""

from collections.abc import Iterator

from ppe.db import database
from ppe.models import SyncChange, SyncRun
from ppe.spreadsheet import BYTE_ORDER_MARK, line
from ppe.sync import fields, review
from ppe.views.run_page import KINDS, OUTCOMES

COLUMNS = ("Section", "Kind", "Name", "Address", "Ticked", "Changes", "Reason", "Notes", "Outcome", "Why")


def lines(run: SyncRun) -> Iterator[str]:
    """The file, a line at a time. It is sent after the request has closed its connection, hence one of its own."""
    with database.connection_context():
        titles = {section.name: section.title for section in review.sections(run)}
        yield BYTE_ORDER_MARK + line(COLUMNS)
        for change in review.export(run):
            yield line(_cells(change, titles))


def _cells(change: SyncChange, titles: dict[str, str]) -> tuple[str, ...]:
    told = fields.differences(change.before, change.after)
    differences = (f"{label}: {before or '–'} → {after or '–'}" for label, before, after in told)
    return (
        titles.get(change.section, change.section),
        KINDS.get(change.kind, change.kind),
        change.name,
        change.address,
        "yes" if change.ticked else "no",
        "; ".join(differences),
        change.reason,
        " ".join(change.notes),
        OUTCOMES.get(change.outcome or "", ""),
        change.outcome_reason,
    )
