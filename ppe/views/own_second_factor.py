"""/account/second-factor: people set up, change and give up their own second factor."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from ppe import tasks
from ppe.clock import utcnow
from ppe.errors import Refused
from ppe.signin import authenticator, enrolment, policy, second_factor
from ppe.views.access import current_organization, signed_in_required, visitor
from ppe.views.confirm import confirmed

bp = Blueprint("own_second_factor", __name__, url_prefix="/account/second-factor")

NO_APP = "You have no authenticator app, so there is nothing to change. Set one up first."


@bp.get("")
@signed_in_required
@confirmed("own_second_factor.app")
def app() -> ResponseReturnValue:
    """The picture to scan, and the field for the first code; the app before it stays good until then."""
    return _app_form()


@bp.post("")
@signed_in_required
@confirmed("own_second_factor.app")
def complete() -> ResponseReturnValue:
    """The app's first code: it is in use from now on, and new recovery codes are shown once."""
    try:
        codes = enrolment.complete(current_user, request.form.get("code", ""), visitor(), utcnow())
    except Refused as refused:
        return _app_form(refused.sentence), 422
    tasks.post()
    return render_template("preferences/recovery_codes.html", codes=codes, is_new_app=True)


@bp.get("/remove")
@signed_in_required
@confirmed("own_second_factor.removal")
def removal() -> ResponseReturnValue:
    """Ask before the app is removed, and say what stands in the way."""
    if not authenticator.is_set_up(current_user.id):
        return _nothing_there()
    return render_template("preferences/remove_app.html", hindrance=_hindrance())


@bp.post("/remove")
@signed_in_required
@confirmed("own_second_factor.removal")
def remove() -> ResponseReturnValue:
    """Give the app up; a second click finds none."""
    if not authenticator.is_set_up(current_user.id):
        return _nothing_there()
    if hindrance := _hindrance():
        return render_template("preferences/remove_app.html", hindrance=hindrance), 422
    enrolment.remove(current_user, visitor(), utcnow())
    tasks.post()
    flash("Your authenticator app is removed, and the recovery codes with it.", "success")
    return redirect(url_for("preferences.page"), 303)


@bp.get("/recovery-codes")
@signed_in_required
@confirmed("own_second_factor.renewal")
def renewal() -> ResponseReturnValue:
    """Ask before the codes that somebody may have in a drawer become void."""
    if not authenticator.is_set_up(current_user.id):
        return _nothing_there()
    left = second_factor.of(current_user, utcnow()).recovery_codes
    return render_template("preferences/renew_recovery_codes.html", left=left)


@bp.post("/recovery-codes")
@signed_in_required
@confirmed("own_second_factor.renewal")
def renew() -> ResponseReturnValue:
    """New recovery codes, shown once."""
    if not authenticator.is_set_up(current_user.id):
        return _nothing_there()
    codes = enrolment.renew_recovery_codes(current_user, visitor(), utcnow())
    tasks.post()
    return render_template("preferences/recovery_codes.html", codes=codes, is_new_app=False)


def _app_form(wrong: str = "") -> str:
    secret = authenticator.propose(current_user.id, utcnow())
    address = authenticator.address_of(secret, current_user.display_name, f"PPE {current_organization().name}")
    return render_template(
        "preferences/app.html",
        secret=secret,
        picture=authenticator.picture_of(address),
        has_app=authenticator.is_set_up(current_user.id),
        wrong=wrong,
    )


def _hindrance() -> str:
    """Why the app can't be removed; empty when it can."""
    try:
        policy.require_other_factor(current_user, second_factor.of(current_user, utcnow()).number)
    except Refused as refused:
        return refused.sentence
    return ""


def _nothing_there() -> ResponseReturnValue:
    flash(NO_APP, "info")
    return redirect(url_for("preferences.page"), 303)
