"""What a mass update would do with one account, or why it leaves it alone. Pure."""

from dataclasses import dataclass
from typing import Any

from ppe.mass_update.choices import ACTIVE, END, EVERYBODY, EXEMPT, NEW, NOT_ACTIVE, ON, Choices
from ppe.models import ADMIN, END_USER, FUNCTIONAL, SIGN_IN_TYPES

Fields = dict[str, Any]

REMOVED = "It is removed."
ADMINISTRATOR = "The role of an administrator is changed by hand alone, on the page of the person."
YOURSELF = "You can't deactivate yourself. Another administrator can."
NOTHING_TO_EXEMPT = "It has no address, and nothing in the directory stands behind it: there is nothing to exempt."
STANDS_SO = "It stands so already."
NO_WELCOME = "It stands so already, and no welcome mail is meant for it."


@dataclass(frozen=True, slots=True)
class Looked:
    """An account as it was looked at. `exemption` is None, or its reason and last day."""

    account_id: int
    version: int
    type: str
    active: bool
    receives_digest: bool
    is_removed: bool
    has_password: bool
    is_synced: bool
    primary: str
    exemption: Fields | None


@dataclass(frozen=True, slots=True)
class Decision:
    """The fields that change, before and after; without any, the reason."""

    before: Fields
    after: Fields
    reason: str = ""


def decide(wanted: Choices, account: Looked, by_id: int | None) -> Decision:
    """What would become of the account. It gets everything that is wanted, or is left out."""
    if reason := _obstacle(wanted, account, by_id):
        return Decision({}, {}, reason)
    before: Fields = {
        "type": account.type,
        "receives_digest": account.receives_digest,
        "active": account.active,
        "exemption": account.exemption,
        "welcome_mail": False,
    }
    after = before | _fields(wanted)
    after["welcome_mail"] = _is_welcome(wanted, account, after)
    changed = [name for name in before if before[name] != after[name]]
    if not changed:
        return Decision({}, {}, NO_WELCOME if wanted.welcome else STANDS_SO)
    return Decision({name: before[name] for name in changed}, {name: after[name] for name in changed})


def _obstacle(wanted: Choices, account: Looked, by_id: int | None) -> str:
    if account.is_removed:
        return REMOVED
    if wanted.role and account.type == ADMIN:
        return ADMINISTRATOR
    if wanted.state == NOT_ACTIVE and account.active and account.account_id == by_id:
        return YOURSELF
    if wanted.exemption == EXEMPT and not account.primary and not account.is_synced:
        return NOTHING_TO_EXEMPT
    return ""


def _fields(wanted: Choices) -> Fields:
    fields: Fields = {}
    if wanted.role:
        fields["type"] = wanted.role
        if wanted.role == FUNCTIONAL:
            fields["active"] = True  # converting lets mail flow, even if it did not before
    if wanted.digest:
        fields["receives_digest"] = wanted.digest == ON
    if wanted.state:
        fields["active"] = wanted.state == ACTIVE
    if wanted.exemption == EXEMPT:
        fields["exemption"] = {"reason": wanted.reason, "last_day": wanted.last_day or None}
    if wanted.exemption == END:
        fields["exemption"] = None
    return fields


def _is_welcome(wanted: Choices, account: Looked, after: Fields) -> bool:
    """It holds a link to choose a password: of no use to whoever will not be able to sign in."""
    if not account.primary or not after["active"] or after["type"] not in SIGN_IN_TYPES:
        return False
    if wanted.welcome == NEW:
        return not account.has_password
    return wanted.welcome == EVERYBODY and after["type"] == END_USER
