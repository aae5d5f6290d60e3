"""What the lists of accounts have in common: what their filter was asked for, and what its choices are called."""

from flask import request

from ppe.listings import ACTIVE, BY_HAND, DIRECTORY, NOT_ACTIVE, REMOVED, SOURCES, STATES, Filter
from ppe.views.run_page import number

STATE_CHOICES = {"": "All but removed", ACTIVE: "Active", NOT_ACTIVE: "Not active", REMOVED: "Removed"}
SOURCE_CHOICES = {"": "Every source", DIRECTORY: "Directory", BY_HAND: "By hand"}


def asked(roles: tuple[str, ...] = ()) -> Filter:
    """The filter of the request; what it does not know counts as not asked for."""
    return Filter(
        text=request.args.get("text", "").strip()[:200],
        role=_one_of(roles, "role"),
        state=_one_of(STATES, "state"),
        source=_one_of(SOURCES, "source"),
    )


def page_number() -> int:
    """Which page was asked for."""
    return number(request.args.get("page"))


def _one_of(known: tuple[str, ...], name: str) -> str:
    said = request.args.get(name, "")
    return said if said in known else ""
