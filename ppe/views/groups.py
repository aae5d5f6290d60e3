"""Groups: sets of accounts without a mail address of their own."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from ppe.lists import listings
from ppe.models import GROUP
from ppe.sync.entry import GROUP_KINDS
from ppe.views import account_page, members
from ppe.views.access import admin_required, current_day, current_organization
from ppe.views.account_filter import CHOICES, asked, kind_choices, position, words_of

bp = Blueprint("groups", __name__, url_prefix="/groups")


@bp.get("")
@admin_required
def page() -> ResponseReturnValue:
    """The organisation's groups by name, filtered."""
    wanted = asked()
    choices = {"kind": kind_choices(GROUP_KINDS)} | CHOICES
    del choices["sort"]  # a group has no address
    found = listings.accounts(current_organization().id, [GROUP], wanted, current_day(), position())
    return render_template("groups/page.html", page=found, wanted=wanted, query=words_of(wanted), choices=choices)


@bp.get("/<int:account_id>")
@admin_required
def one(account_id: int) -> ResponseReturnValue:
    """Everything about one group, with a page of its members."""
    row = listings.one(current_organization().id, [GROUP], account_id)
    return render_template("groups/one.html", **account_page.gather(row), **members.gather(row))
