from dataclasses import replace

from flask.testing import FlaskClient

from ppe import create_app
from ppe.config import Settings
from ppe.headers import CONTENT_SECURITY_POLICY
from tests.conftest import People


def test_every_answer_carries_the_headers(client: FlaskClient, people: People) -> None:
    for path in ("/sign-in", "/nowhere", "/static/app.css", "/vendor/htmx/htmx.min.js"):
        headers = client.get(path, buffered=True).headers
        assert headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"


def test_no_script_from_elsewhere_and_none_inline() -> None:
    assert "script-src 'self';" in CONTENT_SECURITY_POLICY
    assert "unsafe" not in CONTENT_SECURITY_POLICY


def test_pages_are_not_stored_and_vary_with_htmx(client: FlaskClient, people: People) -> None:
    headers = client.get("/sign-in").headers
    assert headers["Cache-Control"] == "no-store"
    assert "HX-Request" in headers["Vary"]
    assert "no-store" not in client.get("/static/app.css", buffered=True).headers.get("Cache-Control", "")


def test_https_is_insisted_on_where_there_is_https(settings: Settings, client: FlaskClient) -> None:
    assert "Strict-Transport-Security" not in client.get("/sign-in").headers
    secure = create_app(replace(settings, public_url="https://ppe.contoso.example"))
    answer = secure.test_client().get("/set-up", base_url="https://ppe.contoso.example")
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=31536000")
    assert "Secure" in answer.headers["Set-Cookie"]


def test_a_visitors_address_is_believed_from_as_many_proxies_as_were_named(settings: Settings) -> None:
    def seen_by(count: int) -> str:
        app = create_app(replace(settings, trusted_proxies=count))
        app.before_request_funcs[None] = [lambda: __import__("flask").request.remote_addr]
        return app.test_client().get("/", headers={"X-Forwarded-For": "203.0.113.9, 198.51.100.7"}).text

    assert [seen_by(0), seen_by(1), seen_by(2)] == ["127.0.0.1", "198.51.100.7", "203.0.113.9"]
