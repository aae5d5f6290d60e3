"""The headers that every answer carries, so that a browser does nothing for this site but what the site needs."""

from flask import Flask, Response, request

from ppe.config import Settings

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
ALWAYS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Referrer-Policy": "same-origin",  # Flask-WTF insists on a Referer over https
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def init_app(app: Flask) -> None:
    """Add the headers to whatever the app answers, errors included."""
    settings: Settings = app.config["SETTINGS"]

    def add(response: Response) -> Response:
        response.headers.update(ALWAYS)
        if settings.is_https:
            response.headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
        if not (request.endpoint or "").endswith("static"):
            response.headers["Cache-Control"] = "no-store"
            response.vary.update(("HX-Request", "Cookie"))
        return response

    app.after_request(add)
