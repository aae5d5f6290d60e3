"""What the lists of accounts have in common: what their filter was asked for, and what its choices are called."""

from dataclasses import asdict
from typing import Any

from flask import request

from ppe.lists.paging import Position
from ppe.lists.search import (
    ACTIVE,
    ADDRESS,
    BY_HAND,
    DIRECTORY,
    EXEMPT,
    EXEMPTIONS,
    NAME,
    NEWEST,
    NOT_ACTIVE,
    NOT_EXEMPT,
    REMOVED,
    SORTS,
    SOURCES,
    STATES,
    Filter,
)
from ppe.sync.entry import DISTRIBUTION, GROUP_KINDS, MAIL_SECURITY, MICROSOFT365
from ppe.sync.fields import GROUP_KIND_WORDS, TYPE_WORDS

STATE_CHOICES = {"": "All but removed", ACTIVE: "Active", NOT_ACTIVE: "Not active", REMOVED: "Removed"}
SOURCE_CHOICES = {"": "Every source", DIRECTORY: "Directory", BY_HAND: "By hand"}
EXEMPTION_CHOICES = {"": "Exempt or not", EXEMPT: "Exempt", NOT_EXEMPT: "Not exempt"}
SORT_CHOICES = {NAME: "Name", ADDRESS: "Address", NEWEST: "Newest first"}
MAIL_KINDS = (MICROSOFT365, DISTRIBUTION, MAIL_SECURITY)  # of groups that have an address
CHOICES = {"state": STATE_CHOICES, "source": SOURCE_CHOICES, "exemption": EXEMPTION_CHOICES, "sort": SORT_CHOICES}


def asked(roles: tuple[str, ...] = ()) -> Filter:
    """The filter of the request; what it does not know counts as not asked for."""
    return Filter(
        text=request.args.get("text", "").strip()[:200],
        role=_one_of(roles, "role"),
        state=_one_of(STATES, "state"),
        source=_one_of(SOURCES, "source"),
        exemption=_one_of(EXEMPTIONS, "exemption"),
        sort=_one_of(SORTS, "sort") or NAME,
        kind=_one_of(GROUP_KINDS, "kind"),
    )


def words_of(wanted: Filter) -> dict[str, Any]:
    """The filter as an address has it: only what is asked for."""
    return {name: value for name, value in asdict(wanted).items() if value and (name, value) != ("sort", NAME)}


def told(wanted: Filter) -> list[str]:
    """The filter as it is read, part by part."""
    words = [f"name or address begins with “{wanted.text}”"] if wanted.text else []
    words += [TYPE_WORDS[wanted.role]] if wanted.role else []
    words += [GROUP_KIND_WORDS[wanted.kind]] if wanted.kind else []
    chosen = [(name, value) for name in ("state", "source", "exemption") if (value := getattr(wanted, name))]
    return words + [CHOICES[name][value] for name, value in chosen]


def kind_choices(kinds: tuple[str, ...]) -> dict[str, str]:
    """The kinds of groups to choose from."""
    return {"": "Every kind"} | {kind: GROUP_KIND_WORDS[kind] for kind in kinds}


def position() -> Position:
    """Where the page lies that was asked for; the first for anything that is no number."""
    return Position(after=number("after"), before=number("before"))


def number(name: str) -> int:
    """A key of the request; 0 for anything that is none."""
    said = request.args.get(name, "")
    return int(said) if said.isascii() and said.isdigit() and len(said) <= 18 else 0


def _one_of(known: tuple[str, ...], name: str) -> str:
    said = request.args.get(name, "")
    return said if said in known else ""
