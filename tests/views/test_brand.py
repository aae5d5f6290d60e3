from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from ppe.config import Settings
from ppe.errors import SettingsError
from tests.conftest import People

LOGO = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"/>'


def test_by_default_it_is_called_ppe(client: FlaskClient, people: People) -> None:
    page = client.get("/sign-in").text
    assert "<strong>PPE</strong>" in page
    assert "People Pulled from Entra" in page
    assert client.get("/logo").status_code == 404


def test_another_name_stands_on_every_page_and_in_its_title(app: Flask, client: FlaskClient, people: People) -> None:
    app.config["SETTINGS"] = replace(app.config["SETTINGS"], console_name="Mail & Guard")
    page = client.get("/sign-in").text
    assert "<title>Sign in · Mail &amp; Guard</title>" in page
    assert "<strong>Mail &amp; Guard</strong>" in page
    assert "PPE" not in page
    assert "People Pulled" not in page


def test_a_logo_takes_the_place_of_the_name_and_strangers_see_it(
    app: Flask, client: FlaskClient, people: People, tmp_path: Path
) -> None:
    (tmp_path / "logo.svg").write_text(LOGO)
    app.config["SETTINGS"] = replace(
        app.config["SETTINGS"], console_name="Guard", console_logo=str(tmp_path / "logo.svg")
    )
    assert '<img class="brand-logo" src="/logo" alt="Guard">' in client.get("/sign-in").text
    with client.get("/logo") as answer:
        assert (answer.status_code, answer.mimetype, answer.data.decode()) == (200, "image/svg+xml", LOGO)
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'")


@pytest.mark.parametrize(
    ("variable", "text"),
    [("CONSOLE_NAME", "x" * 41), ("CONSOLE_NAME", "two\nlines"), ("CONSOLE_LOGO", "/nowhere/logo.svg")],
)
def test_what_makes_no_sense_stops_the_start(tmp_path: Path, variable: str, text: str) -> None:
    with pytest.raises(SettingsError, match=f"PPE_{variable}"):
        Settings.from_env({"PPE_DATA_DIR": str(tmp_path), f"PPE_{variable}": text})
