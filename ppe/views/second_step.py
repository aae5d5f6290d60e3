"""/sign-in/code: the second factor of somebody who is half signed in, or the set-up of their first."""

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ppe import tasks
from ppe.clock import utcnow
from ppe.errors import DeliveryFailed, Refused
from ppe.models import HalfSignIn
from ppe.signin import authenticator, contacts, enrolment, entrance, half, second_factor, trusted_browsers
from ppe.sms import masked
from ppe.views.access import allowed_next, current_settings, visitor
from ppe.views.sign_in import inside
from ppe.views.trust_cookie import remember

bp = Blueprint("second_step", __name__, url_prefix="/sign-in/code")


@bp.get("")
def page() -> ResponseReturnValue:
    """What can be shown, and the field for it."""
    waiting = half.current(utcnow())
    if waiting is None:
        return _begin_anew()
    if second_factor.of(waiting.account, utcnow()).may_begin and "issued" not in request.args:
        return redirect(url_for(".set_up"), 303)
    return _form(waiting)


@bp.post("")
def show_code() -> ResponseReturnValue:
    """A code of any kind: from the app, a text message, a recovery code, or one that an administrator had mailed."""
    now = utcnow()
    waiting = half.current(now)
    if waiting is None:
        return _begin_anew()
    typed = request.form.get("code", "").strip()
    if not typed:
        return _form(waiting, "Type a code."), 422
    try:
        factor = second_factor.verify(waiting.account, typed, visitor(), now)
    except Refused as refused:
        tasks.post()
        return _form(waiting, refused.sentence), 422
    if not entrance.after_second_step(waiting, factor, visitor(), now):
        return _begin_anew()
    return _inside(waiting)


@bp.post("/text")
def send_text() -> ResponseReturnValue:
    """Send a code to the mobile number."""
    now = utcnow()
    waiting = half.current(now)
    if waiting is None:
        return _begin_anew()
    try:
        number = second_factor.send_text(waiting.account, visitor(), now)
    except (Refused, DeliveryFailed) as failed:
        return _form(waiting, failed.sentence), 422
    flash(f"A code is on its way to {number}. It is good for ten minutes.", "success")
    return redirect(url_for(".page"), 303)


@bp.get("/set-up")
def set_up() -> ResponseReturnValue:
    """The first authenticator app of somebody who never had any second factor."""
    waiting = half.current(utcnow())
    if waiting is None:
        return _begin_anew()
    return _set_up_form(waiting)


@bp.post("/set-up")
def complete_set_up() -> ResponseReturnValue:
    """The app's first code: it is in use from now on, and the recovery codes are shown once."""
    now = utcnow()
    waiting = half.current(now)
    if waiting is None:
        return _begin_anew()
    if not second_factor.of(waiting.account, now).may_begin:
        return redirect(url_for(".page"), 303)
    try:
        codes = enrolment.complete(waiting.account, request.form.get("code", ""), visitor(), now)
    except Refused as refused:
        return _set_up_form(waiting, refused.sentence)
    tasks.post()
    if not entrance.after_second_step(waiting, second_factor.AUTHENTICATOR, visitor(), now):
        return _begin_anew()
    return render_template("sign_in/recovery_codes.html", codes=codes, onward=allowed_next(waiting.wanted))


def _inside(waiting: HalfSignIn) -> ResponseReturnValue:
    tasks.post()
    response: Response = make_response(inside(waiting.wanted))
    if "trust" in request.form:
        remember(response, trusted_browsers.trust(waiting.account_id, visitor(), utcnow()))
    return response


def _form(waiting: HalfSignIn, wrong: str = "") -> str:
    factors = second_factor.of(waiting.account, utcnow())
    return render_template(
        "sign_in/code.html",
        factors=factors,
        number=masked(factors.number) if factors.number else None,
        whom_to_ask=contacts.to_ask(waiting.account),
        wrong=wrong,
    )


def _set_up_form(waiting: HalfSignIn, wrong: str = "") -> ResponseReturnValue:
    now = utcnow()
    if not second_factor.of(waiting.account, now).may_begin:
        return redirect(url_for(".page"), 303)
    secret = authenticator.propose(waiting.account_id, now)
    address = authenticator.address_of(
        secret, waiting.account.display_name, f"{current_settings().console_name} {waiting.account.organization.name}"
    )
    shown = render_template(
        "sign_in/set_up_code.html", secret=secret, picture=authenticator.picture_of(address), wrong=wrong
    )
    return (shown, 422) if wrong else shown


def _begin_anew() -> ResponseReturnValue:
    flash("That took too long, or was finished before. Sign in again.", "warning")
    return redirect(url_for("sign_in.page"), 303)
