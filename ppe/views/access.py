"""Who may see which page: every view but the way in stands behind `admin_required`."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from flask import Flask, Response, abort, current_app, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from htmx_flask import request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RoutingException

from ppe.clock import utcnow
from ppe.extensions import login
from ppe.models import ADMIN, Account, Organization
from ppe.signin import sessions

View = Callable[..., ResponseReturnValue]


def init_app(_: Flask) -> None:
    """Tell Flask-Login how a browser's token becomes an account."""
    login.user_loader(_account_of)


def _account_of(token: str) -> Account | None:
    return sessions.account_of(token, utcnow())


def admin_required(view: View) -> View:
    """Let active administrators in; others go to sign-in, or to their own page. Read-only ones may look alone."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> ResponseReturnValue:
        if not current_user.is_authenticated:
            return elsewhere(url_for("sign_in.page", next=_here()))
        if current_user.type != ADMIN:
            return elsewhere(url_for("sign_in.account"))
        if current_user.read_only and request.method not in ("GET", "HEAD"):
            abort(403, "Your account is read-only: you may look at everything and change nothing.")
        return view(*args, **kwargs)

    vars(guarded)["admin_page"] = True
    return guarded


def current_organization() -> Organization:
    """The organisation of the signed-in account: every query of a view starts from it."""
    organization: Organization = current_user.organization
    return organization


def current_admin_name() -> str:
    """Who acts, as the audit names them."""
    return str(current_user.display_name)


def elsewhere(address: str) -> ResponseReturnValue:
    """Go to another page. For htmx with a header of its own: a redirect would land inside a table row."""
    if request.htmx:
        return Response(headers={"HX-Redirect": address})
    return redirect(address, 303)


def allowed_next(wanted: str) -> str:
    """The page to show after sign-in: the wanted one if it is an administrator's page of ours, else Home.

    The address is built anew from the endpoint that it names, so that it cannot lead to any other host.
    """
    try:
        parts = urlsplit(wanted)
        endpoint, values = current_app.create_url_adapter(request).match(parts.path, method="GET")  # type: ignore[union-attr]
    except (HTTPException, RoutingException, ValueError):
        return url_for("home.page")
    if parts.netloc or not hasattr(current_app.view_functions[endpoint], "admin_page"):
        return url_for("home.page")
    return url_for(endpoint, **values) + (f"?{urlencode(parse_qsl(parts.query))}" if parts.query else "")


def _here() -> str | None:
    """The page that somebody was on, to come back to; None where coming back makes no sense."""
    if request.htmx:
        return (request.htmx.current_url or "").removeprefix(request.host_url.rstrip("/")) or None
    return request.full_path.rstrip("?") if request.method == "GET" else None
