from dataclasses import replace

import pytest
from cryptography.fernet import Fernet
from flask import Flask

from ppe import setup
from ppe.clock import utcnow
from ppe.encryption import decrypt, encrypt
from ppe.models import Account, AuditEvent, Authenticator, Connection, Installation, Organization
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


def test_a_one_time_code_made_on_the_machine_stands_in_for_the_second_factor(
    app: Flask, people: People, open_database: OpenDatabase
) -> None:
    with open_database():
        Organization.update(second_factor="everyone").execute()
        Account.update(second_factor_at=utcnow()).execute()
    said = app.test_cli_runner().invoke(args=["ppe", "one-time-code", "ADA@contoso.example"])
    assert said.exit_code == 0, said.output
    app.config["WTF_CSRF_ENABLED"] = False
    browser = app.test_client()
    browser.post("/sign-in/password", data={"address": "ada@contoso.example", "password": PASSWORD})
    assert browser.post("/sign-in/code", data={"code": said.output.split()[0]}).location == "/"
    with open_database():
        assert AuditEvent.get(AuditEvent.action.contains("one-time code")).actor == "the command line"


def test_a_password_link_made_on_the_machine_opens(app: Flask, people: People) -> None:
    said = app.test_cli_runner().invoke(args=["ppe", "password-link", "ada@contoso.example"])
    address = said.output.split()[0]
    assert address.startswith("http://127.0.0.1:8000/password/")
    browser = app.test_client()
    browser.get(address.removeprefix("http://127.0.0.1:8000"))
    assert browser.get("/sign-in/new-password").status_code == 200


@pytest.mark.parametrize("command", ["one-time-code", "password-link"])
def test_nobody_gets_one_who_may_not_sign_in(app: Flask, people: People, command: str) -> None:
    said = app.test_cli_runner().invoke(args=["ppe", command, "nobody@contoso.example"])
    assert said.exit_code == 1
    assert "Nobody with the address" in said.output


def test_rotating_the_keys_lets_the_old_one_go(app: Flask, people: People, open_database: OpenDatabase) -> None:
    old, new = app.config["SETTINGS"].encryption_keys[0], Fernet.generate_key().decode()
    with app.app_context(), open_database():
        Connection.update(ad_key=encrypt("the client secret")).execute()
        Authenticator.create(account=people.ada, secret=encrypt("the app's secret"), created_at=utcnow())
    app.config["SETTINGS"] = replace(app.config["SETTINGS"], encryption_keys=(new, old))
    said = app.test_cli_runner().invoke(args=["ppe", "rotate-keys"])
    assert "3 secrets" in said.output
    app.config["SETTINGS"] = replace(app.config["SETTINGS"], encryption_keys=(new,))
    with app.app_context(), open_database():
        assert {decrypt(str(connection.ad_key)) for connection in Connection.select()} == {"the client secret"}
        assert decrypt(Authenticator.get().secret) == "the app's secret"


def test_rotating_changes_nothing_where_one_secret_cannot_be_read(
    app: Flask, people: People, open_database: OpenDatabase
) -> None:
    with app.app_context(), open_database():
        Connection.update(ad_key=encrypt("the client secret")).where(
            Connection.organization == people.contoso
        ).execute()
        Connection.update(ad_key="nonsense").where(Connection.organization == people.fabrikam).execute()
        before = [connection.ad_key for connection in Connection.select().order_by(Connection.id)]
    said = app.test_cli_runner().invoke(args=["ppe", "rotate-keys"])
    assert said.exit_code == 1
    with open_database():
        assert [connection.ad_key for connection in Connection.select().order_by(Connection.id)] == before
