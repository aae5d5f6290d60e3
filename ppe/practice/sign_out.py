"""Signing out of Microsoft, and of every application that this browser signed in to: front-channel logout."""

from urllib.parse import urlencode

from flask import request
from werkzeug.wrappers import Response

from ppe.practice.authorise import is_called
from ppe.practice.browser_session import BrowserSession, forget
from ppe.practice.errors import SignInError
from ppe.practice.homes import SHARED, issuer, require_home
from ppe.practice.loopback import origin
from ppe.practice.practice import Practice
from ppe.practice.sign_in_pages import error_page, page


class SignOut:
    """The end-session endpoint."""

    def __init__(self, practice: Practice) -> None:
        self._practice = practice

    def answer(self, tenant: str) -> Response:
        """End the session, tell the application in a hidden frame, and lead back to it."""
        if tenant not in SHARED:
            try:
                require_home(self._practice.tenant, tenant)
            except SignInError as error:
                return error_page(error)
        session = self._ended()
        frames = self._frames(session)
        back = self._way_back()
        registered = origin(self._practice.tenant.registration.front_channel_logout)
        refused = bool(request.args.get("post_logout_redirect_uri")) and not back
        answer = page(
            "signed_out.html",
            frame_origin=registered if frames else None,
            frames=frames,
            back=back,
            refused=refused,
            was_signed_in=session is not None,
        )
        return forget(answer) if session is not None else answer

    def _ended(self) -> BrowserSession | None:
        """End the session of this browser, unless it is somebody else's than the hint says."""
        session = self._practice.browsers.current()
        hint = request.args.get("logout_hint", "").strip()
        entry = self._practice.tenant.entries.get(session.object_id) if session else None
        if hint and entry is not None and not is_called(entry, hint):
            return None
        self._practice.browsers.end()
        return session

    def _frames(self, session: BrowserSession | None) -> list[str]:
        """Return the application's logout address, once for each tenant through which it was signed in to."""
        address = self._practice.tenant.registration.front_channel_logout
        if session is None or not address:
            return []
        separator = "&" if "?" in address else "?"
        told = [{"iss": issuer(tenant_id), "sid": session.sid} for tenant_id in sorted(session.tenants)]
        return [f"{address}{separator}{urlencode(each)}" for each in told]

    def _way_back(self) -> str:
        """Return where the person goes on; empty where that is no address of the application's."""
        address = request.args.get("post_logout_redirect_uri", "")
        if not address or not self._practice.tenant.registration.may_return_to(address):
            return ""
        state = request.args.get("state", "")
        separator = "&" if "?" in address else "?"
        return f"{address}{separator}{urlencode({'state': state})}" if state else address
