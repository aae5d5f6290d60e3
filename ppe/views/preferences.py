"""/account, **My preferences**: what people see and change of their own account, whatever their role."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from ppe import preferences, tasks
from ppe.clock import utcnow
from ppe.errors import Refused
from ppe.models import Address
from ppe.signin import new_password, policy, second_factor, sessions, trusted_browsers, ways
from ppe.signin.contacts import primary_of
from ppe.sms import masked
from ppe.sync import connection as connections
from ppe.views.access import current_organization, signed_in_required, visitor

bp = Blueprint("preferences", __name__, url_prefix="/account")


@bp.get("")
@signed_in_required
def page() -> ResponseReturnValue:
    """Everything about oneself on one page."""
    return _page()


@bp.post("/profile")
@signed_in_required
def save() -> ResponseReturnValue:
    """The name, where no directory says it, and what is mailed."""
    name = request.form.get("name", "").strip()
    try:
        kept = preferences.save(
            current_user, name, "receives_digest" in request.form, visitor().remote_address, utcnow()
        )
    except Refused as refused:
        return _page({refused.field or "profile": refused.sentence}), 422
    flash("Your profile is saved." if kept else "Nothing was changed: your profile says that already.", "success")
    return redirect(url_for(".page"), 303)


@bp.post("/password")
@signed_in_required
def change_password() -> ResponseReturnValue:
    """A new password instead of the present one; every other browser is signed out."""
    present, password = request.form.get("present", ""), request.form.get("password", "")
    if password != request.form.get("password_again", ""):
        return _page({"password_again": "The two passwords differ. Type both again."}), 422
    try:
        new_password.change(current_user, present, password, current_user.sign_in_session.id, visitor(), utcnow())
    except Refused as refused:
        return _page({refused.field or "password_form": refused.sentence}), 422
    tasks.post()
    flash("Your password is changed. Every other browser has been signed out.", "success")
    return redirect(url_for(".page"), 303)


@bp.post("/password-link")
@signed_in_required
def mail_link() -> ResponseReturnValue:
    """Have a link mailed to choose a password, for whoever has none."""
    address = primary_of(current_user.id)
    try:
        new_password.ask_for_link(address, visitor(), utcnow())
    except Refused as refused:
        return _page({"password_form": refused.sentence}), 422
    tasks.post()
    flash(f"A mail with a link is on its way to {address}. The link is good for an hour.", "success")
    return redirect(url_for(".page"), 303)


def _page(wrong: dict[str, str] | None = None) -> str:
    now, organization = utcnow(), current_organization()
    connection = connections.of(organization.id)
    factors = second_factor.of(current_user, now)
    owned = Address.select().where(Address.account == current_user.id)
    return render_template(
        "preferences/page.html",
        account=current_user,
        addresses=list(owned.order_by(Address.is_primary.desc(), Address.address)),
        factors=factors,
        number=masked(factors.number) if factors.number else None,
        asked=policy.words_for(current_user.type, policy.of(organization, connection), factors.authenticator),
        microsoft_offered=ways.offered(connection),
        sessions=sessions.of(current_user.id, now),
        browsers=trusted_browsers.of(current_user.id, now),
        typed_name=request.form.get("name", current_user.display_name),
        wrong=wrong or {},
    )
