"""A person becomes a functional account, a functional account a person: asked first, then done."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from ppe.clock import utcnow
from ppe.errors import Refused
from ppe.lists.listings import Row
from ppe.models import END_USER, FUNCTIONAL, PERSON_TYPES
from ppe.people import conversion
from ppe.people.conversion import ROLES_BACK
from ppe.sync.fields import TYPE_WORDS
from ppe.views.access import admin_required
from ppe.views.by_hand import exemption_of, row_of, seen, wants_exemption

bp = Blueprint("conversion", __name__)

ROLE_CHOICES = {role: TYPE_WORDS[role] for role in ROLES_BACK}


@bp.get("/users/<int:account_id>/convert")
@admin_required
def ask(account_id: int) -> ResponseReturnValue:
    """Ask before a person becomes a functional account."""
    return render_template("conversion/to_functional.html", row=row_of(account_id, PERSON_TYPES))


@bp.post("/users/<int:account_id>/convert")
@admin_required
def convert(account_id: int) -> ResponseReturnValue:
    """**Convert to functional account**: no sign-in any more, and mail flows."""
    row = row_of(account_id, PERSON_TYPES)
    try:
        conversion.to_functional(row.account.organization_id, [seen()], current_user, utcnow())
    except Refused as refused:
        flash(refused.sentence, "danger")
        return redirect(url_for("users.one", account_id=account_id), 303)
    flash(f"{row.account.display_name} is a functional account now, and no sync changes that.", "success")
    return redirect(url_for("functional_accounts.one", account_id=account_id), 303)


@bp.get("/functional-accounts/<int:account_id>/convert-back")
@admin_required
def ask_back(account_id: int) -> ResponseReturnValue:
    """Ask before a functional account becomes a user, and say what the next sync would make of it."""
    return _back(_functional(account_id))


@bp.post("/functional-accounts/<int:account_id>/convert-back")
@admin_required
def convert_back(account_id: int) -> ResponseReturnValue:
    """**Convert back**: a user, whom the sync treats like any other."""
    row, role = _functional(account_id), request.form.get("role", "")
    exempt = wants_exemption(row)
    try:
        conversion.to_user(row.account.organization_id, [seen()], role, current_user, utcnow(), exempt=exempt)
    except Refused as refused:
        if refused.field:
            return _back(row, {refused.field: refused.sentence}), 422
        flash(refused.sentence, "danger")
        return redirect(url_for("functional_accounts.one", account_id=account_id), 303)
    flash(f"{row.account.display_name} is a user now.", "success")
    return redirect(url_for("users.one", account_id=account_id), 303)


def _functional(account_id: int) -> Row:
    return row_of(account_id, [FUNCTIONAL])


def _back(row: Row, wrong: dict[str, str] | None = None) -> str:
    return render_template(
        "conversion/to_user.html",
        row=row,
        obstacle=conversion.obstacle(row.account),
        danger=conversion.danger(row.account),
        exemption=exemption_of(row),
        roles=ROLE_CHOICES,
        role=request.form.get("role", END_USER),
        exempt="exempt" in request.form,
        wrong=wrong or {},
    )
