"""The practice phone: the gateway as apprise and plain HTTP reach it, and the page and the JSON that show the texts."""

import re
from collections.abc import Iterator
from urllib.parse import quote

import apprise
import pytest
import requests

from ppe.practice.server import PracticeServer
from ppe.practice.tenant import Tenant

ANN, BOB = "+31612345678", "+436641234567"


@pytest.fixture
def server() -> Iterator[PracticeServer]:
    with PracticeServer(Tenant.empty()) as server:
        yield server


def post(server: PracticeServer, user: str = "practice", password: str = "practice", **sent: str) -> requests.Response:
    return requests.post(f"{server.url}/gateway/sms", json=sent, auth=(user, password), timeout=5)


def notify(template: str, number: str, message: str, title: str = "") -> bool:
    """Send as the product does: the template with the quoted number in it."""
    service = apprise.Apprise()
    assert service.add(template.replace("{to}", quote(number, safe="")))
    return bool(service.notify(body=message, title=title))


def page(server: PracticeServer, path: str = "/phone") -> str:
    answer = requests.get(server.url + path, timeout=5)
    assert answer.status_code == 200
    return answer.text


@pytest.mark.parametrize("plugin", ["json", "form"])
def test_apprise_reaches_it_with_the_template_that_the_tenant_tells(server: PracticeServer, plugin: str) -> None:
    template = requests.get(f"{server.url}/practice/tenant", timeout=5).json()["sms_url"]
    assert template == server.sms_url
    assert notify(template.replace("json:", f"{plugin}:"), ANN, "Your code: 123 456 & <Zoë>", "PPE")
    (text,) = server.texts
    assert (text.number, text.to, text.title, text.message) == (1, ANN, "PPE", "Your code: 123 456 & <Zoë>")


def test_apprise_says_no_when_the_gateway_does(server: PracticeServer) -> None:
    assert not notify(server.sms_url.replace("practice:practice", "practice:wrong"), ANN, "123 456")
    assert not notify(server.sms_url, "0612345678", "123 456")
    server.weather.sms_down()
    assert not notify(server.sms_url, ANN, "123 456")
    server.weather.calm()
    assert notify(server.sms_url, ANN, "123 456")
    assert len(server.texts) == 1


@pytest.mark.parametrize(("user", "password"), [("practice", "wrong"), ("eve", "practice"), ("", "")])
def test_wrong_credentials_are_noticed(server: PracticeServer, user: str, password: str) -> None:
    answer = post(server, user, password, to=ANN, message="Hello")
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, 'Basic realm="Practice phone"')
    assert len(server.texts) == 0


def test_no_credentials_are_noticed(server: PracticeServer) -> None:
    sent = {"to": ANN, "message": "Hello"}
    assert requests.post(f"{server.url}/gateway/sms", json=sent, timeout=5).status_code == 401
    assert len(server.texts) == 0


@pytest.mark.parametrize(
    "number", ["", "31612345678", " 31612345678", "+31 6 12345678", "+0612345678", "+31612345678\n", "Ann"]
)
def test_what_is_no_international_number_is_refused(server: PracticeServer, number: str) -> None:
    answer = post(server, to=number, message="Hello")
    assert answer.status_code == 400
    assert "to must be a number such as +31612345678" in answer.json()["error"]
    assert len(server.texts) == 0


def test_a_message_without_words_is_refused(server: PracticeServer) -> None:
    assert post(server, to=ANN, message=" \n").json() == {"error": "The message is empty."}
    assert post(server, to=ANN, message="Hello").json() == {"id": 1}


@pytest.mark.parametrize("body", ["[]", "nonsense", "null", ""])
def test_a_body_that_is_no_object_is_refused(server: PracticeServer, body: str) -> None:
    answer = requests.post(
        f"{server.url}/gateway/sms",
        data=body,
        headers={"Content-Type": "application/json"},
        auth=("practice", "practice"),
        timeout=5,
    )
    assert answer.status_code == 400


def test_a_gateway_that_is_away_answers_503(server: PracticeServer) -> None:
    shown = requests.post(f"{server.url}/phone", data={"action": "sms_down"}, timeout=5)
    assert [step.status_code for step in shown.history] == [303]
    assert shown.url == f"{server.url}/phone"
    assert "The text message gateway is away." in shown.text
    assert post(server, to=ANN, message="Hello").status_code == 503
    requests.post(f"{server.url}/practice/weather", json={"action": "calm"}, timeout=5)
    assert post(server, to=ANN, message="Hello").status_code == 202
    assert "All is calm." in page(server)


def test_the_page_says_when_there_is_nothing(server: PracticeServer) -> None:
    assert "No text message has arrived yet." in page(server)
    assert 'href="/phone"' in page(server, "/")
    post(server, to=ANN, message="Hello")
    assert "No text message to +99 has arrived." in page(server, "/phone?number=%2B99")


def test_the_page_has_a_conversation_for_each_number_and_the_newest_text_first(server: PracticeServer) -> None:
    for number, message in ((ANN, "One"), (BOB, "Two"), (ANN, "Three <b>")):
        post(server, to=number, message=message)
    told = r'<h2><a href="[^"]+">(.+?)</a>|<div class="words">(.+?)</div>'
    assert ["".join(found) for found in re.findall(told, page(server))] == [ANN, "Three &lt;b&gt;", "One", BOB, "Two"]
    assert page(server, "/phone?number=Bob").count("No text message to Bob has arrived.") == 1
    for asked in (quote(BOB), "%2B43 664-123", BOB):  # a + that was typed into the address bar arrives as a space
        assert ["".join(found) for found in re.findall(told, page(server, f"/phone?number={asked}"))] == [BOB, "Two"]


def test_a_link_in_a_text_can_be_followed(server: PracticeServer) -> None:
    post(server, to=ANN, message="Sign in: http://127.0.0.1:8000/x. Not: http://evil.example/", title="<PPE>")
    shown = page(server)
    assert '<a href="http://127.0.0.1:8000/x">http://127.0.0.1:8000/x</a>. Not: http://evil.example/</div>' in shown
    assert "<strong>&lt;PPE&gt;</strong>" in shown


def test_the_page_needs_no_script(server: PracticeServer) -> None:
    post(server, to=ANN, message="Hello")
    answer = requests.get(f"{server.url}/phone", timeout=5)
    assert "default-src 'none'; style-src 'self';" in answer.headers["Content-Security-Policy"]
    assert not re.search(r"<script|<style| style=| on[a-z]+=|https?://", answer.text)


def test_tests_in_another_process_get_the_texts_in_json(server: PracticeServer) -> None:
    for message in ("One", "Two"):
        post(server, to=ANN, message=message)
    told = requests.get(f"{server.url}/practice/texts", timeout=5).json()
    assert [(text["number"], text["to"], text["title"], text["message"]) for text in told] == [
        (1, ANN, "", "One"),
        (2, ANN, "", "Two"),
    ]
    assert told[0]["received"] == next(iter(server.texts)).received.isoformat()
    assert server.texts.wait_for(lambda text: text.message == "One").number == 1
