"""Pieces of statements, put together with their parameters."""

from collections.abc import Sequence
from typing import NamedTuple

from ppe.db import database

END = "\U0010ffff"  # behind every character there is


class Part(NamedTuple):
    """A piece of a statement, with its parameters."""

    sql: str
    parameters: tuple[object, ...] = ()


def bytewise() -> str:
    """What makes PostgreSQL compare addresses sign by sign, as SQLite does anyway."""
    return "" if database.param == "?" else ' COLLATE "C"'


def between(column: str, beginning: str) -> Part:
    """Whether a text begins with another, in a way that an index answers."""
    return Part(f"{column} >= ? AND {column} < ?", (beginning, beginning + END))


def every(*parts: Part) -> Part:
    """All of them."""
    return _combined(" AND ", parts)


def either(*parts: Part) -> Part:
    """Any of them."""
    return _combined(" OR ", parts)


def one_after_another(*parts: Part) -> Part:
    """The rows of all of them, perhaps twice."""
    return Part(" UNION ALL ".join(part.sql for part in parts), _parameters(parts))


def _combined(word: str, parts: Sequence[Part]) -> Part:
    if not parts:
        return Part("1 = 1")
    return Part(
        f"({word.join(f'({part.sql})' for part in parts)})", tuple(p for part in parts for p in part.parameters)
    )


def _parameters(parts: Sequence[Part]) -> tuple[object, ...]:
    return tuple(value for part in parts for value in part.parameters)
