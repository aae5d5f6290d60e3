"""/account/confirm: before somebody changes how they sign in, they show once more that it is them."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from ppe import tasks
from ppe.clock import utcnow
from ppe.errors import DeliveryFailed, Refused
from ppe.signin import confirmation, second_factor
from ppe.sms import masked
from ppe.views.access import View, elsewhere, signed_in_required, visitor

bp = Blueprint("confirm", __name__, url_prefix="/account/confirm")

THEN = {  # where it may lead to, and what that page is for
    "own_second_factor.app": "set up an authenticator app",
    "own_second_factor.removal": "remove your authenticator app",
    "own_second_factor.renewal": "make new recovery codes",
    "own_microsoft.page": "connect your Microsoft account",
    "authentication.page": "change how everybody signs in",
}


def confirmed(then: str) -> Callable[[View], View]:
    """Let on only a browser that was confirmed within the last ten minutes; others do that first, then go to `then`."""

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> ResponseReturnValue:
            if confirmation.is_needed(current_user.sign_in_session, utcnow()):
                return elsewhere(url_for("confirm.page", then=then))
            return view(*args, **kwargs)

        return guarded

    return guard


@bp.get("")
@signed_in_required
def page() -> ResponseReturnValue:
    """What has to be shown; nothing, if that was done just now."""
    if not confirmation.is_needed(current_user.sign_in_session, utcnow()):
        return _onward()
    return _form()


@bp.post("")
@signed_in_required
def give() -> ResponseReturnValue:
    """A code of any kind, or the password."""
    now = utcnow()
    typed = request.form.get(confirmation.asked_for(current_user, now), "")
    try:
        confirmation.give(current_user, current_user.sign_in_session, typed, visitor(), now)
    except Refused as refused:
        tasks.post()
        return _form(refused.sentence), 422
    return _onward()


@bp.post("/text")
@signed_in_required
def send_text() -> ResponseReturnValue:
    """Send a code to the mobile number."""
    try:
        number = second_factor.send_text(current_user, visitor(), utcnow())
    except (Refused, DeliveryFailed) as failed:
        return _form(failed.sentence), 422
    flash(f"A code is on its way to {number}. It is good for ten minutes.", "success")
    return redirect(url_for(".page", then=_then()), 303)


def _form(wrong: str = "") -> str:
    now = utcnow()
    factors = second_factor.of(current_user, now)
    return render_template(
        "preferences/confirm.html",
        asked_for=confirmation.asked_for(current_user, now),
        number=masked(factors.number) if factors.number else None,
        factors=factors,
        then=_then(),
        purpose=THEN.get(_then(), "change how you sign in"),
        wrong=wrong,
    )


def _then() -> str:
    """The endpoint to go on to: one of the list, else My preferences."""
    wanted = request.values.get("then", "")
    return wanted if wanted in THEN else "preferences.page"


def _onward() -> ResponseReturnValue:
    return redirect(url_for(_then()), 303)
