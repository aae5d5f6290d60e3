"""A forgotten password, and the link that a mail brings."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from ppe.clock import utcnow
from ppe.models import Account, AuditEvent, Mail, PasswordLink, SignInSession
from ppe.signin import links
from tests.conftest import PASSWORD, OpenDatabase, People, sign_in

NEW = "grey kettle anchor meadow"


def _link(account: Account, open_database: OpenDatabase) -> str:
    with open_database():
        return links.issue(account, links.RESET, utcnow())


def _choose(client: FlaskClient, token: str, password: str = NEW, again: str = NEW) -> int:
    followed = client.get(f"/password/{token}")
    assert (followed.status_code, followed.location) == (303, "/sign-in/new-password")
    return client.post("/sign-in/new-password", data={"password": password, "password_again": again}).status_code


def test_the_same_is_said_and_written_for_everybody(
    client: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    for address in ("Ada@contoso.example", "nobody@contoso.example"):
        answer = client.post("/sign-in/forgotten", data={"address": address})
        assert (answer.status_code, answer.location) == (303, "/sign-in")
        assert f"If {address} can sign in here" in client.get("/sign-in").text
    with open_database():
        asked = [(mail.kind, mail.to, mail.account, mail.organization) for mail in Mail.select()]
        assert asked == [
            ("password_reset", "ada@contoso.example", None, None),
            ("password_reset", "nobody@contoso.example", None, None),
        ]
        assert PasswordLink.select().count() == 0, "a link is made when its mail is written, and for somebody alone"


def test_too_many_mails_get_a_sentence(client: FlaskClient, people: People) -> None:
    for _ in range(3):
        client.post("/sign-in/forgotten", data={"address": "ada@contoso.example"})
    refused = client.post("/sign-in/forgotten", data={"address": "ada@contoso.example"})
    assert refused.status_code == 422
    assert "Wait an hour" in refused.text


@pytest.mark.parametrize("address", ["", "ada", "a" * 301 + "@contoso.example"])
def test_what_is_no_address_gets_no_mail(client: FlaskClient, people: People, address: str) -> None:
    refused = client.post("/sign-in/forgotten", data={"address": address})
    assert refused.status_code == 422
    assert "Type your whole mail address" in refused.text


def test_a_new_password_ends_every_session_and_the_old_password(
    app: Flask, client: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    elsewhere = sign_in(app.test_client(), "ada@contoso.example")
    assert _choose(client, _link(people.ada, open_database)) == 303
    assert elsewhere.get("/account").location.startswith("/sign-in")
    old = client.post("/sign-in/password", data={"address": "ada@contoso.example", "password": PASSWORD})
    assert old.status_code == 422
    sign_in(client, "ada@contoso.example", NEW)
    with open_database():
        assert Mail.select().where(Mail.kind == "password_changed").count() == 1
        assert AuditEvent.select().where(AuditEvent.action == "password changed").count() == 1


def test_it_signs_nobody_in(client: FlaskClient, people: People, open_database: OpenDatabase) -> None:
    assert _choose(client, _link(people.ada, open_database)) == 303
    with open_database():
        assert SignInSession.select().count() == 0
    assert client.get("/account").location.startswith("/sign-in")


def test_a_link_works_once_and_looking_at_it_uses_nothing_up(
    app: Flask, client: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    token = _link(people.ada, open_database)
    scanner = app.test_client()
    scanner.get(f"/password/{token}")
    assert scanner.get("/sign-in/new-password").status_code == 200
    assert _choose(client, token) == 303
    assert _choose(app.test_client(), token) == 410


@pytest.mark.parametrize(
    ("password", "again"), [(NEW, "another"), ("password1234", "password1234"), ("short", "short")]
)
def test_a_poor_password_changes_nothing_and_the_link_stays_good(
    client: FlaskClient, people: People, open_database: OpenDatabase, password: str, again: str
) -> None:
    token = _link(people.ada, open_database)
    assert _choose(client, token, password, again) == 422
    assert _choose(client, token) == 303


def test_a_new_link_voids_the_one_before_and_each_ends_in_time(
    client: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    first = _link(people.ada, open_database)
    second = _link(people.ada, open_database)
    with open_database():
        now = utcnow()
        assert links.account_of(first, now) is None
        assert links.account_of(second, now + timedelta(minutes=59)) == people.ada
        assert links.account_of(second, now + timedelta(hours=1)) is None
        welcome = links.issue(people.ada, links.WELCOME, now)
        assert links.account_of(welcome, now + timedelta(days=6, hours=23)) == people.ada
        assert links.account_of(second, now) == people.ada, "a welcome and a reset do not void each other"


def test_who_may_not_sign_in_any_more_has_no_use_of_a_link(
    client: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    token = _link(people.bob, open_database)
    with open_database():
        Account.update(type="silent_user").where(Account.id == people.bob.id).execute()
    assert _choose(client, token) == 410
    with open_database():
        assert Account.get_by_id(people.bob.id).password_hash == people.bob.password_hash


def test_the_token_leaves_the_address_at_once(client: FlaskClient, people: People, open_database: OpenDatabase) -> None:
    token = _link(people.ada, open_database)
    assert token not in client.get(f"/password/{token}").location
    page = client.get("/sign-in/new-password").text
    assert token not in page
