"""Grant admin consent, as an administrator of the tenant presses it."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests

from ppe.practice.server import PracticeServer
from ppe.practice.tenant import Tenant

CALLBACK = "http://127.0.0.1:5000/callback"


@pytest.fixture
def server() -> Iterator[PracticeServer]:
    with PracticeServer(Tenant.empty()) as served:
        served.tenant.withdraw_consent()
        yield served


def _address(server: PracticeServer, **asked: str) -> str:
    question = {"client_id": server.application_id, "redirect_uri": CALLBACK, "state": "s"} | asked
    return f"{server.login_url}/{server.domain}/adminconsent?{urlencode(question)}"


def _press(server: PracticeServer, answer: str) -> dict[str, list[str]]:
    pressed = requests.post(_address(server), data={"answer": answer}, allow_redirects=False, timeout=5)
    assert pressed.headers["Location"].startswith(f"{CALLBACK}?")
    return parse_qs(urlsplit(pressed.headers["Location"]).query)


def test_accepting_grants_it_and_says_so(server: PracticeServer) -> None:
    assert "Directory.Read.All" in requests.get(_address(server), timeout=5).text
    assert not server.tenant.registration.consented
    assert _press(server, "accept") == {"tenant": [server.tenant_id], "admin_consent": ["True"], "state": ["s"]}
    assert server.tenant.registration.consented


def test_cancelling_grants_nothing(server: PracticeServer) -> None:
    told = _press(server, "cancel")
    assert told["error"] == ["permission_denied"]
    assert not server.tenant.registration.consented


def test_an_unknown_application_or_address_gets_a_page_and_no_way_back(server: PracticeServer) -> None:
    server.tenant.register_addresses(["https://ppe.example/callback"], "")
    for wrong in ({"client_id": server.tenant_id}, {"redirect_uri": "https://evil.example/"}):
        answer = requests.post(_address(server, **wrong), data={"answer": "accept"}, allow_redirects=False, timeout=5)
        assert answer.status_code == 400
        assert not server.tenant.registration.consented
