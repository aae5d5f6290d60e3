"""Who may see which page: every view but the way in stands behind `admin_required` or `signed_in_required`."""

from collections.abc import Callable
from datetime import date
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
from ppe.config import Settings
from ppe.extensions import login
from ppe.models import ADMIN, Account, Organization
from ppe.signin import sessions
from ppe.signin.visitor import Visitor, browser_words

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
            return elsewhere(url_for("sign_in.page", next=here()))
        if current_user.type != ADMIN:
            return elsewhere(url_for("preferences.page"))
        if current_user.read_only and request.method not in ("GET", "HEAD"):
            abort(403, "Your account is read-only: you may look at everything and change nothing.")
        return view(*args, **kwargs)

    vars(guarded)["admin_page"] = True
    return guarded


def signed_in_required(view: View) -> View:
    """Let in whoever is signed in: for what people see of their own account, and of nobody else's."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> ResponseReturnValue:
        if not current_user.is_authenticated:
            return elsewhere(url_for("sign_in.page", next=here()))
        return view(*args, **kwargs)

    vars(guarded)["own_page"] = True
    return guarded


def visitor() -> Visitor:
    """Who is at the other end of this request."""
    return Visitor(request.remote_addr or "", browser_words(request.user_agent.string))


def current_settings() -> Settings:
    """What this installation has chosen."""
    settings: Settings = current_app.config["SETTINGS"]
    return settings


def current_organization() -> Organization:
    """The organisation of the signed-in account: every query of a view starts from it."""
    organization: Organization = current_user.organization
    return organization


def current_day() -> date:
    """The day that it is in the organisation of the signed-in account."""
    return current_organization().today(utcnow())


def current_admin_name() -> str:
    """Who acts, as the audit names them."""
    return str(current_user.display_name)


def elsewhere(address: str) -> ResponseReturnValue:
    """Go to another page. For htmx with a header of its own: a redirect would land inside a table row."""
    if request.htmx:
        return Response(headers={"HX-Redirect": address})
    return redirect(address, 303)


def allowed_next(wanted: str) -> str:
    """The page to show after sign-in: the wanted one if it is a page of ours that this account may see, else its first.

    The address is built anew from the endpoint that it names, so that it cannot lead to any other host.
    """
    is_admin = current_user.type == ADMIN
    first = url_for("home.page" if is_admin else "preferences.page")
    try:
        parts = urlsplit(wanted)
        endpoint, values = current_app.create_url_adapter(request).match(parts.path, method="GET")  # type: ignore[union-attr]
    except (HTTPException, RoutingException, ValueError):
        return first
    kinds = ("admin_page", "own_page") if is_admin else ("own_page",)
    if parts.netloc or not any(hasattr(current_app.view_functions[endpoint], kind) for kind in kinds):
        return first
    return url_for(endpoint, **values) + (f"?{urlencode(parse_qsl(parts.query))}" if parts.query else "")


def was_signed_out() -> bool:
    """Whether this is behind sign-in, and whoever asks for it is not signed in any more."""
    view = current_app.view_functions.get(request.endpoint or "")
    return not current_user.is_authenticated and any(hasattr(view, kind) for kind in ("admin_page", "own_page"))


def here() -> str | None:
    """The page that somebody was on, to come back to; None where coming back makes no sense."""
    if request.htmx:
        return (request.htmx.current_url or "").removeprefix(request.host_url.rstrip("/")) or None
    return request.full_path.rstrip("?") if request.method == "GET" else None
