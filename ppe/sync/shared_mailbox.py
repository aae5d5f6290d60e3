"""Whose mailbox is it: a person's, or one that many share? By what Microsoft 365 says, else by its marks. Pure.

The marks are a blocked sign-in and no licence. They are no proof: sign-in may have been left enabled, a large shared
mailbox has a licence, and somebody who left may look the same. So they suggest, and decide nothing.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ppe.sync.change import ADDING, DISABLING, OFFER_CONVERT, OFFER_FUNCTIONAL, UPDATING, Change
from ppe.sync.entry import Entry

NOBODYS = {"shared": "A shared mailbox", "room": "A room mailbox", "equipment": "An equipment mailbox"}
SOMEBODYS = frozenset({"user", "linked"})


def purpose_of(settings: Mapping[str, Any]) -> str:
    """The `userPurpose` of mailbox settings, empty where there is none.

    The reference of mailboxSettings writes it as `{"value": "shared"}`, answers that were recorded as `"shared"`.
    """
    said = settings.get("userPurpose")
    if isinstance(said, Mapping):
        said = said.get("value")
    return said.lower() if isinstance(said, str) else ""


def looks_shared(entry: Entry) -> bool:
    """Whether it bears the marks, and Microsoft 365 does not say that the mailbox is a person's."""
    marked = not entry.enabled and entry.licensed is False and entry.mailbox[0] is not None
    return marked and not entry.is_group and entry.purpose not in SOMEBODYS


def finding(entry: Entry) -> str:
    """A sentence that this is a shared mailbox, a room or equipment, or looks like one; empty where nothing says so."""
    if entry.purpose in NOBODYS:
        return f"{NOBODYS[entry.purpose]}, says Microsoft 365."
    if looks_shared(entry):
        return "Looks like a shared mailbox: sign-in is blocked and it has no licence."
    return ""


def suggestion(entry: Entry) -> str:
    """The same, with what would be better for it than to be a user; empty where nothing says so."""
    found = finding(entry)
    return f"{found} As a functional account it has mail and no sign-in." if found else ""


def why_not_imported(entry: Entry) -> str:
    """Why somebody who is new and may not sign in is no newcomer, and what it probably is."""
    if found := finding(entry):
        return found
    blocked = "Sign-in is blocked in the directory"
    if entry.purpose in SOMEBODYS:
        return f"{blocked}, and Microsoft 365 says that the mailbox is a person's: more likely somebody who left."
    if entry.licensed:
        return f"{blocked}, and there is a licence: more likely somebody who left than a shared mailbox."
    return f"{blocked}, as it is for most shared mailboxes."


def with_suggestion(change: Change, entry: Entry) -> Change:
    """The same change with a note, and the offer to convert, where a user's mailbox seems to be nobody's own."""
    note, account = suggestion(entry), change.account
    is_of_user = change.kind == "user" and change.section in (ADDING, UPDATING, DISABLING)
    if not (note and is_of_user) or (account is not None and account.last_admin):
        return change
    offer = OFFER_FUNCTIONAL if account is None else OFFER_CONVERT
    return replace(change, notes=(*change.notes, note), offer=change.offer or offer)
