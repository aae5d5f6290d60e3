"""Bytes to text: UTF-8 with or without its mark, UTF-16 by its mark, and Windows-1252 where it cannot be UTF-8."""

import codecs
from collections.abc import Iterator
from typing import IO

from ppe.errors import Refused

BYTES_AT_ONCE = 1 << 18

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_ADVICE = "Save it as “CSV UTF-8” and upload that file."


def pieces(file: IO[bytes]) -> Iterator[str]:
    """The text of a file, piece by piece, read twice: what it is written in is known before the first piece is given.

    Raises:
        Refused: it is no text that is known here; the sentence says what to do.
    """
    encoding = _encoding(file)
    file.seek(0)
    yield from _decoded(file, encoding)


def _encoding(file: IO[bytes]) -> str:
    file.seek(0)
    head = file.read(4)
    if not head:
        raise Refused("The file is empty.", "file")
    if head.startswith(b"PK\x03\x04"):
        raise Refused(f"This is a workbook or an archive, not a CSV file. {_ADVICE}", "file")
    marked = next((encoding for mark, encoding in _MARKS if head.startswith(mark)), None)
    for encoding in (marked,) if marked else ("utf-8", "cp1252"):
        if _is(file, encoding):
            return encoding
    raise Refused(f"The file is in no encoding known here: UTF-8, UTF-16 and Windows-1252. {_ADVICE}", "file")


def _is(file: IO[bytes], encoding: str) -> bool:
    """Whether all of it can be read so. Null characters are in no text, but in UTF-16 without its mark."""
    file.seek(0)
    try:
        for piece in _decoded(file, encoding):
            if "\0" in piece:
                raise Refused(f"This is no text, or UTF-16 without its mark at the beginning. {_ADVICE}", "file")
    except UnicodeDecodeError:
        return False
    return True


def _decoded(file: IO[bytes], encoding: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)()
    while raw := file.read(BYTES_AT_ONCE):
        if text := decoder.decode(raw):
            yield text
    if text := decoder.decode(b"", final=True):
        yield text
