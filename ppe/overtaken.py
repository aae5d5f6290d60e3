"""A form that was overtaken: what it is about was changed meanwhile, by somebody else or in another tab. Pure.

The form remembers how things stood when it was opened, so that it can be told what was touched in it.
"""

import json
from dataclasses import fields, replace
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Standing = TypeVar("Standing", bound="DataclassInstance")


def remembered(text: str, now: Standing) -> Standing:
    """How things stood when the form was opened, as it says itself; how they stand now, if it says nothing of use."""
    try:
        told = json.loads(text).items()
        return type(now)(**{name: tuple(value) if isinstance(value, list) else value for name, value in told})
    except (ValueError, TypeError, AttributeError):
        return now


def touched(seen: Standing, typed: Standing, now: Standing) -> Standing:
    """What was typed, laid over how things stand now: a field that was not touched keeps what others made of it."""
    untouched = {name: getattr(now, name) for name in _names(now) if getattr(typed, name) == getattr(seen, name)}
    return replace(typed, **untouched)


def contested(seen: Standing, typed: Standing, now: Standing) -> list[str]:
    """The fields that were touched here and elsewhere, and not in the same way."""
    wanted = touched(seen, typed, now)
    return [name for name in _names(now) if getattr(now, name) not in (getattr(seen, name), getattr(wanted, name))]


def _names(standing: Standing) -> list[str]:
    return [field.name for field in fields(standing)]
