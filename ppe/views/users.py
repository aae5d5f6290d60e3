"""Users: administrators, End Users and Silent Users, with their addresses."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from ppe import tasks
from ppe.clock import utcnow
from ppe.errors import Refused
from ppe.lists import listings
from ppe.models import PERSON_TYPES
from ppe.people import person
from ppe.signin import issued_codes, second_factor, sessions
from ppe.sms import masked
from ppe.sync.fields import TYPE_WORDS
from ppe.views import account_page
from ppe.views.access import admin_required, current_day, current_organization, visitor
from ppe.views.account_filter import CHOICES, asked, position, words_of

bp = Blueprint("users", __name__, url_prefix="/users")

ROLE_CHOICES = {"": "Every role"} | {role: TYPE_WORDS[role] for role in PERSON_TYPES}


@bp.get("")
@admin_required
def page() -> ResponseReturnValue:
    """The organisation's users by name, filtered."""
    wanted = asked(PERSON_TYPES)
    found = listings.accounts(current_organization().id, PERSON_TYPES, wanted, current_day(), position())
    return render_template(
        "users/page.html", page=found, wanted=wanted, query=words_of(wanted), choices={"role": ROLE_CHOICES, **CHOICES}
    )


@bp.get("/<int:account_id>")
@admin_required
def one(account_id: int) -> ResponseReturnValue:
    """Everything about one user."""
    now = utcnow()
    row = listings.one(current_organization().id, PERSON_TYPES, account_id)
    factors = second_factor.of(row.account, now)
    return render_template(
        "users/one.html",
        **account_page.gather(row),
        suggestion=person.suggestion(row.account),
        factors=factors,
        number=masked(factors.number) if factors.number else None,
        last_session=next(iter(sessions.of(account_id, now)), None),
        may_get_code=bool(row.primary) and issued_codes.may_get(row.account, current_user),
    )


@bp.post("/<int:account_id>/one-time-code")
@admin_required
def mail_one_time_code(account_id: int) -> ResponseReturnValue:
    """Have a code mailed to somebody who has no other second factor at hand."""
    try:
        address = issued_codes.ask_for(account_id, current_user, visitor(), utcnow())
    except Refused as refused:
        flash(refused.sentence, "danger")
    else:
        tasks.post()
        flash(f"A one-time code is on its way to {address}. It is good for an hour, once.", "success")
    return redirect(url_for(".one", account_id=account_id, _anchor="sign-in"), 303)
