"""What changes on an account, in the words of pages and files. Pure."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from ppe.sync.fields import TYPE_WORDS

Fields = Mapping[str, Any]

ROLE, DIGEST, STATE = "Role", "Quarantine digest", "State"
EXEMPTION, WELCOME = "Exempt from Sync", "Welcome mail"


def differences(before: Fields, after: Fields) -> list[tuple[str, str, str]]:
    """What changes, field by field: label, before, after."""
    return [(label, said(before[name]), said(after[name])) for name, (label, said) in _WORDS.items() if name in after]


def digest(receives: bool) -> str:
    """Whether the quarantine digest comes."""
    return "Received" if receives else "Not received"


def state(active: bool) -> str:
    """Whether somebody can sign in and gets mail."""
    return "Active" if active else "Not active"


def exemption(holds: Fields | None) -> str:
    """An exemption by its reason and last day; None is none."""
    if holds is None:
        return "No"
    day = date.fromisoformat(holds["last_day"]) if holds["last_day"] else None
    until = f", until {day.day} {day:%b %Y}" if day else ""
    return f"Yes{until}{': ' if holds['reason'] else ''}{holds['reason']}"


_WORDS: dict[str, tuple[str, Callable[[Any], str]]] = {
    "type": (ROLE, TYPE_WORDS.__getitem__),
    "receives_digest": (DIGEST, digest),
    "active": (STATE, state),
    "exemption": (EXEMPTION, exemption),
    "welcome_mail": (WELCOME, lambda is_sent: "Is sent" if is_sent else ""),
}
