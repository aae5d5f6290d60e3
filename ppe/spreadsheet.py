"""CSV for spreadsheets: no cell can be taken for a formula, and each can be read back as it was. Pure."""

import csv
import re
from collections.abc import Iterable
from io import StringIO

BYTE_ORDER_MARK = "\ufeff"  # by it Excel tells UTF-8

# Where a cell begins, for spreadsheets that separate by semicolons or tabs, too: quotation marks stop them only where
# they stand first. With the apostrophes before a formula, so that whoever takes one away again finds what was written.
_BEGINNING = r"(?<![^;\t\r\n])"
_FORMULA = r"""(?=['"]*[=+\-@\t\r])"""
_OPEN, _MARKED = re.compile(_BEGINNING + _FORMULA), re.compile(f"{_BEGINNING}'{_FORMULA}")


def safe(text: str) -> str:
    """A cell that no spreadsheet takes for a formula: an apostrophe goes before what could be one.

    Mobile numbers begin with a plus and get one too. `restored` takes it away.
    """
    return _OPEN.sub("'", text)


def restored(text: str) -> str:
    """What `safe` was given."""
    return _MARKED.sub("", text)


def line(cells: Iterable[str]) -> str:
    """One line of a file, with its end."""
    written = StringIO()
    csv.writer(written).writerow([safe(cell) for cell in cells])
    return written.getvalue()
