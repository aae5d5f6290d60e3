"""To Microsoft and back, and Microsoft's own word that somebody has signed out."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from ppe.clock import utcnow
from ppe.errors import Refused
from ppe.models import MICROSOFT, Connection
from ppe.signin import entrance, identity, microsoft, sessions, ways
from ppe.signin.microsoft import Flow, NoAnswer
from ppe.signin.sessions import FirstStep
from ppe.views.access import current_settings, visitor
from ppe.views.sign_in import go_on
from ppe.views.trust_cookie import trusted_token

bp = Blueprint("microsoft", __name__, url_prefix="/sign-in/microsoft")


@bp.get("")
def begin() -> ResponseReturnValue:
    """A page that goes on to Microsoft by itself.

    No redirect: it would still belong to the form it came from, which our Content-Security-Policy lets go nowhere else.
    """
    address, wanted = request.args.get("email", ""), request.args.get("next", "")
    if request.host_url.rstrip("/") != current_settings().public_url and "here" not in request.args:
        return redirect(_at_the_public_address(address, wanted), 303)
    connection = ways.connection_for(address) if address else ways.only_connection()
    way = ways.of_connection(connection, current_settings(), utcnow())
    if connection is None or not way.is_microsoft:
        return _to_local_form(address, wanted)
    try:
        there = microsoft.begin(connection, current_settings(), Flow(connection.id, address, wanted))
    except NoAnswer:
        return _to_local_form(address, wanted)
    return render_template("sign_in/to_microsoft.html", there=there, address=address, wanted=wanted)


@bp.get("/callback")
def callback() -> ResponseReturnValue:
    """Back from Microsoft: signed in, half signed in, or a sentence that says why not."""
    if "admin_consent" in request.args or request.args.get("error") == "permission_denied":
        return render_template("sign_in/consent.html", is_granted="admin_consent" in request.args)
    try:
        flow = microsoft.flow_of(request.args.get("state", ""))
    except Refused as refused:
        return _refused(refused.sentence)
    try:
        connection = _connection(flow)
        who = microsoft.identity(connection, current_settings())
        return _bound(who, connection, flow) if flow.binds else _signed_in(who, connection, flow)
    except NoAnswer as away:
        flash(away.sentence, "warning")
        return _to_local_form(flow.address, flow.wanted)
    except Refused as refused:
        return _refused(refused.sentence, flow)


@bp.get("/signed-out")
def signed_out_there() -> ResponseReturnValue:
    """Front-channel logout: Microsoft's page asks for this in a frame, with the id of the session that has ended.

    Our cookie does not come along into a frame of another site, so the id is all that counts.
    """
    if sid := request.args.get("sid", ""):
        sessions.end_from_afar(sid)
    return "", 200


def _signed_in(who: identity.Identity, connection: Connection, flow: Flow) -> ResponseReturnValue:
    now = utcnow()
    account = identity.account_of(who, connection.organization_id, connection.id, visitor(), now)
    step = FirstStep(MICROSOFT, microsoft_sid=who.sid)
    return go_on(entrance.after_first_step(account, step, flow.wanted, trusted_token(), visitor(), now), flow.wanted)


def _bound(who: identity.Identity, connection: Connection, flow: Flow) -> ResponseReturnValue:
    if not current_user.is_authenticated or current_user.id != flow.binds:
        raise Refused("You were signed out meanwhile, so nothing was connected. Sign in and begin again.")
    identity.bind(who, current_user, connection.id, visitor(), utcnow())
    flash(
        f"Your Microsoft account {who.user_principal_name} is connected: you can sign in with it from now on.",
        "success",
    )
    return redirect(url_for("preferences.page"), 303)


def _connection(flow: Flow) -> Connection:
    connection: Connection | None = Connection.get_or_none(Connection.id == flow.connection_id)
    if connection is None or not ways.offered(connection):
        raise Refused("Signing in with Microsoft was switched off meanwhile. Sign in with your local password.")
    return connection


def _at_the_public_address(address: str, wanted: str) -> str:
    """Microsoft leads back to the public address alone, where a cookie of another name for this host is not sent.

    `here` ends it after one step, should a proxy in front hide the public name from us.
    """
    path = url_for(".begin", email=address or None, next=wanted or None, here=1)
    return current_settings().public_url + path


def _to_local_form(address: str, wanted: str) -> ResponseReturnValue:
    return redirect(url_for("sign_in.page", main=1, email=address or None, next=wanted or None), 303)


def _refused(sentence: str, flow: Flow | None = None) -> ResponseReturnValue:
    return render_template("sign_in/refused.html", sentence=sentence, flow=flow), 403
