"""Which format a file is in, told by its first line, and which of its columns means what. Pure."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass

from ppe.errors import Refused

DELIMITERS = (",", ";", "\t")
ALIASES = "aliases"

# What the product calls its columns, what its interface for programs does, and what we call them in our own files.
_HEADINGS = {
    "first_name": ("firstname", "givenname"),
    "last_name": ("lastname", "surname"),
    "display_name": ("displayname", "name"),
    "primary": ("primaryaddress", "primaryemail", "primary", "emailaddress", "email", "mail", "address"),
    "mobile": ("mobile", "mobilenumber", "mobilephone"),
    ALIASES: ("alias", "aliases", "aliasemails", "aliasaddress"),
    "role": ("role", "type"),
    "state": ("state",),
}
_MEANINGS = {spelling: name for name, spellings in _HEADINGS.items() for spelling in spellings}
PRODUCT_COLUMNS = ("first_name", "last_name", "primary", "mobile")  # and then any number of aliases


@dataclass(frozen=True, slots=True)
class Format:
    """How a file is to be read. `headings` says of each column which field it is, or None for one that is not read.

    Without headings it is the product's own format. `unread` are the headings of the columns that are not read.
    """

    delimiter: str = ","
    headings: tuple[str | None, ...] | None = None
    unread: tuple[str, ...] = ()


def recognised(first_line: str) -> Format:
    """The format of a file with this first line.

    Raises:
        Refused: a heading is there twice, so that nobody can tell which of the columns counts.
    """
    cells = {delimiter: _cells(first_line, delimiter) for delimiter in DELIMITERS}
    for delimiter in DELIMITERS:
        if _is_heading(cells[delimiter]):
            return _headed(delimiter, cells[delimiter])
    return Format(max(DELIMITERS, key=lambda delimiter: _likelihood(cells[delimiter])))


def sorted_out(fields: Sequence[str], form: Format) -> tuple[dict[str, str], list[str]]:
    """The fields of one line by their names, and the cells with aliases.

    Raises:
        Refused: there are more fields than headings.
    """
    if form.headings is None:
        return dict(zip(PRODUCT_COLUMNS, fields, strict=False)), list(fields[len(PRODUCT_COLUMNS) :])
    if any(fields[len(form.headings) :]):
        raise Refused(f"It has {len(fields)} fields, and the first line has {len(form.headings)} headings.")
    pairs = list(zip(form.headings, fields, strict=False))
    return {name: field for name, field in pairs if name}, [field for name, field in pairs if name == ALIASES]


def _headed(delimiter: str, cells: Sequence[str]) -> Format:
    headings = tuple(_MEANINGS.get(_spelled(cell)) for cell in cells)
    for name, cell in zip(headings, cells, strict=True):
        if name not in (None, ALIASES) and headings.count(name) > 1:
            raise Refused(f"Two columns are headed as the same thing, one of them “{cell}”. Take one of them out.")
    unread = tuple(cell for name, cell in zip(headings, cells, strict=True) if name is None and cell)
    return Format(delimiter, headings, unread)


def _is_heading(cells: Sequence[str]) -> bool:
    return not any("@" in cell for cell in cells) and "primary" in {_MEANINGS.get(_spelled(cell)) for cell in cells}


def _likelihood(cells: Sequence[str]) -> tuple[bool, int]:
    return len(cells) > 2 and "@" in cells[2], len(cells)


def _spelled(cell: str) -> str:
    return "".join(letter for letter in cell.casefold() if letter.isalnum())


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter), [])]
    except csv.Error:
        return []
