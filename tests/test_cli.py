import pytest
from flask import Flask

from ppe import setup
from ppe.clock import utcnow
from ppe.models import Account, Installation
from tests.conftest import PASSWORD, OpenDatabase, People, sign_in

NAMES = ["--organization", "Contoso", "--name", "Ada", "--address", "ada@contoso.example"]


def test_create_admin_asks_and_closes_set_up(app: Flask, open_database: OpenDatabase) -> None:
    typed = f"Contoso\nAda\nada@contoso.example\n{PASSWORD}\n{PASSWORD}\n"
    said = app.test_cli_runner().invoke(args=["ppe", "create-admin"], input=typed)
    assert said.exit_code == 0, said.output
    assert "Ada can sign in at http://127.0.0.1:8000." in said.output
    assert PASSWORD not in said.output
    app.config["WTF_CSRF_ENABLED"] = False
    sign_in(app.test_client(), "ada@contoso.example")
    with open_database():
        assert not setup.is_open()


def test_create_admin_takes_the_names_as_options(app: Flask, open_database: OpenDatabase) -> None:
    said = app.test_cli_runner().invoke(args=["ppe", "create-admin", *NAMES], input=f"{PASSWORD}\n{PASSWORD}\n")
    assert said.exit_code == 0, said.output
    with open_database():
        assert Account.get().display_name == "Ada"


@pytest.mark.parametrize("password", ["too short", "Ada"])
def test_a_poor_password_is_refused_with_a_sentence(app: Flask, open_database: OpenDatabase, password: str) -> None:
    said = app.test_cli_runner().invoke(args=["ppe", "create-admin", *NAMES], input=f"{password}\n{password}\n")
    assert said.exit_code == 1
    assert "at least 12 characters" in said.output
    with open_database():
        assert setup.is_open()


def test_there_is_no_second_one(app: Flask, people: People) -> None:
    said = app.test_cli_runner().invoke(args=["ppe", "create-admin", *NAMES], input=f"{PASSWORD}\n{PASSWORD}\n")
    assert said.exit_code == 1
    assert "Set-up is complete" in said.output


def test_the_token_is_printed_while_set_up_is_open(app: Flask, open_database: OpenDatabase) -> None:
    said = app.test_cli_runner().invoke(args=["ppe", "set-up-token"]).output
    assert "http://127.0.0.1:8000/set-up" in said
    token = said.rsplit("Set-up token: ", 1)[1].strip()
    with open_database():
        setup.require_token(token, utcnow())
        Installation.update(setup_completed_at=utcnow()).execute()
    assert app.test_cli_runner().invoke(args=["ppe", "set-up-token"]).output == ""
