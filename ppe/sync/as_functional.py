"""A planned change about a person -> the one that makes a functional account of them instead. Pure."""

from dataclasses import replace
from typing import Any

from ppe.sync.change import ADDING, DELETING, FUNCTIONAL, UPDATING, Change, Known
from ppe.sync.fields import why_updated

BECOMES = "It becomes a functional account: no sign-in, and mail flows."
_OVERRULED = ("active", "type")  # what a blocked sign-in, or nothing at all, would make of it


def as_functional(change: Change) -> Change:
    """The row that adds, or keeps, whoever this row is about as a functional account; it is ticked.

    Whatever else the row brings stays: names, addresses, the link to another object. An account that would be removed
    keeps its addresses and is not.
    """
    if change.account is None or change.account.removed:
        return replace(
            change,
            kind=FUNCTIONAL,
            after={**change.after, "type": FUNCTIONAL, "converted": True},
            reason=f"{change.reason} {BECOMES}",
            ticked=True,
            offer=None,
        )
    return _amended(change, change.account)


def _amended(change: Change, account: Known) -> Change:
    following = {} if change.section == DELETING else change.after
    following = {name: value for name, value in following.items() if name not in _OVERRULED}
    after: dict[str, Any] = {**following, "type": FUNCTIONAL, "converted": True}
    if not account.active:
        after["active"] = True
    return replace(
        change,
        section=UPDATING,
        kind=FUNCTIONAL,
        before={name: getattr(account, name) for name in after},
        after=after,
        reason=f"{why_updated(following)} {BECOMES}".strip(),
        ticked=True,
        fingerprint=None if change.section == DELETING else change.fingerprint,
        offer=None,
    )


def obstacle(change: Change, *, is_linked: bool) -> str:
    """Why a row can't become that of a functional account; empty if it can. `is_linked`: an address passes with it."""
    if change.kind != "user":
        return "It is one already, or becomes one in this sync." if change.kind == FUNCTIONAL else "It is no person."
    if change.account is not None and change.account.last_admin:
        return "It is the last active administrator."
    if change.section == DELETING and is_linked:
        return "Its address goes to somebody else in this sync."
    if is_linked and not change.ticked:
        return "An address passes between this row and another: tick them first."
    if change.section == ADDING or change.account is not None:
        return ""
    return "It has no account here."
