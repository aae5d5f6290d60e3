"""Who is in a group or a functional account: directly, through groups inside it, and beside those of the directory."""

from typing import Any

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from ppe.groups import directory_members, nesting
from ppe.lists import listings
from ppe.lists.listings import Row
from ppe.models import FUNCTIONAL, GROUP
from ppe.people import members_by_hand
from ppe.views.access import admin_required, current_organization
from ppe.views.account_filter import position

bp = Blueprint("members", __name__)


def gather(row: Row) -> dict[str, Any]:
    """One page of who is in it; with `?everyone=yes` also those who are in groups inside it, each once."""
    organization_id, inside = current_organization().id, nesting.within(row.account)
    is_everyone = bool(inside) and request.args.get("everyone") == "yes"
    page = (
        listings.everyone_in(organization_id, row.account, inside, position())
        if is_everyone
        else listings.members(organization_id, row.account, position())
    )
    return {
        "members": page,
        "is_everyone": is_everyone,
        "inside": len(inside),
        "is_cut": len(inside) == nesting.MOST,
        "are_ours": members_by_hand.are_ours(row.account),
    }


@bp.get("/groups/<int:account_id>/directory-members")
@admin_required
def of_group(account_id: int) -> ResponseReturnValue:
    """The members of a group there and here."""
    return _compared(GROUP, account_id)


@bp.get("/functional-accounts/<int:account_id>/directory-members")
@admin_required
def of_functional_account(account_id: int) -> ResponseReturnValue:
    """The members of a functional account there and here."""
    return _compared(FUNCTIONAL, account_id)


def _compared(kind: str, account_id: int) -> str:
    row = listings.one(current_organization().id, [kind], account_id)
    return render_template("members/compared.html", row=row, compared=directory_members.compared(row.account))
