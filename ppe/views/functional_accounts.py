"""Functional accounts: mail addresses without a sign-in, with whoever is in them."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from ppe import conversion, listings
from ppe.clock import utcnow
from ppe.models import FUNCTIONAL
from ppe.views import account_page, members
from ppe.views.access import admin_required, current_organization
from ppe.views.account_filter import CHOICES, MAIL_KINDS, asked, kind_choices, position, words_of

bp = Blueprint("functional_accounts", __name__, url_prefix="/functional-accounts")


@bp.get("")
@admin_required
def page() -> ResponseReturnValue:
    """The organisation's functional accounts by name, filtered."""
    wanted = asked()
    found = listings.accounts(current_organization().id, [FUNCTIONAL], wanted, utcnow().date(), position())
    return render_template(
        "functional_accounts/page.html",
        page=found, wanted=wanted, query=words_of(wanted), choices={"kind": kind_choices(MAIL_KINDS)} | CHOICES,
    )  # fmt: skip


@bp.get("/<int:account_id>")
@admin_required
def one(account_id: int) -> ResponseReturnValue:
    """Everything about one functional account, with a page of its members."""
    row = listings.one(current_organization().id, [FUNCTIONAL], account_id)
    can_convert_back = not (row.account.removed_at or conversion.obstacle(row.account))
    return render_template(
        "functional_accounts/one.html",
        **account_page.gather(row), **members.gather(row), can_convert_back=can_convert_back,
    )  # fmt: skip
