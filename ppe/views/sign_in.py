"""/sign-in: the address first, then the way that fits it; and signing out."""

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from ppe import tasks
from ppe.clock import utcnow
from ppe.errors import Refused
from ppe.models import MICROSOFT, PASSWORD, Connection
from ppe.signin import entrance, half, local, microsoft, sessions, ways
from ppe.signin.sessions import FirstStep
from ppe.views.access import allowed_next, current_settings, visitor
from ppe.views.trust_cookie import trusted_token

bp = Blueprint("sign_in", __name__)
LEFT = "left_microsoft"  # the connection of somebody who has just signed out and is still known to Microsoft


@bp.get("/sign-in")
def page() -> ResponseReturnValue:
    """The address form, or with `main=1` the local form; whoever is signed in already goes where they belong."""
    if current_user.is_authenticated:
        return inside(request.args.get("next", ""))
    if request.args.get("main") == "1":
        return local_form(request.args.get("email", ""))
    return _address_form()


@bp.get("/app/login.php")
def as_in_the_original() -> ResponseReturnValue:
    """The original product's address of the sign-in page, which people have in their bookmarks."""
    asked = request.args.get
    return redirect(url_for(".page", main=asked("main"), email=asked("email"), next=asked("next")), 303)


@bp.post("/sign-in")
def begin() -> ResponseReturnValue:
    """From the address to the way in: its domain alone decides, so known and unknown addresses go the same way."""
    half.forget()
    address, wanted = request.form.get("address", "").strip(), request.form.get("next", "")
    by_hand = request.form.get("way") == MICROSOFT
    if not address and not (by_hand and ways.only_connection()):
        return _address_form("Type your mail address."), 422
    if address and ("@" not in address or len(address) > 300):
        return _address_form("Type your whole mail address, such as ada@contoso.com."), 422
    way = ways.of_address(address, current_settings(), utcnow()) if address else ways.Way(ways.only_connection())
    if by_hand and way.connection is None:
        return _address_form("Signing in with Microsoft is not set up for this domain. Press Continue instead."), 422
    if way.is_microsoft:
        return redirect(url_for("microsoft.begin", email=address or None, next=wanted or None), 303)
    return redirect(url_for(".page", main=1, email=address or None, next=wanted or None), 303)


@bp.post("/sign-in/password")
def with_password() -> ResponseReturnValue:
    """Address and password. Every wrong pair gets the same sentence, after the same time."""
    address, password = request.form.get("address", "").strip(), request.form.get("password", "")
    wanted, now = request.form.get("next", ""), utcnow()
    if not (address and password):
        return local_form(address, "Type your address and your password."), 422
    try:
        account = local.account_with(address, password, visitor(), now)
    except Refused as refused:
        return local_form(address, refused.sentence), 422
    step = FirstStep(PASSWORD, fallback=ways.connection_for(address) is not None)
    return go_on(entrance.after_first_step(account, step, wanted, trusted_token(), visitor(), now), wanted)


@bp.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    """End the session here and now; a copy of its cookie is worth nothing afterwards."""
    left = _connection_of_microsoft_session()
    sessions.end()
    if left is not None:
        session[LEFT] = left
    return redirect(url_for(".page"), 303)


def go_on(is_signed_in: bool, wanted: str) -> ResponseReturnValue:
    """After a first step: inside, or to the code."""
    if not is_signed_in:
        return redirect(url_for("second_step.page"), 303)
    tasks.post()
    return inside(wanted)


def inside(wanted: str) -> ResponseReturnValue:
    """Where somebody lands after sign-in."""
    return redirect(allowed_next(wanted), 303)


def local_form(address: str, wrong: str = "") -> str:
    """The local form. Where Microsoft is the way it says why it is shown; that, too, follows the domain alone."""
    way = ways.of_address(address, current_settings(), utcnow())
    typed = {"address": address, "next": request.values.get("next", "")}
    return render_template("sign_in/local.html", typed=typed, wrong=wrong, way=way)


def _address_form(wrong: str = "") -> str:
    typed = {
        "address": request.values.get("address", request.args.get("email", "")),
        "next": request.values.get("next", ""),
    }
    left = session.pop(LEFT, None)
    connection = Connection.get_or_none(Connection.id == left) if left else None
    leave = microsoft.sign_out_address(connection, current_settings()) if connection else None
    any_microsoft = ways.any_offered()
    return render_template(
        "sign_in/page.html", typed=typed, wrong=wrong, leave_microsoft=leave, any_microsoft=any_microsoft
    )


def _connection_of_microsoft_session() -> int | None:
    if not current_user.is_authenticated or current_user.sign_in_session.first_step != MICROSOFT:
        return None
    connection = Connection.get_or_none(Connection.organization == current_user.organization_id)
    return connection.id if connection is not None and connection.tenant_id else None
