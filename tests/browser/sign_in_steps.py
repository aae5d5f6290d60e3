"""Signing in locally, a second factor, and a password: what several stories do on their way."""

import re
from dataclasses import dataclass

import pyotp
from playwright.sync_api import Page, expect

from tests.browser.demo import Demo, address_of
from tests.browser.steps import (
    accept,
    expect_title,
    go,
    press,
    read_code,
    read_mail,
    run_sync,
    sign_in_with_microsoft,
)

ADMINISTRATORS_NUMBER = "+31612345678"
RESET = "Choose a new password for Contoso"
PASSWORD = "quartz lantern marsupial oboe"
# Whom the demo of the shared tests has hired, each for one story, and the mobile number that is known of them.
PEOPLE = {
    "Mika Microsoft": None,
    "Erik Enrols": None,
    "Olga Onetime": None,
    "Femke Forgot": "+31 6 2222 3333",
}


@dataclass(frozen=True)
class App:
    """An authenticator app that was set up, and the recovery codes that came with it."""

    secret: str
    recovery_codes: list[str]


def staff(page: Page, demo: Demo, has_script: bool) -> None:
    """Bring the tenant's people in with a sync, and ask everybody for a code."""
    for name, mobile in PEOPLE.items():
        demo.hire(name, mobile)
    sign_in_with_microsoft(page, demo)
    run_sync(page, has_script)
    accept(page, has_script)
    ask_everybody_for_a_code(page, demo)


def ask_everybody_for_a_code(page: Page, demo: Demo) -> None:
    """Set 2 Step Authentication to Everyone: for that Microsoft's word alone is not enough."""
    go(page, "Authentication")
    choose_everyone(page)
    expect_title(page, "Confirm that it is you")
    page.get_by_label("Code", exact=True).fill(have_code_texted(page, demo, ADMINISTRATORS_NUMBER))
    press(page, "Confirm")
    expect_title(page, "Authentication")
    choose_everyone(page)
    expect_title(page, "Review the change")
    expect(page.locator(".differences")).to_contain_text(re.compile("2 Step Authentication: Administrators .*Everyone"))
    press(page, "Confirm")
    expect(page.locator("#messages")).to_have_text("The sign-in settings are saved and count from now on.")


def choose_everyone(page: Page) -> None:
    """Choose Everyone, and ask what that would mean."""
    page.get_by_label("Everyone", exact=True).check()
    press(page, "Review the change")


def show_password(page: Page, demo: Demo, address: str, password: str) -> None:
    """The first step of a local sign-in, on the page that is always there."""
    page.goto(f"{demo.address}/sign-in?main=1&email={address}")
    expect(page.get_by_label("Mail address")).to_have_value(address)
    page.get_by_label("Password").fill(password)
    press(page, "Sign in")


def show_code(page: Page, code: str) -> None:
    """The second step of a local sign-in."""
    page.get_by_label("Code", exact=True).fill(code)
    press(page, "Go on")


def have_code_texted(page: Page, demo: Demo, number: str) -> str:
    """Have a code sent, and read it on the telephone, which is a tab beside this one."""
    press(page, re.compile(rf"^Text .*•••• •• {number[-2:]}\)?$"))
    expect(page.locator("#messages")).to_contain_text("A code is on its way to •••• •• ")
    telephone = page.context.new_page()
    code = read_code(telephone, demo, number)
    telephone.close()
    return code


def ask_for_link(page: Page, demo: Demo, name: str) -> None:
    """Say on the local form that the password is forgotten, or was never there."""
    page.goto(f"{demo.address}/sign-in?main=1&email={address_of(name)}")
    page.get_by_role("link", name="Forgot your password?").click()
    expect_title(page, "Choose a password")
    expect(page.get_by_label("Mail address")).to_have_value(address_of(name))
    press(page, "Mail me a link")
    expect(page.locator("#messages")).to_contain_text(f"If {address_of(name)} can sign in here, a mail with a link")


def choose_password(page: Page, demo: Demo, name: str) -> None:
    """Choose the password of these stories with the mailed link, which leads to the local form."""
    read_mail(page, demo, address_of(name), RESET)
    page.get_by_role("link", name=f"{demo.address}/password/").click()
    expect_title(page, "Choose a password")
    expect(page.locator("main")).to_contain_text(f"For {name}.")
    page.get_by_label("New password", exact=True).fill(PASSWORD)
    page.get_by_label("New password, once more").fill(PASSWORD)
    press(page, "Set the password")
    expect(page.locator("#messages")).to_have_text("Your password is set. Sign in with it.")
    expect(page.get_by_label("Mail address")).to_have_value(address_of(name))


def set_up_app(page: Page, button: str) -> App:
    """Type the secret that is shown into an app, and its code into the page; gives what is shown then."""
    secret = re.sub(r"\s", "", page.locator("code").inner_text())
    page.get_by_role("textbox").fill(pyotp.TOTP(secret).now())
    press(page, button)
    expect_title(page, "Keep these recovery codes")
    shown = page.locator(".recovery-codes code")
    expect(shown).to_have_count(10)
    return App(secret, shown.all_inner_texts())


def sign_out(page: Page) -> None:
    """Sign out of PPE, wherever somebody is."""
    press(page, "Sign out")
    expect_title(page, "Sign in")
