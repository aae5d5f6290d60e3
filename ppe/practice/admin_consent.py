"""Granting consent for the whole tenant: the page behind Grant admin consent (graph.md, section 8)."""

from urllib.parse import urlencode

from flask import redirect, request
from werkzeug.wrappers import Response

from ppe.practice.authorise_request import way_back
from ppe.practice.errors import SignInError
from ppe.practice.homes import require_home
from ppe.practice.loopback import origin
from ppe.practice.practice import Practice
from ppe.practice.sign_in_pages import error_page, page


class AdminConsent:
    """The consent endpoint. Nobody has to sign in: whoever sits at the practice tenant administers it."""

    def __init__(self, practice: Practice) -> None:
        self._practice = practice

    def answer(self, tenant: str) -> Response:
        """Show what is asked for, or send the person back with what they answered."""
        ours = self._practice.tenant
        try:
            home = require_home(ours, tenant)
            back = way_back(ours.registration, tenant)
        except SignInError as error:
            return error_page(error)
        if request.method == "GET":
            return page(
                "admin_consent.html",
                leads_to=origin(back.redirect_uri),
                application=ours.registration.name,
                organization=ours.domain,
                roles=ours.registration.permissions,
                here=request.full_path,
            )
        if request.form.get("answer") != "accept":
            refused = {"error": "permission_denied", "error_description": "The admin canceled the request"}
            return redirect(_with(back.redirect_uri, refused, back.state))
        ours.grant_consent()
        self._practice.keep()
        granted = {"tenant": home.tenant_id, "admin_consent": "True"}
        return redirect(_with(back.redirect_uri, granted, back.state))


def _with(address: str, told: dict[str, str], state: str) -> str:
    separator = "&" if "?" in address else "?"
    return f"{address}{separator}{urlencode(told | ({'state': state} if state else {}))}"
