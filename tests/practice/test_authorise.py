"""The sign-in pages: who may ask, who is let in, and how the person is sent back."""

import re
from collections.abc import Iterator

import pytest
import requests

from ppe.practice.refusals import REFUSALS
from ppe.practice.server import PracticeServer
from ppe.practice.signing_in import SignInPageShown, open_page
from ppe.practice.tenant import Tenant
from tests.practice.relying_party import CALLBACK, RelyingParty, error_of, relying_party, sent_back


@pytest.fixture
def app() -> Iterator[RelyingParty]:
    with relying_party() as party:
        yield party


def shows_error(answer: requests.Response, code: int) -> bool:
    return answer.status_code == 400 and f"AADSTS{code}: " in answer.text


def test_pressing_a_person_sends_back_a_code_and_the_state(app: RelyingParty):
    back = app.sign_in("ann@contoso.example")
    assert back["state"] == "the state"
    assert set(back) == {"code", "state", "session_state"}


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"client_id": ""}, 900144),
        ({"client_id": "833aa854-2811-4f90-9620-c38070f595d7"}, 700016),
        ({"redirect_uri": ""}, 900144),
        ({"redirect_uri": "https://evil.example/callback"}, 50011),
        ({"redirect_uri": "http://evil.example/callback"}, 50011),
        ({"redirect_uri": "http://user@127.0.0.1/callback"}, 50011),
        ({"redirect_uri": "http://127.0.0.1:5000/;script-src"}, 50011),
        ({"redirect_uri": "http://127.0.0.1:port/"}, 50011),
        ({"redirect_uri": "javascript:alert(1)"}, 50011),
        ({"tenant": "common"}, 50194),
        ({"tenant": "nobody.example"}, 90002),
        ({"tenant": "gcchigh.example"}, 900382),
        ({"tenant": "not a domain"}, 900023),
    ],
)
def test_who_cannot_be_sent_back_is_shown_the_error(app: RelyingParty, asked, code):
    assert shows_error(app.open(**asked), code)


def test_only_registered_addresses_are_good_once_there_are_any(app: RelyingParty):
    app.tenant.register_addresses(["https://console.example/callback"], None)
    assert shows_error(app.open(), 50011)
    assert app.open(redirect_uri="https://console.example/callback").status_code == 200
    assert shows_error(app.open(redirect_uri="https://console.example/callback/"), 50011)


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({"response_type": ""}, ("invalid_request", "AADSTS900144")),
        ({"response_type": "id_token"}, ("unsupported_response_type", "AADSTS700054")),
        ({"response_mode": "form_post"}, ("invalid_request", "AADSTS70007")),
        ({"scope": ""}, ("invalid_request", "AADSTS900144")),
        ({"scope": "openid Mail.ReadWrite"}, ("invalid_scope", "AADSTS70011")),
        ({"nonce": ""}, ("invalid_request", "AADSTS900144")),
        ({"prompt": "please"}, ("invalid_request", "AADSTS90023")),
        ({"code_challenge_method": "plain"}, ("invalid_request", "AADSTS50149")),
        ({"code_challenge_method": ""}, ("invalid_request", "AADSTS50149")),
        ({"code_challenge": "short"}, ("invalid_request", "AADSTS501491")),
        ({"code_challenge": ""}, ("invalid_request", "AADSTS900144")),
        ({"prompt": "none"}, ("login_required", "AADSTS50058")),
    ],
)
def test_what_is_wrong_with_a_request_is_told_to_the_application(app: RelyingParty, asked, error):
    assert error_of(app.open(**asked)) == error


def test_a_question_mark_of_the_applications_own_is_respected(app: RelyingParty):
    answer = app.open(redirect_uri=f"{CALLBACK}?from=microsoft", prompt="none")
    assert answer.headers["Location"].startswith(f"{CALLBACK}?from=microsoft&error=login_required&")


def test_the_picker_shows_everybody_and_says_that_there_are_no_passwords(app: RelyingParty):
    shown = app.open().text
    for text in ("Ann", "Bob Blocked", "blocked", "gina@northwind.example", "guest", "has no passwords"):
        assert text in shown
    assert 'type="password"' not in shown


def test_the_picker_searches_and_turns_pages_without_forgetting_what_was_asked():
    with PracticeServer() as server:
        app = RelyingParty(server)
        first = app.open().text
        assert "Page 1, 60 in all" in first
        (following,) = re.findall(r'href="([^"]+)">Next<', first)
        second = open_page(app.browser, server.url + following.replace("&amp;", "&")).text
        assert "Page 2, 60 in all" in second
        assert "state=the+state" in second
        found = app.open(q="WINGTIP").text
        assert "Carla Many-Names" in found
        assert "Alan Weber" not in found
        assert '<input type="hidden" name="nonce" value="the nonce">' in found
        assert "&lt;b&gt;Bold&lt;/b&gt;" in app.open(q="bold").text


@pytest.mark.parametrize("hint", ["ann@contoso.example", "ANN@contoso.example"])
def test_a_login_hint_leaves_one_button_and_a_way_out(app: RelyingParty, hint):
    shown = app.open(login_hint=hint).text
    assert "Sign in as Ann" in shown
    assert "Bob Blocked" not in shown
    assert "Use another account" in shown
    assert "Bob Blocked" in app.open(login_hint=hint, other="1").text


@pytest.mark.parametrize("hint", ["nobody@contoso.example", "a@contoso.example"])
def test_a_hint_that_nobody_signs_in_with_shows_everybody(app: RelyingParty, hint):
    shown = app.open(login_hint=hint).text
    assert f"Nobody here signs in as {hint}." in shown
    assert "Bob Blocked" in shown


def test_choosing_an_account_overrules_the_hint(app: RelyingParty):
    assert "Bob Blocked" in app.open(login_hint="ann@contoso.example", prompt="select_account").text


def test_cancelling_is_told_as_a_declined_consent(app: RelyingParty):
    answer = app.press("cancel")
    assert error_of(answer) == ("access_denied", "AADSTS65004")
    assert sent_back(answer)["error_subcode"] == "cancel"


def test_a_blocked_person_is_sent_back_and_not_signed_in(app: RelyingParty):
    answer = app.press("sign_in", person=app.tenant.find("Bob Blocked"))
    assert error_of(answer) == ("access_denied", "AADSTS50057")
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("name", REFUSALS)
def test_every_refusal_can_be_chosen(app: RelyingParty, name):
    assert f'value="{name}"' in app.open().text
    answer = app.press("refuse", refusal=name, login_hint="ann@contoso.example")
    assert error_of(answer) == (REFUSALS[name].error, f"AADSTS{REFUSALS[name].code}")
    assert "{" not in sent_back(answer)["error_description"], "the person is filled in"


@pytest.mark.parametrize("form", [{"answer": "fly"}, {"answer": "refuse", "refusal": "fog"}, {"answer": "accept"}])
def test_a_button_that_is_not_there_shows_the_picker_again(app: RelyingParty, form):
    answer = app.press(**form)
    assert answer.status_code == 200
    assert "Pick an account" in answer.text


@pytest.mark.parametrize("who", ["Gone", "Team"])
def test_only_people_who_are_there_sign_in(app: RelyingParty, who):
    gone = app.tenant.hire("Gone", "gone@contoso.example")
    app.tenant.add_group("Team", "security")
    wanted = app.tenant.find(who)
    app.tenant.delete(gone)
    assert app.press("sign_in", person=wanted).status_code == 200


def test_the_page_loads_nothing_and_leads_nowhere_but_back(app: RelyingParty):
    answer = app.open()
    policy = answer.headers["Content-Security-Policy"].split("; ")
    assert "default-src 'none'" in policy
    assert "form-action 'self' http://127.0.0.1:5000" in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert not re.search(r"<script|<style| style=| on[a-z]+=", answer.text)


def test_the_session_cookie_is_for_the_sign_in_host_alone(app: RelyingParty):
    cookie = app.press("sign_in", person=app.tenant.find("Ann")).headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=Lax", "Path=/login"} <= set(cookie.split("; "))


def test_another_site_cannot_sign_anybody_in(app: RelyingParty):
    form = {"answer": "sign_in", "person": app.tenant.find("Ann")}
    answer = requests.post(app.url(), data=form, headers={"Origin": "http://evil.example"}, timeout=5)
    assert answer.status_code == 403


def test_a_page_in_the_way_is_said_to_whoever_signs_in_by_program(app: RelyingParty):
    with pytest.raises(SignInPageShown, match="AADSTS50011"):
        app.sign_in("ann@contoso.example", redirect_uri="https://evil.example/")


def test_addresses_and_what_people_agreed_to_outlive_a_restart(tmp_path):
    state = tmp_path / "tenant.json"
    with PracticeServer(Tenant.empty(), state=state) as server:
        ann = server.tenant.hire("Ann", "ann@contoso.example")
        asked = {
            "action": "register_addresses",
            "redirect_addresses": [CALLBACK],
            "front_channel_logout": f"{CALLBACK}/out",
        }
        requests.post(f"{server.url}/practice/changes", json=asked, timeout=5).raise_for_status()
        server.tenant.withdraw_consent()
        RelyingParty(server).sign_in("Ann")
        registration = Tenant.load(state).registration
    assert registration.redirect_addresses == [CALLBACK]
    assert registration.front_channel_logout == f"{CALLBACK}/out"
    assert registration.agreed == [ann]


def test_the_addresses_can_be_typed_on_the_page_and_nonsense_is_refused(app: RelyingParty):
    def register(**form: str) -> requests.Response:
        return requests.post(f"{app.server.url}/change", data={"action": "register_addresses", **form}, timeout=5)

    assert register(redirect_addresses=f"{CALLBACK} https://console.example/callback").status_code == 200
    assert app.tenant.registration.redirect_addresses == [CALLBACK, "https://console.example/callback"]
    assert register(front_channel_logout=CALLBACK).status_code == 200
    assert len(app.tenant.registration.redirect_addresses) == 2, "what is not given stays"
    refused = register(redirect_addresses="ftp://console.example")
    assert refused.status_code == 400
    assert "ftp://console.example is not a web address." in refused.text
    assert register(redirect_addresses="", front_channel_logout="").status_code == 200
    assert app.tenant.registration.redirect_addresses == []
    assert app.tenant.registration.front_channel_logout == ""
