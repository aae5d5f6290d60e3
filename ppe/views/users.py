"""Users: administrators, End Users and Silent Users, with their addresses."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from ppe import exemptions, listings
from ppe.clock import utcnow
from ppe.models import PERSON_TYPES
from ppe.sync.fields import TYPE_WORDS
from ppe.views.access import admin_required, current_organization
from ppe.views.account_filter import SOURCE_CHOICES, STATE_CHOICES, asked, page_number

bp = Blueprint("users", __name__, url_prefix="/users")

ROLE_CHOICES = {"": "Every role"} | {role: TYPE_WORDS[role] for role in PERSON_TYPES}


@bp.get("")
@admin_required
def page() -> ResponseReturnValue:
    """The organisation's users by name, filtered."""
    wanted = asked(PERSON_TYPES)
    found = listings.accounts(current_organization().id, PERSON_TYPES, wanted, page_number())
    choices = {"role": ROLE_CHOICES, "state": STATE_CHOICES, "source": SOURCE_CHOICES}
    return render_template("users/page.html", page=found, wanted=wanted, choices=choices)


@bp.get("/<int:account_id>")
@admin_required
def one(account_id: int) -> ResponseReturnValue:
    """Everything about one user."""
    row = listings.one(current_organization().id, PERSON_TYPES, account_id)
    groups, group_count = listings.groups_of(row.account)
    exemption = exemptions.covering(row.account, row.primary, utcnow().date())
    return render_template("users/one.html", row=row, groups=groups, group_count=group_count, exemption=exemption)
