"""What is made and changed by hand: people and functional accounts, each with pages of its own and the same life.

Their pages share the views of account_form and account_deeds. By which blueprint a request came says whom it is about.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from flask import flash, request

from ppe import exemptions
from ppe.lists import listings
from ppe.lists.listings import Row
from ppe.models import FUNCTIONAL, PERSON_TYPES, Exemption
from ppe.people import details, functional_details
from ppe.people.by_hand import Seen
from ppe.people.details import Details
from ppe.views.access import current_day, current_organization


@dataclass(frozen=True, slots=True)
class Family:
    """What is particular to one of the two: its types, the template of its form, and how that is read and checked."""

    types: tuple[str, ...]
    form: str
    blank: Details
    typed: Callable[[Mapping[str, str], Details], Details]
    problems: Callable[[int, Details, Details | None, int], dict[str, str]]


FAMILIES = {
    "users": Family(
        PERSON_TYPES, "users/form.html", Details(), lambda form, _: details.typed(form), details.problems
    ),
    "functional_accounts": Family(
        (FUNCTIONAL,), "functional_accounts/form.html", functional_details.BLANK, functional_details.typed,
        functional_details.problems,
    ),
}  # fmt: skip


def family() -> Family:
    """The one that the request is about."""
    return FAMILIES[request.blueprint or ""]


def row_of(account_id: int, types: Sequence[str] | None = None) -> Row:
    """One account of the signed-in account's own organisation, of the family or of these types; others do not exist."""
    return listings.one(current_organization().id, types or family().types, account_id)


def seen() -> Seen:
    """The account at the version that the page showed."""
    version = request.form.get("version", "")
    good = version.isascii() and version.isdigit() and len(version) < 10
    return Seen((request.view_args or {})["account_id"], int(version) if good else 0)


def exemption_of(row: Row) -> Exemption | None:
    """What keeps the sync away from the account today."""
    return exemptions.covering(row.account, row.primary, current_day())


def wants_exemption(row: Row) -> bool:
    """Whether the form asks for an exemption. One that holds already stays as it is, and whoever asks is told so."""
    asked = "exempt" in request.form and row.account.is_synced
    is_exempt = asked and exemption_of(row) is not None
    if is_exempt:
        flash(exemptions.ALREADY, "info")
    return asked and not is_exempt
