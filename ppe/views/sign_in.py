"""/sign-in, sign-out, and the simple page of those who are no administrators."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from ppe.clock import utcnow
from ppe.errors import Refused
from ppe.models import ADMIN, Address
from ppe.signin import local, sessions
from ppe.views.access import allowed_next, elsewhere

bp = Blueprint("sign_in", __name__)


@bp.get("/sign-in")
def page() -> ResponseReturnValue:
    """The form; whoever is signed in already goes where they belong."""
    if current_user.is_authenticated:
        return _inside(request.args.get("next", ""))
    return _form()


@bp.post("/sign-in")
def sign_in() -> ResponseReturnValue:
    """Address and password. Every wrong pair gets the same sentence, after the same time."""
    address, password = request.form.get("address", "").strip(), request.form.get("password", "")
    if not (address and password):
        return _form("Type your address and your password."), 422
    now, remote_address = utcnow(), request.remote_addr or ""
    try:
        account = local.account_with(address, password, remote_address, now)
    except Refused as refused:
        return _form(refused.sentence), 422
    sessions.begin(account, remote_address, now)
    return _inside(request.form.get("next", ""))


@bp.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    """End the session here and now; a copy of its cookie is worth nothing afterwards."""
    sessions.end()
    return redirect(url_for(".page"), 303)


@bp.get("/account")
def account() -> ResponseReturnValue:
    """What somebody may see who is no administrator: their own account."""
    if not current_user.is_authenticated:
        return elsewhere(url_for(".page"))
    addresses = Address.select().where(Address.account == current_user.id)
    ordered = addresses.order_by(Address.is_primary.desc(), Address.address)
    return render_template("sign_in/account.html", addresses=list(ordered))


def _inside(wanted: str) -> ResponseReturnValue:
    """Where somebody lands after sign-in."""
    if current_user.type != ADMIN:
        return redirect(url_for(".account"), 303)
    return redirect(allowed_next(wanted), 303)


def _form(wrong: str = "") -> str:
    typed = {"address": request.form.get("address", ""), "next": request.values.get("next", "")}
    return render_template("sign_in/page.html", typed=typed, wrong=wrong)
