"""/set-up: the organisation and its first administrator, once."""

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ppe import setup
from ppe.clock import utcnow
from ppe.errors import Refused
from ppe.signin import limits

bp = Blueprint("setup", __name__, url_prefix="/set-up")


FOR_MACHINES = ("health", "metrics")


def first_of_all() -> ResponseReturnValue | None:
    """Before set-up is done there is no other page for people."""
    endpoint = request.endpoint or ""
    if endpoint.endswith("static") or request.blueprint in (bp.name, *FOR_MACHINES) or not setup.is_open():
        return None
    return redirect(url_for("setup.page"), 303)


@bp.get("")
def page() -> ResponseReturnValue:
    """The form; a page like any other that does not exist once set-up is done."""
    if not setup.is_open():
        abort(404)
    return render_template("setup/page.html", typed={}, wrong={})


@bp.post("")
def complete() -> ResponseReturnValue:
    """Create what was typed, and close this page for good."""
    if not setup.is_open():
        abort(404)
    typed = {name: request.form.get(name, "").strip() for name in ("token", "organization_name", "name", "address")}
    password = request.form.get("password", "")
    beginning = setup.Beginning(typed["organization_name"], typed["name"], typed["address"], password)
    if wrong := _problems(beginning, typed["token"]):
        return render_template("setup/page.html", typed=typed, wrong=wrong), 422
    try:
        setup.complete(beginning, utcnow(), remote_address=request.remote_addr or "")
    except Refused as refused:
        flash(refused.sentence, "warning")
    else:
        flash("Set-up is complete. Sign in with the address and the password you have just chosen.", "success")
    return redirect(url_for("sign_in.page"), 303)


def _problems(beginning: setup.Beginning, token: str) -> dict[str, str]:
    """A sentence for each wrong field. Whoever does not have the token learns about the token alone."""
    now, remote_address = utcnow(), request.remote_addr or ""
    try:
        doors = limits.password_doors("set-up", remote_address)
        limits.count(doors, now)
        setup.require_token(token, now)
    except Refused as refused:
        return {refused.field or "token": refused.sentence}
    limits.forgive(doors)
    wrong = setup.problems(beginning)
    if beginning.password != request.form.get("password_again", ""):
        wrong.setdefault("password_again", "The two passwords differ. Type both again.")
    return wrong
