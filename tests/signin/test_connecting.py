"""What stands in the way of connecting somebody else's Microsoft account, against the practice tenant."""

import html
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from ppe.models import Account
from tests.conftest import OpenDatabase, People, sign_in
from tests.signin.entra import Entra

ADA = "ada@contoso.example"


@pytest.fixture
def adas(app: Flask, entra: Entra) -> FlaskClient:
    """Ada's browser: signed in with her password, and not connected yet."""
    return sign_in(app.test_client(), ADA)


def _to_microsoft(browser: FlaskClient) -> str:
    page = browser.post("/account/microsoft")
    assert page.status_code == 200, page.location
    found = re.search(r'href="([^"]+)" id="to-microsoft"', page.text)
    assert found is not None
    return html.unescape(found[1])


def test_what_one_person_began_does_not_bind_another(
    adas: FlaskClient, entra: Entra, people: People, open_database: OpenDatabase
) -> None:
    entra.hire("Ada", ADA)
    there = _to_microsoft(adas)
    adas.post("/sign-out")
    entra.back(adas, entra.press(there, ADA))
    with open_database():
        assert Account.get_by_id(people.ada.id).microsoft_id is None


def test_while_microsoft_is_away_nothing_is_begun(adas: FlaskClient, entra: Entra) -> None:
    entra.settings(tenant_id="00000000-0000-0000-0000-000000000000")
    assert adas.post("/account/microsoft").location == "/account"
    assert "Microsoft does not answer at the moment" in adas.get("/account").text


def test_where_microsoft_sign_in_is_off_nothing_is_begun(adas: FlaskClient, entra: Entra) -> None:
    entra.settings(disable_login=True)
    assert adas.post("/account/microsoft").location == "/account"
    assert "so there is nothing to connect to" in adas.get("/account").text
