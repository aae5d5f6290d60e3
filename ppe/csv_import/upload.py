"""A file's text goes into the database in pieces: the worker that reads it may run on another machine."""

from collections.abc import Iterator
from datetime import datetime
from itertools import chain
from typing import IO

from ppe import audit
from ppe.csv_import import columns
from ppe.csv_import.columns import Format
from ppe.csv_import.decoding import pieces
from ppe.csv_import.person import ROLES
from ppe.csv_import.records import lines
from ppe.db import database, execute_many
from ppe.errors import Refused
from ppe.models import READING, CsvImport, Organization

LARGEST_FILE = 200 * 1024 * 1024  # more than a million people with two aliases each

_PIECE = "INSERT INTO csv_piece (csv_import_id, number, content) VALUES (?, ?, ?)"


def take(
    organization: Organization,
    file: IO[bytes],
    file_name: str,
    *,
    default_role: str,
    send_welcome_mails: bool,
    by_name: str,
    now: datetime,
) -> CsvImport:
    """Store a file, so that a worker can read it. Killed halfway, what there is of it is swept up the next day.

    Raises:
        Refused: it is no file that can be read here, or no such role can be given; nothing is kept.
    """
    if default_role not in ROLES:
        raise Refused("Choose what the people in the file become.", "default_role")
    text = pieces(file)
    form, text = _format(text)
    upload: CsvImport = CsvImport.create(
        organization=organization, created_by_name=by_name, file_name=file_name[:200], default_role=default_role,
        send_welcome_mails=send_welcome_mails, delimiter=form.delimiter, headings=form.headings,
        unread_headings=form.unread, created_at=now,
    )  # fmt: skip
    count = 0
    for count, piece in enumerate(text, 1):  # each in a transaction of its own: nobody waits for a large file
        execute_many(_PIECE, [(upload.id, count, piece)])
    with database.atomic():
        CsvImport.update(state=READING, pieces=count).where(CsvImport.id == upload.id).execute()
        audit.record(organization.id, by_name, "CSV file uploaded", upload.file_name, {"import": upload.id}, now=now)
    found: CsvImport = CsvImport.get_by_id(upload.id)
    return found


def _format(text: Iterator[str]) -> tuple[Format, Iterator[str]]:
    """The format, and the whole text again. The first line that says something stands in the first piece."""
    first = next(text)
    line = next((line for line in lines([first]) if line.strip()), "")
    if not line:
        raise Refused("The file is empty.", "file")
    try:
        form = columns.recognised(line)
    except Refused as refused:
        raise Refused(refused.sentence, "file") from None
    return form, chain([first], text)
