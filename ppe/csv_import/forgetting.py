"""What is old goes, in short transactions: a file's text once it is read, and its lines after 30 days.

What was imported stays, as the detail of an audit event.
"""

from datetime import datetime, timedelta

from ppe.db import execute, stamp
from ppe.models import CsvImport

KEPT_FOR = timedelta(days=30)
UPLOADS_LAST = timedelta(days=1)  # many times longer than any
BATCH = 1000

_KEYS = {"csv_piece": "number", "csv_address": "address", "csv_row": "number"}


def forget_text(import_id: int) -> None:
    """The text, and which line has which address: of no use any more once every line is a row."""
    for table in ("csv_piece", "csv_address"):
        _empty(table, import_id)


def forget_old(now: datetime) -> None:
    """Remove what nobody imported within 30 days, and what never arrived whole or was left by a killed worker."""
    old, broken = stamp(now - KEPT_FOR), stamp(now - UPLOADS_LAST)
    statement = """
        SELECT id FROM csv_import
        WHERE accepted_at IS NULL AND (created_at < ? OR (state = 'uploading' AND created_at < ?))
    """
    for (import_id,) in execute(statement, (old, broken)).fetchall():
        for table in _KEYS:
            _empty(table, import_id)
        CsvImport.delete().where(CsvImport.id == import_id).execute()
    read = "SELECT id FROM csv_import WHERE state NOT IN ('uploading', 'reading')"
    for (import_id,) in execute(read).fetchall():
        forget_text(import_id)


def _empty(table: str, import_id: int) -> None:
    key = _KEYS[table]
    size = 10 if table == "csv_piece" else BATCH
    statement = (
        f"DELETE FROM {table} WHERE csv_import_id = ? AND {key} IN"
        f" (SELECT {key} FROM {table} WHERE csv_import_id = ? LIMIT {size})"
    )
    while execute(statement, (import_id, import_id)).rowcount:
        pass
