"""What the stories have in common: moving about, running a sync, and reading what arrives in the practice tenant."""

import re
import time
from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from tests.browser.demo import Demo
from tests.conftest import PASSWORD

NARROW = 360


def sign_in_with_microsoft(page: Page, demo: Demo, address: str = "") -> None:
    """From the address through Microsoft, which does not know this browser yet, to the first page of our own."""
    type_address(page, demo, address or demo.user)
    press(page, re.compile("^Sign in as "))
    expect(page).to_have_url(re.compile(rf"^{re.escape(demo.address)}/(account)?$"))


def come_in(page: Page, address: str, who: str) -> None:
    """Sign in with the password of the accounts that tests make, at a console that asks for nothing besides."""
    page.goto(f"{address}/sign-in?main=1&email={who}")
    page.get_by_label("Password").fill(PASSWORD)
    press(page, "Sign in")
    expect(page).to_have_url(re.compile(rf"^{re.escape(address)}/(account)?$"))


def type_address(page: Page, demo: Demo, address: str) -> None:
    """Type an address on the sign-in page, and go on to wherever its domain leads."""
    page.goto(f"{demo.address}/sign-in")
    page.get_by_label("Mail address").fill(address)
    press(page, "Continue")


def press(page: Page, words: str | re.Pattern[str]) -> None:
    """Press the button with exactly these words."""
    page.get_by_role("button", name=words, exact=True).click()


def expect_title(page: Page, words: str) -> None:
    """Be on the page with this title, and find that it fits a telephone."""
    expect(page.get_by_role("heading", level=1)).to_have_text(words)
    assert_fits(page)


def go(page: Page, words: str) -> None:
    """Open a page from the menu."""
    page.locator(".side-menu").get_by_role("link", name=words, exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(words)


def look_for(page: Page, text: str) -> None:
    """Filter a list."""
    page.locator("#text").fill(text)
    page.get_by_role("button", name="Filter").click()
    expect(page).to_have_url(re.compile(r"[?&]text="))


def run_sync(page: Page, has_script: bool) -> None:
    """Press Save & Run Sync Now, and wait until the run needs its reader."""
    begin_sync(page)
    wait_until_still(page, has_script)


def begin_sync(page: Page) -> None:
    """Press Save & Run Sync Now."""
    go(page, "Azure Active Directory (Entra ID)")
    page.get_by_role("button", name="Save & Run Sync Now").click()
    expect(page).to_have_url(re.compile(r"/import-sync/runs/\d+$"))


def accept(page: Page, has_script: bool) -> None:
    """Press Sync Active Directory, and wait for the result."""
    page.locator("#accept").click()
    expect(page.locator("#accept")).to_have_count(0)
    wait_until_still(page, has_script)
    expect(page.locator("#run-headline")).to_have_text("Finished")


def wait_until_still(page: Page, has_script: bool) -> None:
    """Wait for the end of what the worker does: with JavaScript on the same page, without it by following its link."""
    if has_script:
        opened = page.evaluate("performance.timeOrigin")
        expect(page.locator("#run .spinner")).to_have_count(0)
        assert page.evaluate("performance.timeOrigin") == opened, "The page was loaded anew."
        return
    again = page.get_by_role("link", name="Look again")
    latest = time.monotonic() + 30
    while again.is_visible():
        assert time.monotonic() < latest, page.locator("#run").inner_text()
        page.goto(page.url.split("/import-sync/")[0] + (again.get_attribute("href") or ""))
    expect(page.locator("#run-headline")).to_be_visible()
    expect(page.locator("#run .spinner")).to_have_count(0)


def read_mail(page: Page, demo: Demo, to: str, subject: str) -> None:
    """Open the newest mail with this subject in the practice mailbox, as soon as it has arrived there."""
    page.goto(f"{demo.practice}/mailbox?to={to}")
    mail = page.get_by_role("link", name=subject, exact=True).first
    until(mail, lambda: press(page, "Look again"))
    mail.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(subject)


def read_code(page: Page, demo: Demo, number: str) -> str:
    """The six digits of the newest text message on the practice phone."""
    page.goto(f"{demo.practice}/phone?number={number}")
    newest = page.locator(".talk .words").first
    expect(newest).to_contain_text(re.compile(r"^\d{6} is your code for PPE\."))
    return newest.inner_text()[:6]


def until(wanted: Locator, again: Callable[[], object]) -> None:
    """Do something again and again, until it makes the page show what is wanted."""
    latest = time.monotonic() + 30
    while not wanted.is_visible():
        assert time.monotonic() < latest, f"{wanted} is not among:\n{wanted.page.locator('body').inner_text()}"
        again()


def assert_fits(page: Page) -> None:
    """On a telephone nothing makes a reader scroll sideways."""
    page.wait_for_load_state()  # without its style sheets no page fits
    wide = page.viewport_size
    assert wide is not None
    page.set_viewport_size({"width": NARROW, "height": 740})
    width = page.evaluate("document.documentElement.scrollWidth")
    page.set_viewport_size(wide)
    assert width <= NARROW, f"{page.url} is {width} pixels wide."
