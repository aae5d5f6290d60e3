"""Signing out of Microsoft, and Microsoft being away."""

import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests.practice.conftest import Client
from tests.practice.relying_party import RelyingParty, relying_party

LOGOUT = "http://127.0.0.1:5000/front-channel"
GOODBYE = "http://127.0.0.1:5000/goodbye"


@pytest.fixture
def app() -> Iterator[RelyingParty]:
    with relying_party() as party:
        party.tenant.register_addresses(None, LOGOUT)
        yield party


def frames(answer: requests.Response) -> list[str]:
    return [unescape(address) for address in re.findall(r'<iframe src="([^"]+)"', answer.text)]


def test_signing_out_ends_the_session(app: RelyingParty):
    app.sign_in("ann@contoso.example")
    assert app.open().status_code == 302
    assert "You have signed out" in app.sign_out().text
    assert app.open().status_code == 200


def test_a_cookie_that_somebody_kept_is_worthless_after_signing_out(app: RelyingParty):
    app.sign_in("ann@contoso.example")
    (kept,) = iter(app.browser.cookies)
    app.sign_out()
    assert list(app.browser.cookies) == []
    app.browser.cookies.set_cookie(kept)
    assert app.open().status_code == 200


def test_the_application_is_told_in_a_hidden_frame(app: RelyingParty):
    sid = app.claims(app.tokens("ann@contoso.example")["id_token"])["sid"]
    answer = app.sign_out()
    (frame,) = frames(answer)
    assert frame.startswith(f"{LOGOUT}?")
    assert parse_qs(urlsplit(frame).query) == {
        "iss": [f"{app.server.login_url}/{app.server.tenant_id}/v2.0"],
        "sid": [sid],
    }
    assert "frame-src http://127.0.0.1:5000" in answer.headers["Content-Security-Policy"].split("; ")


def test_an_application_that_was_not_signed_in_to_is_told_nothing(app: RelyingParty):
    app.tenant.withdraw_consent()
    app.press("sign_in", person=app.tenant.find("Ann"))  # and consent is never given
    answer = app.sign_out()
    assert "You have signed out" in answer.text
    assert frames(answer) == []
    assert "frame-src 'none'" in answer.headers["Content-Security-Policy"]


def test_without_a_logout_address_nobody_is_told(app: RelyingParty):
    app.tenant.register_addresses(None, "")
    app.sign_in("ann@contoso.example")
    assert frames(app.sign_out()) == []


def test_the_way_back_is_a_link_and_a_refresh(app: RelyingParty):
    shown = app.sign_out(post_logout_redirect_uri=GOODBYE, state="s").text
    assert f'<a href="{GOODBYE}?state=s">' in shown
    assert f'content="2; url={GOODBYE}?state=s"' in shown


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "javascript:alert(1)", "http://127.0.0.1@evil.example/"]
)
def test_nobody_is_led_elsewhere(app: RelyingParty, elsewhere):
    shown = app.sign_out(post_logout_redirect_uri=elsewhere).text
    assert "is none of the application’s" in shown
    assert "evil.example" not in shown
    assert 'href="javascript' not in shown


def test_a_registered_origin_may_be_returned_to(app: RelyingParty):
    app.tenant.register_addresses(["https://console.example/callback"], None)
    assert "Go on" in app.sign_out(post_logout_redirect_uri="https://console.example/goodbye").text
    assert "Go on" not in app.sign_out(post_logout_redirect_uri=GOODBYE).text


def test_a_hint_protects_everybody_else(app: RelyingParty):
    app.sign_in("ann@contoso.example")
    assert "Nobody was signed in here" in app.sign_out(logout_hint="nell@contoso.example").text
    assert app.open().status_code == 302
    assert len(frames(app.sign_out(logout_hint="ann@contoso.example"))) == 1
    assert app.open().status_code == 200


def test_who_is_not_signed_in_may_sign_out_too(app: RelyingParty):
    answer = app.sign_out()
    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers


def test_a_tenant_that_nobody_knows_has_no_sign_out(app: RelyingParty):
    answer = requests.get(f"{app.server.login_url}/nobody.example/oauth2/v2.0/logout", timeout=5)
    assert answer.status_code == 400
    assert "AADSTS90002" in answer.text


def sign_in_down(client: Client, kind: str) -> requests.Response:
    asked = {"action": "sign_in_down", "kind": kind}
    return requests.post(f"{client.server.url}/practice/weather", json=asked, timeout=5)


PATHS = (
    "/v2.0/.well-known/openid-configuration",
    "/discovery/v2.0/keys",
    "/oauth2/v2.0/authorize",
    "/oauth2/v2.0/logout",
)


def test_the_whole_sign_in_host_goes_down_while_graph_stays(client: Client):
    assert sign_in_down(client, "503").json() == {"done": "Microsoft sign-in is down."}
    for path in PATHS:
        answer = requests.get(f"{client.server.login_url}/{client.server.domain}{path}", timeout=5)
        assert (answer.status_code, answer.headers["Content-Type"].partition(";")[0]) == (503, "text/html")
    assert client.token().status_code == 503
    assert client.ask("/users").status_code == 200
    assert "Microsoft sign-in is down." in requests.get(client.server.url, timeout=5).text
    client.server.weather.calm()
    assert client.token().status_code == 200


def test_sign_in_can_drop_the_connection(client: Client):
    sign_in_down(client, "refuse")
    with pytest.raises(requests.ConnectionError):
        client.token()
    client.server.weather.calm()
    assert client.token().status_code == 200


def test_sign_in_can_hang_until_calm(client: Client):
    arrived = threading.Event()
    wait = client.server.weather.wait
    client.server.weather.wait = lambda seconds: (arrived.set(), wait(seconds))  # type: ignore[method-assign, assignment, func-returns-value]
    sign_in_down(client, "hang")
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(client.token)
        assert arrived.wait(5)
        assert not asked.done()
        client.server.weather.calm()
        assert asked.result(5).status_code == 503


def test_sign_in_is_not_down_in_a_way_that_nobody_knows(client: Client):
    answer = sign_in_down(client, "sideways")
    assert answer.status_code == 400
    assert answer.json() == {"error": "Sign-in cannot be down in this way: sideways."}
    assert client.token().status_code == 200
