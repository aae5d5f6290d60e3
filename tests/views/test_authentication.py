import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from ppe.clock import utcnow
from ppe.models import (
    ADMINISTRATORS,
    EVERYONE,
    OFF,
    Account,
    AuditEvent,
    Authenticator,
    Connection,
    Organization,
    SignInSession,
)
from tests.conftest import OpenDatabase, People, sign_in
from tests.views.gate import assert_administrators_only

PAGE = "/account-management/authentication"
FORM = {"microsoft": "yes", "second_factor": OFF}  # as it is stored at the beginning


def _stored(open_database: OpenDatabase, people: People) -> tuple[bool, str, bool]:
    with open_database():
        organization = Organization.get_by_id(people.contoso.id)
        connection = Connection.get(Connection.organization == people.contoso)
        return (
            not connection.disable_login,
            organization.second_factor,
            bool(organization.second_factor_after_microsoft),
        )


def _review(browser: FlaskClient, **form: str) -> dict[str, str]:
    """The hidden fields of the summary."""
    answer = browser.post(PAGE, data=form)
    assert answer.status_code == 200, answer.location
    return {
        name: value
        for name, value in re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', answer.text)
        if name != "csrf_token"
    }


def _confirm(browser: FlaskClient, **form: str) -> TestResponse:
    return browser.post(f"{PAGE}/confirm", data=_review(browser, **form))


def test_authentication_is_for_administrators_alone(app: Flask, people: People) -> None:
    assert_administrators_only(app, PAGE)
    assert_administrators_only(app, PAGE, method="POST")
    assert_administrators_only(app, f"{PAGE}/confirm", method="POST")


def test_a_change_is_reviewed_before_it_is_saved_and_on_record(
    signed_in: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    hidden = _review(signed_in, microsoft="yes", second_factor=EVERYONE, after_microsoft="yes")
    assert _stored(open_database, people) == (True, OFF, False)
    answer = signed_in.post(f"{PAGE}/confirm", data=hidden)
    assert (answer.status_code, answer.location) == (303, PAGE)
    assert _stored(open_database, people) == (True, EVERYONE, True)
    with open_database():
        event = AuditEvent.get(AuditEvent.action == "sign-in policy changed")
        assert Organization.get_by_id(people.fabrikam.id).second_factor == OFF
    assert event.details == {
        "before": {"microsoft": True, "second_factor": OFF, "after_microsoft": False},
        "after": {"microsoft": True, "second_factor": EVERYONE, "after_microsoft": True},
    }
    text = signed_in.get(PAGE).text
    assert "count from now on" in text
    assert 'value="everyone" checked' in text


def test_the_review_says_how_many_have_no_authenticator_app(
    signed_in: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    text = signed_in.post(PAGE, data={**FORM, "second_factor": EVERYONE}).text
    assert "2 Step Authentication: Off" in text
    assert "2 of them have no authenticator app yet" in text
    text = signed_in.post(PAGE, data={**FORM, "second_factor": ADMINISTRATORS}).text
    assert "1 of them has no authenticator app yet" in text
    with open_database():
        Authenticator.create(account=people.bob, secret="x", created_at=utcnow())  # no app yet without a first code
    assert "2 of them have" in signed_in.post(PAGE, data={**FORM, "second_factor": EVERYONE}).text


def test_what_makes_signing_in_less_safe_is_said_plainly(
    signed_in: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    with open_database():
        Organization.update(second_factor=EVERYONE).execute()
        Account.update(password_hash=None).where(Account.id == people.bob.id).execute()
    text = signed_in.post(PAGE, data={"second_factor": OFF}).text
    assert "A password alone opens every account" in text
    assert "1 person has no local password yet" in text
    assert text.count("Less safe") == 2
    assert (
        "Less safe" not in signed_in.post(PAGE, data={**FORM, "second_factor": EVERYONE, "after_microsoft": "yes"}).text
    )


def test_microsoft_sign_in_is_switched_off_and_on(
    signed_in: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    _confirm(signed_in, second_factor=OFF)
    assert _stored(open_database, people)[0] is False
    with open_database():
        assert not Connection.get(Connection.organization == people.fabrikam).disable_login
    assert 'name="microsoft" value="yes" checked' not in signed_in.get(PAGE).text
    _confirm(signed_in, microsoft="yes", second_factor=OFF)
    assert _stored(open_database, people)[0] is True


def test_changing_nothing_says_so(signed_in: FlaskClient, people: People, open_database: OpenDatabase) -> None:
    answer = signed_in.post(PAGE, data=FORM)
    assert (answer.status_code, answer.location) == (303, PAGE)
    assert "these are the settings already" in signed_in.get(PAGE).text
    with open_database():
        assert not AuditEvent.select().where(AuditEvent.action == "sign-in policy changed").exists()


def test_what_another_administrator_changed_meanwhile_is_looked_at_first(
    signed_in: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    hidden = _review(signed_in, microsoft="yes", second_factor=EVERYONE)
    for table, change in (
        (Connection, {"disable_login": True}),
        (Organization, {"second_factor": ADMINISTRATORS}),
    ):
        with open_database():
            table.update(**change).execute()
        before = _stored(open_database, people)
        signed_in.post(f"{PAGE}/confirm", data=hidden)
        assert "Another administrator changed these settings meanwhile." in signed_in.get(PAGE).text
        assert _stored(open_database, people) == before
    with open_database():
        assert not AuditEvent.select().where(AuditEvent.action == "sign-in policy changed").exists()


@pytest.mark.parametrize("nonsense", ["", "nobody", "<b>"])
def test_a_policy_that_does_not_exist_is_neither_reviewed_nor_saved(
    signed_in: FlaskClient, people: People, open_database: OpenDatabase, nonsense: str
) -> None:
    answer = signed_in.post(PAGE, data={**FORM, "second_factor": nonsense})
    assert answer.status_code == 422
    assert "Choose who is asked for a code." in answer.text
    seen = {"seen_microsoft": "yes", "seen_second_factor": OFF}
    signed_in.post(f"{PAGE}/confirm", data={**seen, "microsoft": "yes", "second_factor": nonsense})
    assert _stored(open_database, people) == (True, OFF, False)


def test_the_page_says_how_the_connection_stands(signed_in: FlaskClient, open_database: OpenDatabase) -> None:
    text = signed_in.get(PAGE).text
    assert "Connection not verified" in text
    assert 'href="/import-sync/azure">set it up' in text
    with open_database():
        Connection.update(tenant_id="t", application_id="a", ad_key="k", last_verified_at=utcnow()).execute()
    assert "Connection verified" in signed_in.get(PAGE).text
    with open_database():
        Connection.update(error_sentence="The secret has expired.").execute()
    assert "Connection not working" in signed_in.get(PAGE).text


def test_a_local_sign_in_past_microsoft_is_shown_to_this_organisations_administrators(
    app: Flask, client: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    with open_database():
        Connection.update(tenant_id="t", application_id="a", ad_key="k", last_verified_at=utcnow()).where(
            Connection.organization == people.contoso
        ).execute()
    adas = sign_in(client, "ada@contoso.example")
    eves = sign_in(app.test_client(), "eve@fabrikam.example")
    notice = "Local sign-ins although Microsoft sign-in is on"
    for path in (PAGE, "/"):
        text = adas.get(path).text.replace("<wbr>", "")
        assert notice in text
        assert "ada@contoso.example" in text
        assert notice not in eves.get(path).text
    assert "This is on record." in adas.get("/users").text


def test_a_read_only_administrator_sees_no_button(
    signed_in: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    assert "Review the change" in signed_in.get(PAGE).text
    with open_database():
        Account.update(read_only=True).where(Account.id == people.ada.id).execute()
    assert "Review the change" not in signed_in.get(PAGE).text


def test_a_session_that_confirmed_nothing_lately_does_so_before_it_changes_the_policy(
    signed_in: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    with open_database():
        SignInSession.update(confirmed_at=utcnow() - timedelta(minutes=11)).execute()
    for path in ("", "/confirm"):
        sent = signed_in.post(f"/account-management/authentication{path}", data={"second_factor": "everyone"})
        assert sent.location == "/account/confirm?then=authentication.page"
    assert "change how everybody signs in" in signed_in.get(sent.location).text
    with open_database():
        assert Organization.get_by_id(people.contoso.id).second_factor == "off"
