from flask import Flask
from flask.testing import FlaskClient

from ppe import setup
from ppe.clock import utcnow
from ppe.models import Organization
from tests.conftest import PASSWORD, OpenDatabase, People

TYPED = {
    "organization_name": "Contoso",
    "name": "Ada",
    "address": "ada@contoso.example",
    "password": PASSWORD,
    "password_again": PASSWORD,
}


def _typed(open_database: OpenDatabase, **other: str) -> dict[str, str]:
    with open_database():
        return {**TYPED, "token": setup.new_token(utcnow()), **other}


def test_before_set_up_every_page_leads_there(client: FlaskClient) -> None:
    for path in ("/", "/sign-in", "/import-sync/azure", "/nowhere"):
        answer = client.get(path)
        assert (answer.status_code, answer.location) == (303, "/set-up")
    assert client.get("/static/app.css", buffered=True).status_code == 200


def test_set_up_then_sign_in(client: FlaskClient, open_database: OpenDatabase) -> None:
    answer = client.post("/set-up", data=_typed(open_database))
    assert (answer.status_code, answer.location) == (303, "/sign-in")
    assert "Set-up is complete" in client.get("/sign-in").text
    answer = client.post("/sign-in", data={"address": "ada@contoso.example", "password": PASSWORD})
    assert answer.status_code == 303


def test_afterwards_there_is_no_such_page(client: FlaskClient, people: People) -> None:
    assert client.get("/set-up").status_code == 404
    assert client.post("/set-up", data=TYPED).status_code == 404


def test_a_wrong_token_keeps_what_was_typed_and_creates_nothing(
    client: FlaskClient, open_database: OpenDatabase
) -> None:
    answer = client.post("/set-up", data=_typed(open_database, token="guessed"))
    assert answer.status_code == 422
    assert 'id="token-error">This is not the token' in answer.text
    assert 'value="ada@contoso.example"' in answer.text
    assert PASSWORD not in answer.text
    with open_database():
        assert Organization.select().count() == 0


def test_every_wrong_field_has_its_sentence(client: FlaskClient, open_database: OpenDatabase) -> None:
    answer = client.post(
        "/set-up",
        data=_typed(open_database, organization_name=" ", name="", address="ada", password="a", password_again="b"),
    )
    assert answer.status_code == 422
    for field in ("organization_name", "name", "address", "password", "password_again"):
        assert f'id="{field}-error"' in answer.text
        assert f'aria-describedby="{field}-error' in answer.text


def test_without_the_token_nothing_else_is_told(client: FlaskClient) -> None:
    answer = client.post("/set-up", data={"token": "guessed", "address": "ada"})
    assert 'id="token-error"' in answer.text
    assert 'id="address-error"' not in answer.text


def test_guessing_the_token_slows_down(client: FlaskClient) -> None:
    for _ in range(10):
        client.post("/set-up", data={"token": "guessed"})
    assert "Please wait 15 minutes" in client.post("/set-up", data={"token": "guessed"}).text


def test_the_form_needs_its_csrf_token(app: Flask, open_database: OpenDatabase) -> None:
    answer = app.test_client().post("/set-up", data=_typed(open_database))
    assert answer.status_code == 400
    assert "Nothing was changed." in answer.text
    with open_database():
        assert setup.is_open()
