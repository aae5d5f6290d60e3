"""The cookie of a trusted browser: a random token that only the server can make something of."""

from flask import Response, current_app, request

from ppe.signin import trusted_browsers

COOKIE = "ppe_trusted"


def trusted_token() -> str:
    """The token that this browser holds; empty when it holds none."""
    return request.cookies.get(COOKIE, "")


def remember(response: Response, token: str) -> None:
    """Let this browser hold a token for as long as it is good."""
    response.set_cookie(
        COOKIE,
        token,
        max_age=trusted_browsers.LIFETIME,
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        httponly=True,
        samesite="Lax",
    )
