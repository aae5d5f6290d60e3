import re
from dataclasses import replace
from datetime import timedelta

import pyotp
import pytest
from flask import Flask
from flask.testing import FlaskClient
from pytest_httpserver import HTTPServer

from ppe.clock import utcnow
from ppe.models import (
    ADMINISTRATORS,
    EVERYONE,
    Account,
    AuditEvent,
    Authenticator,
    Connection,
    Mail,
    Organization,
    SecondFactorCode,
    SignInSession,
    TrustedBrowser,
)
from tests.conftest import PASSWORD, OpenDatabase, People, sign_in

NEW = "seven purple otters juggling"
APP = "/account/second-factor"


@pytest.fixture
def bobs(client: FlaskClient, people: People) -> FlaskClient:
    """Bob's browser: an End User, whose own account is all that he sees."""
    return sign_in(client, "bob@contoso.example")


def _long_ago(open_database: OpenDatabase) -> None:
    """Everybody's last confirmation was yesterday."""
    with open_database():
        SignInSession.update(confirmed_at=utcnow() - timedelta(days=1)).execute()


def _set_up_app(browser: FlaskClient) -> tuple[pyotp.TOTP, str]:
    """The app that a person sets up, and the page with the recovery codes."""
    found = re.search(r'class="secret">([A-Z2-7 ]+)<', browser.get(APP).text)
    assert found is not None
    totp = pyotp.TOTP(found[1].replace(" ", ""))
    answer = browser.post(APP, data={"code": totp.now()})
    assert answer.status_code == 200, answer.text
    return totp, answer.text


def _recovery_codes(page: str) -> list[str]:
    return re.findall(r"<li><code>([a-z0-9-]+)</code></li>", page)


def _actions(open_database: OpenDatabase) -> list[str]:
    with open_database():
        return [event.action for event in AuditEvent.select().order_by(AuditEvent.id)]


def _mails(open_database: OpenDatabase) -> list[str]:
    with open_database():
        return [mail.kind for mail in Mail.select().order_by(Mail.id)]


def test_everybody_who_is_signed_in_finds_their_own_account(bobs: FlaskClient) -> None:
    text = bobs.get("/account").text
    assert "bob@contoso.example" in text
    assert "End User" in text
    assert "ada@contoso.example" not in text
    assert 'href="/account">My preferences' in text.replace(' aria-current="page"', "")


def test_the_own_name_and_the_digest_are_changed_and_on_record(
    bobs: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    answer = bobs.post("/account/profile", data={"name": "  Robert \t Builder ", "receives_digest": "yes"})
    assert (answer.status_code, answer.location) == (303, "/account")
    assert "Your profile is saved." in bobs.get("/account").text
    with open_database():
        bob = Account.get_by_id(people.bob.id)
        event = AuditEvent.get(AuditEvent.action == "preferences changed")
    assert (bob.display_name, bob.receives_digest, bob.version) == ("Robert Builder", True, people.bob.version + 1)
    assert event.details["before"] == {"name": "Bob", "receives digest": False}
    bobs.post("/account/profile", data={"name": "Robert Builder", "receives_digest": "yes"})
    assert "Nothing was changed" in bobs.get("/account").text
    assert _actions(open_database).count("preferences changed") == 1


@pytest.mark.parametrize("name", ["", "   ", "x" * 201])
def test_a_name_that_is_none_is_refused_beside_its_field(bobs: FlaskClient, name: str) -> None:
    answer = bobs.post("/account/profile", data={"name": name})
    assert answer.status_code == 422
    assert 'id="name-error">Write your name' in answer.text


def test_a_name_out_of_the_directory_stays(bobs: FlaskClient, people: People, open_database: OpenDatabase) -> None:
    with open_database():
        Account.update(directory_id="0000-bob").where(Account.id == people.bob.id).execute()
    text = bobs.get("/account").text
    assert "Your name comes from the directory." in text
    assert 'name="name"' not in text
    bobs.post("/account/profile", data={"name": "Caesar", "receives_digest": "yes"})
    with open_database():
        bob = Account.get_by_id(people.bob.id)
    assert (bob.display_name, bob.receives_digest) == ("Bob", True)


def test_a_new_password_takes_the_present_one_and_signs_out_everywhere_else(
    app: Flask, bobs: FlaskClient, open_database: OpenDatabase
) -> None:
    elsewhere = sign_in(app.test_client(), "bob@contoso.example")
    form = {"present": PASSWORD, "password": NEW, "password_again": NEW}
    answer = bobs.post("/account/password", data=form)
    assert (answer.status_code, answer.location) == (303, "/account")
    assert bobs.get("/account").status_code == 200
    assert elsewhere.get("/account").status_code == 303
    sign_in(app.test_client(), "bob@contoso.example", NEW)
    assert "password_changed" in _mails(open_database)


@pytest.mark.parametrize(
    ("changed", "field", "words"),
    [
        ({"present": "not the password"}, "present", "not your present password"),
        ({"present": ""}, "present", "Type your present password"),
        ({"password": "short", "password_again": "short"}, "password", "at least 12 characters"),
        ({"password_again": "something else"}, "password_again", "The two passwords differ"),
    ],
)
def test_a_password_that_can_not_be_changed_says_why_beside_the_field(
    app: Flask, bobs: FlaskClient, changed: dict[str, str], field: str, words: str
) -> None:
    form = {"present": PASSWORD, "password": NEW, "password_again": NEW} | changed
    answer = bobs.post("/account/password", data=form)
    assert answer.status_code == 422
    found = re.search(rf'id="{field}-error">([^<]*)', answer.text)
    assert found is not None
    assert words in found[1]
    assert NEW not in answer.text
    sign_in(app.test_client(), "bob@contoso.example")


def test_guessing_the_present_password_comes_to_an_end(bobs: FlaskClient) -> None:
    form = {"present": "wrong wrong wrong", "password": NEW, "password_again": NEW}
    for _ in range(10):
        bobs.post("/account/password", data=form)
    answer = bobs.post("/account/password", data={**form, "present": PASSWORD})
    assert answer.status_code == 422
    assert "Please wait 15 minutes" in answer.text


def test_who_has_no_password_may_have_a_link_mailed(
    bobs: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    with open_database():
        Account.update(password_hash=None).where(Account.id == people.bob.id).execute()
    text = bobs.get("/account").text
    assert "when Microsoft is away" in text
    assert 'name="present"' not in text
    answer = bobs.post("/account/password-link")
    assert answer.location == "/account"
    with open_database():
        mail = Mail.get(Mail.kind == "password_reset")
    assert mail.to == "bob@contoso.example"
    for _ in range(3):
        answer = bobs.post("/account/password-link")
    assert answer.status_code == 422
    assert "Too many mails" in answer.text


def test_an_app_is_set_up_with_its_first_code_and_ten_recovery_codes_are_shown_once(
    bobs: FlaskClient, open_database: OpenDatabase
) -> None:
    page = bobs.get(APP).text
    assert "<svg" in page
    assert "style=" not in page
    _, shown = _set_up_app(bobs)
    codes = _recovery_codes(shown)
    assert len(set(codes)) == 10
    text = bobs.get("/account").text
    assert "10 of 10 left" in text
    assert not any(code in text for code in codes)
    assert "second_factor_changed" in _mails(open_database)


def test_a_wrong_first_code_sets_nothing_up_and_keeps_the_same_picture(
    bobs: FlaskClient, open_database: OpenDatabase
) -> None:
    before = re.search(r'class="secret">([^<]+)<', bobs.get(APP).text)
    answer = bobs.post(APP, data={"code": "abcdef"})
    assert answer.status_code == 422
    after = re.search(r'class="secret">([^<]+)<', answer.text)
    assert before is not None
    assert after is not None
    assert before[1] == after[1]
    with open_database():
        assert not Authenticator.select().where(Authenticator.confirmed_at.is_null(False)).exists()


def test_another_app_takes_the_place_of_the_first(
    bobs: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    _, first = _set_up_app(bobs)
    assert "Use another authenticator app" in bobs.get(APP).text
    _, second = _set_up_app(bobs)
    assert not set(_recovery_codes(first)) & set(_recovery_codes(second))
    with open_database():
        assert Authenticator.select().where(Authenticator.account == people.bob).count() == 1


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", APP),
        ("POST", APP),
        ("GET", f"{APP}/remove"),
        ("POST", f"{APP}/remove"),
        ("GET", f"{APP}/recovery-codes"),
        ("POST", f"{APP}/recovery-codes"),
        ("GET", "/account/microsoft"),
        ("POST", "/account/microsoft"),
    ],
)
def test_no_factor_is_changed_without_a_recent_confirmation(
    bobs: FlaskClient, open_database: OpenDatabase, method: str, path: str
) -> None:
    _set_up_app(bobs)
    _long_ago(open_database)
    with open_database():
        before = list(SecondFactorCode.select().tuples()) + list(Authenticator.select().tuples())
    answer = bobs.open(path, method=method, data={"code": "123456"})
    assert answer.status_code == 303
    assert answer.location.startswith("/account/confirm?then=own_")
    with open_database():
        assert list(SecondFactorCode.select().tuples()) + list(Authenticator.select().tuples()) == before


def test_who_has_no_factor_confirms_with_the_password_and_goes_on(
    bobs: FlaskClient, open_database: OpenDatabase
) -> None:
    _long_ago(open_database)
    asked = bobs.get(APP)
    page = bobs.get(asked.location).text
    assert 'type="password"' in page
    assert "set up an authenticator app" in page
    wrong = bobs.post("/account/confirm", data={"then": "own_second_factor.app", "password": "wrong wrong wrong"})
    assert wrong.status_code == 422
    assert "not your present password" in wrong.text
    assert bobs.get(APP).status_code == 303
    right = bobs.post("/account/confirm", data={"then": "own_second_factor.app", "password": PASSWORD})
    assert right.location == APP
    assert bobs.get(APP).status_code == 200


def test_who_has_an_app_confirms_with_a_code_and_not_with_the_password(
    bobs: FlaskClient, open_database: OpenDatabase
) -> None:
    _, shown = _set_up_app(bobs)
    code = _recovery_codes(shown)[0]
    _long_ago(open_database)
    by_password = bobs.post("/account/confirm", data={"password": PASSWORD, "code": PASSWORD})
    assert by_password.status_code == 422
    assert "This code is not right" in by_password.text
    assert bobs.post("/account/confirm", data={"code": code}).location == "/account"
    assert bobs.get(APP).status_code == 200
    _long_ago(open_database)
    assert bobs.post("/account/confirm", data={"code": code}).status_code == 422


def test_who_has_neither_is_told_to_sign_in_again(
    bobs: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    with open_database():
        Account.update(password_hash=None).where(Account.id == people.bob.id).execute()
    _long_ago(open_database)
    assert "sign in with Microsoft again" in bobs.get("/account/confirm").text
    assert bobs.post("/account/confirm", data={"password": ""}).status_code == 422
    assert bobs.get(APP).status_code == 303


@pytest.mark.parametrize("then", ["https://evil.example", "//evil.example", "sign_in.sign_out", "home.page", "no", ""])
def test_confirming_leads_to_no_page_outside_the_list(
    bobs: FlaskClient, open_database: OpenDatabase, then: str
) -> None:
    _long_ago(open_database)
    answer = bobs.post("/account/confirm", data={"then": then, "password": PASSWORD})
    assert (answer.status_code, answer.location) == (303, "/account")
    assert bobs.get(f"/account/confirm?then={then}").location == "/account"


def test_no_text_message_is_sent_where_none_can_be(bobs: FlaskClient, open_database: OpenDatabase) -> None:
    _long_ago(open_database)
    answer = bobs.post("/account/confirm/text")
    assert answer.status_code == 422
    assert "No text message can be sent to you now." in answer.text


def test_a_code_comes_as_a_text_message_to_confirm_with(
    app: Flask, bobs: FlaskClient, people: People, open_database: OpenDatabase, httpserver: HTTPServer
) -> None:
    httpserver.expect_request("/send").respond_with_data("", status=202)
    gateway = f"json://127.0.0.1:{httpserver.port}/send?:to={{to}}"
    app.config["SETTINGS"] = replace(app.config["SETTINGS"], sms_url=gateway)
    with open_database():
        Account.update(mobile="+49 151 23456789").where(Account.id == people.bob.id).execute()
    assert "To •••• •• 89" in bobs.get("/account").text
    _long_ago(open_database)
    page = bobs.get(bobs.get(APP).location).text
    assert "Text me a code (•••• •• 89)" in page
    assert "23456789" not in page
    sent = bobs.post("/account/confirm/text", data={"then": "own_second_factor.app"})
    assert sent.location == "/account/confirm?then=own_second_factor.app"
    (request, _), *_ = httpserver.log
    found = re.search(r"\d{6}", request.get_json()["message"])
    assert found is not None
    form = {"then": "own_second_factor.app", "code": found[0]}
    assert bobs.post("/account/confirm", data=form).location == APP
    _long_ago(open_database)
    assert bobs.post("/account/confirm", data=form).status_code == 422


def test_the_app_is_removed_after_a_question_and_a_second_click_is_harmless(
    bobs: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    _set_up_app(bobs)
    assert "Remove the authenticator app?" in bobs.get(f"{APP}/remove").text
    for said in ("Your authenticator app is removed", "You have no authenticator app"):
        assert bobs.post(f"{APP}/remove").location == "/account"
        assert said in bobs.get("/account").text
    with open_database():
        assert not Authenticator.select().exists()
        assert not SecondFactorCode.select().exists()
    assert _actions(open_database).count("authenticator app removed") == 1


@pytest.mark.parametrize(("policy", "stays"), [(ADMINISTRATORS, False), (EVERYONE, True)])
def test_an_app_that_is_the_last_factor_of_somebody_who_is_asked_for_one_stays(
    bobs: FlaskClient, open_database: OpenDatabase, policy: str, stays: bool
) -> None:
    _set_up_app(bobs)
    with open_database():
        Organization.update(second_factor=policy).execute()
    assert ("Use another app instead" in bobs.get(f"{APP}/remove").text) is stays
    assert bobs.post(f"{APP}/remove").status_code == (422 if stays else 303)
    with open_database():
        assert Authenticator.select().exists() is stays


def test_new_recovery_codes_replace_the_old_ones(bobs: FlaskClient, open_database: OpenDatabase) -> None:
    _, shown = _set_up_app(bobs)
    old = _recovery_codes(shown)[0]
    assert "10 codes from before are left" in bobs.get(f"{APP}/recovery-codes").text
    new = _recovery_codes(bobs.post(f"{APP}/recovery-codes").text)
    assert len(set(new)) == 10
    _long_ago(open_database)
    assert bobs.post("/account/confirm", data={"code": old}).status_code == 422
    assert bobs.post("/account/confirm", data={"code": new[0]}).status_code == 303


def test_without_an_app_there_are_no_recovery_codes_to_renew(bobs: FlaskClient, open_database: OpenDatabase) -> None:
    for method in ("GET", "POST"):
        assert bobs.open(f"{APP}/recovery-codes", method=method).location == "/account"
    with open_database():
        assert not SecondFactorCode.select().exists()


def test_few_recovery_codes_are_warned_of(bobs: FlaskClient, open_database: OpenDatabase) -> None:
    _set_up_app(bobs)
    assert "Make new ones" not in bobs.get("/account").text
    with open_database():
        kept = [row.id for row in SecondFactorCode.select().limit(2)]
        SecondFactorCode.delete().where(SecondFactorCode.id.not_in(kept)).execute()
    assert "Only 2 recovery codes are left." in bobs.get("/account").text


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        ("off", "asks nobody for a code"),
        (ADMINISTRATORS, "does not ask you for a code"),
        (EVERYONE, "You are asked for a code after your password."),
    ],
)
def test_the_page_says_whether_a_second_factor_is_asked_for(
    bobs: FlaskClient, open_database: OpenDatabase, policy: str, words: str
) -> None:
    with open_database():
        Organization.update(second_factor=policy).execute()
    assert words in bobs.get("/account").text


def test_one_session_is_ended_and_another_persons_is_not(
    app: Flask, bobs: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    adas, elsewhere = (sign_in(app.test_client(), f"{who}@contoso.example") for who in ("ada", "bob"))
    with open_database():
        newest, adas_row = (
            SignInSession.select().where(SignInSession.account == who).order_by(SignInSession.id.desc()).get().id
            for who in (people.bob, people.ada)
        )
    text = bobs.get("/account").text
    assert text.count("This one") == 1
    assert f"/account/sessions/{newest}/end" in text
    answer = bobs.post(f"/account/sessions/{newest}/end")
    assert (answer.status_code, answer.location) == (303, "/account#sessions")
    bobs.post(f"/account/sessions/{adas_row}/end")
    assert elsewhere.get("/account").status_code == 303
    assert adas.get("/account").status_code == 200
    assert bobs.get("/account").status_code == 200
    assert _actions(open_database).count("session ended") == 1


def test_all_other_sessions_are_ended_at_once(
    app: Flask, bobs: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    others = [sign_in(app.test_client(), "bob@contoso.example") for _ in range(2)]
    adas = sign_in(app.test_client(), "ada@contoso.example")
    bobs.post("/account/sessions/end-others")
    assert "2 other sessions have ended." in bobs.get("/account").text
    assert [other.get("/account").status_code for other in others] == [303, 303]
    assert adas.get("/account").status_code == 200
    assert "other sessions ended" in _actions(open_database)


def test_trust_in_browsers_is_listed_and_revoked_and_another_persons_is_not(
    bobs: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    with open_database():
        rows = [
            TrustedBrowser.create(
                account=who, token_hash=f"t{number}", browser=f"Browser {number}", remote_address="203.0.113.9",
                created_at=utcnow(), expires_at=utcnow() + timedelta(hours=1),
            )
            for number, who in enumerate((people.bob, people.bob, people.bob, people.ada))
        ]  # fmt: skip
    text = bobs.get("/account").text
    assert "Browser 2" in text
    assert "Browser 3" not in text
    for row in (rows[0], rows[3]):
        assert bobs.post(f"/account/browsers/{row.id}/revoke").location == "/account#browsers"
    with open_database():
        assert {row.browser for row in TrustedBrowser.select()} == {"Browser 1", "Browser 2", "Browser 3"}
    bobs.post("/account/browsers/revoke-all")
    with open_database():
        assert [row.browser for row in TrustedBrowser.select()] == ["Browser 3"]
    actions = _actions(open_database)
    assert actions.count("trust in a browser revoked") == 1
    assert actions.count("trust in all browsers revoked") == 1


def test_microsoft_is_offered_for_connecting_only_where_it_is_on_and_nothing_is_connected(
    bobs: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    button = "Connect Microsoft account"
    assert button not in bobs.get("/account").text
    assert bobs.post("/account/microsoft").location == "/account"
    assert "so there is nothing to connect to" in bobs.get("/account").text
    with open_database():
        Connection.update(tenant_id="t", application_id="a", ad_key="k", last_verified_at=utcnow()).execute()
    assert button in bobs.get("/account").text
    assert "Connect your Microsoft account" in bobs.get("/account/microsoft").text
    with open_database():
        Account.update(microsoft_id="m").where(Account.id == people.bob.id).execute()
    assert button not in bobs.get("/account").text
    for method in ("GET", "POST"):
        assert bobs.open("/account/microsoft", method=method).location == "/account"
        assert "connected to a Microsoft account already" in bobs.get("/account").text


def test_a_local_sign_in_past_microsoft_is_said_on_every_page(
    app: Flask, bobs: FlaskClient, open_database: OpenDatabase
) -> None:
    banner = "You signed in with a local password although Microsoft sign-in is on."
    assert banner not in bobs.get("/account").text
    with open_database():
        SignInSession.update(fallback=True).execute()
    assert banner in bobs.get("/account").text
