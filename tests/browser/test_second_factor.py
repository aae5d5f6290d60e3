"""The second factor as people meet it: an app, recovery codes, trusted browsers, codes that somebody else issues."""

import re
from datetime import datetime, timedelta

import pyotp
import pytest
import segno
from playwright.sync_api import Page, expect

from tests.browser.conftest import Watch
from tests.browser.demo import Demo, address_of
from tests.browser.sign_in_steps import (
    ADMINISTRATORS_NUMBER,
    PASSWORD,
    PEOPLE,
    RESET,
    ask_for_link,
    choose_password,
    have_code_texted,
    set_up_app,
    show_code,
    show_password,
    sign_out,
)
from tests.browser.steps import expect_title, go, look_for, press, read_mail, sign_in_with_microsoft

pytestmark = pytest.mark.browser

REFUSED = "This code is not right, or it was used before. Wait for the next one, or use another way."


def test_a_first_app_is_set_up_at_sign_in_and_then_its_codes_and_the_recovery_codes_are_good(
    page: Page, staffed: Demo, watch: Watch
) -> None:
    watch.foreseen.append("status of 422")
    name, address = "Erik Enrols", address_of("Erik Enrols")
    ask_for_link(page, staffed, name)
    choose_password(page, staffed, name)
    page.get_by_label("Password").fill(PASSWORD)
    press(page, "Sign in")
    expect_title(page, "Set up your second factor")
    drawn = page.locator(".qr path").evaluate_all("paths => paths.map(path => path.getAttribute('d'))")
    assert drawn == picture(page.locator("#secret").inner_text(), name)
    app = set_up_app(page, "Go on")

    page.get_by_role("link", name="I have kept them").click()
    expect_title(page, "My preferences")
    expect(page.locator("#second-factor")).to_contain_text("10 of 10 left")
    page.goto(f"{staffed.address}/sign-in/code/set-up")
    expect_title(page, "My preferences")

    sign_out(page)
    show_password(page, staffed, address, PASSWORD)
    expect_title(page, "Second step")
    show_code(page, pyotp.TOTP(app.secret).at(datetime.now().astimezone() + timedelta(seconds=30)))
    expect_title(page, "My preferences")

    sign_out(page)
    show_password(page, staffed, address, PASSWORD)
    show_code(page, app.recovery_codes[0])
    expect_title(page, "My preferences")
    expect(page.locator("#second-factor")).to_contain_text("9 of 10 left")

    sign_out(page)
    show_password(page, staffed, address, PASSWORD)
    show_code(page, app.recovery_codes[0])
    expect(page.get_by_role("alert")).to_have_text(REFUSED)
    expect_title(page, "Second step")


def test_a_trusted_browser_is_not_asked_for_a_code_until_the_trust_is_revoked(page: Page, staffed: Demo) -> None:
    show_password(page, staffed, staffed.user, staffed.password)
    code = have_code_texted(page, staffed, ADMINISTRATORS_NUMBER)
    page.get_by_label("Trust this browser for 12 hours").check()
    show_code(page, code)
    expect_title(page, "Contoso")

    sign_out(page)
    show_password(page, staffed, staffed.user, staffed.password)
    expect_title(page, "Contoso")
    page.get_by_role("link", name="My preferences").click()
    trusted = page.get_by_role("table", name="Trusted browsers")
    trusted.get_by_role("button", name=re.compile("^Revoke the trust in ")).click()
    expect(page.locator("#messages")).to_contain_text("This browser is not trusted any more")
    expect(trusted).to_have_count(0)

    sign_out(page)
    show_password(page, staffed, staffed.user, staffed.password)
    expect_title(page, "Second step")


def test_a_code_that_an_administrator_has_mailed_stands_in_for_a_lost_telephone_once(
    page: Page, another: Page, staffed: Demo, watch: Watch
) -> None:
    watch.foreseen.append("status of 422")
    name, address = "Olga Onetime", address_of("Olga Onetime")
    sign_in_with_microsoft(page, staffed, address)
    page.get_by_role("link", name="Set up an authenticator app").click()
    expect_title(page, "Set up an authenticator app")
    set_up_app(page, "Set it up")
    page.get_by_role("link", name="I have kept them").click()
    press(page, "Mail me a link to choose a password")
    expect(page.locator("#messages")).to_contain_text(f"A mail with a link is on its way to {address}.")
    choose_password(page, staffed, name)
    page.get_by_label("Password").fill(PASSWORD)
    press(page, "Sign in")
    expect_title(page, "Second step")
    page.get_by_text("Nothing of that at hand?").click()
    expect(page.locator(".help-fold")).to_contain_text(f"Ask Demo Administrator ({staffed.user})")

    sign_in_with_microsoft(another, staffed)
    go(another, "Users")
    look_for(another, name)
    another.get_by_role("link", name=name).click()
    expect_title(another, name)
    press(another, "Mail a one-time code")
    expect(another.locator("#messages")).to_contain_text(address)

    read_mail(another, staffed, address, "A code to sign in at Contoso")
    code = re.search(r"\b\w{4}-\w{4}-\w{4}\b", another.locator(".words").inner_text())
    assert code is not None, another.locator(".words").inner_text()
    show_code(page, code[0])
    expect_title(page, "My preferences")

    sign_out(page)
    show_password(page, staffed, address, PASSWORD)
    show_code(page, code[0])
    expect(page.get_by_role("alert")).to_have_text(REFUSED)


def test_a_forgotten_password_is_replaced_by_mail_and_signs_out_everywhere_else(
    page: Page, another: Page, staffed: Demo, watch: Watch
) -> None:
    watch.foreseen.append("status of 410")
    name, address = "Femke Forgot", address_of("Femke Forgot")
    sign_in_with_microsoft(another, staffed, address)

    ask_for_link(page, staffed, name)
    choose_password(page, staffed, name)
    another.reload()
    expect_title(another, "Sign in")

    page.get_by_label("Password").fill(PASSWORD)
    press(page, "Sign in")
    show_code(page, have_code_texted(page, staffed, (PEOPLE[name] or "").replace(" ", "")))
    expect_title(page, "My preferences")

    sign_out(page)
    read_mail(page, staffed, address, RESET)
    page.get_by_role("link", name=f"{staffed.address}/password/").click()
    expect_title(page, "This link does not work any more")


def picture(secret: str, name: str) -> list[str]:
    """The lines of the QR code with which an app takes this secret."""
    plain = re.sub(r"\s", "", secret)
    address = pyotp.TOTP(plain).provisioning_uri(name=name, issuer_name="PPE Contoso")
    drawing = segno.make(address, error="m").svg_inline(border=3, dark="#000", light="#fff", omitsize=True)
    return re.findall(r' d="([^"]+)"', drawing)
