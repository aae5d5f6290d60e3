"""/account/microsoft: somebody with an account by hand connects their Microsoft account to it, once."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from ppe.errors import Refused
from ppe.models import Connection
from ppe.signin import microsoft, ways
from ppe.signin.contacts import primary_of
from ppe.signin.microsoft import Flow
from ppe.sync import connection as connections
from ppe.views.access import current_organization, current_settings, signed_in_required
from ppe.views.confirm import confirmed

bp = Blueprint("own_microsoft", __name__, url_prefix="/account/microsoft")


@bp.get("")
@signed_in_required
@confirmed("own_microsoft.page")
def page() -> ResponseReturnValue:
    """What connecting means, and the button for it."""
    try:
        _connection()
    except Refused as refused:
        return _back(refused.sentence)
    return render_template("preferences/connect_microsoft.html", address=primary_of(current_user.id))


@bp.post("")
@signed_in_required
@confirmed("own_microsoft.page")
def connect() -> ResponseReturnValue:
    """Go to Microsoft; whoever comes back is bound to this account."""
    address = primary_of(current_user.id)
    try:
        connection = _connection()
        there = microsoft.begin(connection, current_settings(), Flow(connection.id, address, "", binds=current_user.id))
    except Refused as refused:
        return _back(refused.sentence)
    return render_template("preferences/to_microsoft.html", there=there, address=address)


def _connection() -> Connection:
    """The organisation's connection, if there is something to connect.

    Raises:
        Refused: Microsoft sign-in is off, or the account is connected.
    """
    connection = connections.of(current_organization().id)
    if not ways.offered(connection):
        raise Refused("Your organisation does not offer signing in with Microsoft, so there is nothing to connect to.")
    if current_user.is_synced or current_user.microsoft_id:
        raise Refused("Your account is connected to a Microsoft account already.")
    return connection


def _back(sentence: str) -> ResponseReturnValue:
    flash(sentence, "warning")
    return redirect(url_for("preferences.page"), 303)
