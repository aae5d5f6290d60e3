"""The first day: from the token in the log to the first page, with a second factor on the way."""

import pytest
from playwright.sync_api import Page, expect

from ppe import setup
from ppe.clock import utcnow
from ppe.db import database
from tests.browser.conftest import Watch
from tests.browser.console import console
from tests.browser.everybody import wrong_with
from tests.browser.sign_in_steps import PASSWORD, set_up_app
from tests.browser.steps import expect_title, press

pytestmark = pytest.mark.browser


def test_the_first_administrator_sets_the_console_up_and_is_told_what_to_do_next(
    page: Page, has_script: bool, watch: Watch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    watch.foreseen += ["status of 422", "status of 404"]
    with console(tmp_path_factory.mktemp("console")) as (_, address):
        with database.connection_context():
            token = setup.new_token(utcnow())
        page.goto(f"{address}/users")
        expect_title(page, "Set up PPE")
        expect_nothing_wrong(page, has_script)

        fill_in(page, "guessed", PASSWORD)
        expect(page.locator("#token-error")).to_contain_text("This is not the token of the last start.")
        expect(page.get_by_label("Organisation")).to_have_value("Contoso")
        expect_nothing_wrong(page, has_script)
        fill_in(page, token, "another password entirely")
        expect(page.locator("#password_again-error")).to_have_text("The two passwords differ. Type both again.")
        fill_in(page, token, PASSWORD)
        expect(page.locator("#messages")).to_contain_text("Set-up is complete.")

        page.get_by_label("Mail address").fill("ada@contoso.example")
        page.keyboard.press("Enter")
        page.get_by_label("Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        expect_title(page, "Set up your second factor")
        set_up_app(page, "Go on")
        page.get_by_role("link", name="I have kept them").click()
        expect_title(page, "Contoso")
        expect(page.locator(".next-steps")).to_contain_text("Set up Import & Sync")
        page.goto(f"{address}/set-up")
        expect_title(page, "There is no such page")


def expect_nothing_wrong(page: Page, has_script: bool) -> None:
    """Everybody can use the page. (axe needs a browser that runs JavaScript.)"""
    if has_script:
        assert wrong_with(page) == []


def fill_in(page: Page, token: str, again: str) -> None:
    """Everything that set-up asks for; passwords are asked for each time."""
    for label, text in (
        ("One-time token", token),
        ("Organisation", "Contoso"),
        ("Your name", "Ada"),
        ("Your mail address", "ada@contoso.example"),
        ("Password", PASSWORD),
        ("Password, once more", again),
    ):
        page.get_by_label(label, exact=True).fill(text)
    press(page, "Complete set-up")
