"""How the pages of sign-in are answered: no script, nothing from elsewhere, and out only to where they lead."""

from typing import Any

from flask import Response, g, make_response, render_template, request

from ppe.practice.errors import SignInError

ERROR_PAGE = "https://login.microsoftonline.com/error"


def page(template: str, *, leads_to: str | None = None, frame_origin: str | None = None, **shown: Any) -> Response:
    """Render a page. Its forms may lead to the origin `leads_to`, and it may frame the origin `frame_origin`.

    A form that is answered by a redirect is held to `form-action` all the way: without the application's origin in it
    the browser would stop on the way back.
    """
    policy = {
        "default-src": "'none'",
        "style-src": "'self'",
        "img-src": "data:",
        "form-action": " ".join(["'self'", *([leads_to] if leads_to else [])]),
        "frame-src": frame_origin or "'none'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }
    response = make_response(render_template(template, **shown))
    response.headers["Content-Security-Policy"] = "; ".join(f"{name} {value}" for name, value in policy.items())
    response.headers["X-Content-Type-Options"] = "nosniff"
    # The address holds state and nonce. With no referrer at all the form would lose its Origin, which is checked.
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["Cache-Control"] = "no-store, no-cache"
    response.headers["x-ms-request-id"] = g.trace_id
    return response


def error_page(error: SignInError) -> Response:
    """Show an error to the person, because there is no address that may be trusted with it."""
    body = error.body(g.trace_id, g.correlation_id, ERROR_PAGE)
    answer = page("sign_in_error.html", error=error, body=body, application=request.args.get("client_id", ""))
    answer.status_code = error.status
    return answer
