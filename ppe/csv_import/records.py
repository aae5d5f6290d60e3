"""Text to records: each with the number of its first line, and a sentence where it could not be read. Pure.

A bad line stops nothing else. A quote that is opened and never closed would swallow everything behind it: then its
own line alone is bad, and reading goes on with the next one.
"""

import csv
import re
from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

LONGEST_LINE = 20_000  # characters; many times what a person with a hundred aliases needs
MOST_LINES = 20  # of one record with line breaks in its quoted fields, which are no longer together than one line

_LINE_END = re.compile(r"\r\n|\r|\n")


class Record(NamedTuple):
    """The fields of one record; `problem` says why there are none to trust."""

    number: int
    fields: list[str]
    problem: str = ""


class _NotARecord(Exception):
    """What begins here is no record; carries the sentence."""


def lines(pieces: Iterable[str]) -> Iterator[str]:
    """The physical lines with their ends; of one that is far too long, a beginning that is too long still."""
    rest, skips = "", False
    for piece in pieces:
        text, end = rest + piece, 0
        for found in _LINE_END.finditer(text):
            if found.end() == len(text) and text.endswith("\r"):
                break  # the next piece may begin with the other half of this line's end
            begin, end = end, found.end()
            if not skips:
                yield text[begin:end]
            skips = False
        rest = text[end:]
        if len(rest) > LONGEST_LINE + 1:
            if not skips:
                yield rest[: LONGEST_LINE + 1]
            rest, skips = "\r" if rest.endswith("\r") else "", True
    if rest and not skips:
        yield rest


def records(pieces: Iterable[str], delimiter: str) -> Iterator[Record]:
    """Every record that is not empty."""
    source = _Source(lines(pieces))
    reader = csv.reader(source, delimiter=delimiter)
    while source.begin():
        try:
            fields = [field.strip() for field in next(reader)]
        except (_NotARecord, csv.Error) as wrong:
            sentence = str(wrong) if isinstance(wrong, _NotARecord) else "This line can't be read."
            yield Record(source.number, [source.give_back().strip()[:300]], sentence)
            reader = csv.reader(source, delimiter=delimiter)
            continue
        if any(fields):
            yield Record(source.number, fields)


class _Source:
    """Gives a CSV reader its lines, and remembers those of the record at hand in case it is none."""

    def __init__(self, text: Iterator[str]) -> None:
        self._text = text
        self._ahead: deque[str] = deque()
        self._taken: list[str] = []
        self.number = 1

    def begin(self) -> bool:
        """Go on to the next record; false when there is none."""
        self.number += len(self._taken)
        self._taken = []
        if not self._ahead:
            following = next(self._text, None)
            if following is None:
                return False
            self._ahead.append(following)
        return True

    def give_back(self) -> str:
        """All but the first line of what was no record are there again; the first one is returned."""
        first, *others = self._taken
        self._ahead.extendleft(reversed(others))
        self._taken = [first]
        return first

    def _length(self, line: str) -> int:
        return len(line) + sum(map(len, self._taken))

    def __iter__(self) -> "_Source":
        return self

    def __next__(self) -> str:
        line = self._ahead.popleft() if self._ahead else next(self._text, None)
        if self._taken and (line is None or len(self._taken) == MOST_LINES or self._length(line) > LONGEST_LINE):
            self._ahead.extendleft([line] if line else [])
            raise _NotARecord("A quotation mark is opened here and not closed.")
        if line is None:
            raise StopIteration
        self._taken.append(line)
        if len(line) > LONGEST_LINE:
            raise _NotARecord(f"This line is longer than {LONGEST_LINE:,} characters.")
        return line
