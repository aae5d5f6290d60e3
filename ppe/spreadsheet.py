"""CSV for spreadsheets: no cell can be taken for a formula, and each can be read back as it was. Pure."""

import csv
import re
from collections.abc import Iterable
from io import StringIO

BYTE_ORDER_MARK = "\ufeff"  # by it Excel tells UTF-8

# With the apostrophes before it, so that whoever takes one away again finds what was written.
_FORMULA = re.compile(r"'*[=+\-@\t\r]")


def safe(text: str) -> str:
    """A cell that no spreadsheet takes for a formula: an apostrophe goes before what could be one.

    Mobile numbers begin with a plus and get one too. `restored` takes it away.
    """
    return f"'{text}" if _FORMULA.match(text) else text


def restored(text: str) -> str:
    """What `safe` was given."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


def line(cells: Iterable[str]) -> str:
    """One line of a file, with its end."""
    written = StringIO()
    csv.writer(written).writerow([safe(cell) for cell in cells])
    return written.getvalue()
