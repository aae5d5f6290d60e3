"""Functional accounts: mail addresses without a sign-in, with whoever is in them."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from ppe.clock import utcnow
from ppe.errors import Refused
from ppe.lists import listings
from ppe.lists.listings import Row
from ppe.models import FUNCTIONAL
from ppe.people import conversion, members_by_hand
from ppe.views import account_page, members
from ppe.views.access import admin_required, current_day, current_organization
from ppe.views.account_filter import CHOICES, MAIL_KINDS, asked, kind_choices, position, words_of

bp = Blueprint("functional_accounts", __name__, url_prefix="/functional-accounts")


@bp.get("")
@admin_required
def page() -> ResponseReturnValue:
    """The organisation's functional accounts by name, filtered."""
    wanted = asked()
    found = listings.accounts(current_organization().id, [FUNCTIONAL], wanted, current_day(), position())
    return render_template(
        "functional_accounts/page.html",
        page=found, wanted=wanted, query=words_of(wanted), choices={"kind": kind_choices(MAIL_KINDS)} | CHOICES,
    )  # fmt: skip


@bp.get("/<int:account_id>")
@admin_required
def one(account_id: int) -> ResponseReturnValue:
    """Everything about one functional account, with a page of its members."""
    return _one(account_id)


@bp.post("/<int:account_id>/members")
@admin_required
def add_member(account_id: int) -> ResponseReturnValue:
    """**Add member**: put whoever has an address into a functional account whose members are given by hand."""
    typed = request.form.get("address", "").strip()[:400]
    try:
        name = members_by_hand.give(_row(account_id).account, typed, current_user, utcnow())
    except Refused as refused:
        if refused.field:
            return _one(account_id, typed, refused.sentence), 422
        flash(refused.sentence, "danger")
    else:
        flash(f"{name} is in it now.", "success")
    return redirect(url_for(".one", account_id=account_id, _anchor="members"), 303)


@bp.post("/<int:account_id>/members/remove")
@admin_required
def remove_member(account_id: int) -> ResponseReturnValue:
    """**Take out** on the row of a member."""
    row, member_id = _row(account_id), request.form.get("member", "")
    try:
        if member_id.isascii() and member_id.isdigit() and len(member_id) <= 18:
            members_by_hand.take(row.account, int(member_id), current_user, utcnow())
    except Refused as refused:
        flash(refused.sentence, "danger")
    return redirect(url_for(".one", account_id=account_id, _anchor="members"), 303)


def _row(account_id: int) -> Row:
    return listings.one(current_organization().id, [FUNCTIONAL], account_id)


def _one(account_id: int, typed: str = "", wrong: str = "") -> str:
    row = _row(account_id)
    return render_template(
        "functional_accounts/one.html",
        **account_page.gather(row),
        **members.gather(row),
        can_convert_back=not (row.account.removed_at or conversion.obstacle(row.account)),
        typed=typed,
        wrong=wrong,
    )
