"""Home, the run history and the daily summary: what waits for somebody, what went wrong, and what happened when."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.scene import Scene
from tests.browser.steps import assert_fits, come_in, expect_title, go

pytestmark = pytest.mark.browser


def test_home_says_what_waits_and_leads_there(page: Page, office: Scene) -> None:
    come_in(page, office.address, "nora@northwind.example")
    expect(page.locator(".to-do > li")).to_have_count(5)
    expect(page.locator(".to-do")).to_contain_text("Microsoft does not accept the Client Secret.")
    assert_fits(page)
    page.get_by_role("link", name="Review the changes").click()
    expect(page.locator("#run-headline")).to_have_text("Held back: nothing of this has changed yet")
    page.go_back()
    page.get_by_role("link", name="Look at the connection").click()
    expect_title(page, "Azure Active Directory (Entra ID)")
    expect(page.locator("#connection-status")).to_contain_text("Make a new one in the app registration")


def test_whoever_has_just_begun_is_told_what_to_do_next(page: Page, office: Scene) -> None:
    come_in(page, office.address, "tess@tailspin.example")
    expect(page.locator(".waiting")).to_contain_text("Nothing waits for you.")
    for title in ("Functional Accounts", "Groups", "Run history"):
        go(page, title)
        expect(page.locator(".empty-state").get_by_role("link")).to_have_count(1)
    page.locator(".empty-state").get_by_role("link").click()
    expect_title(page, "Azure Active Directory (Entra ID)")
    page.locator(".side-menu").get_by_role("link", name="Home").click()
    page.get_by_role("link", name="Register your domains").click()
    expect_title(page, "Domains")


def test_a_run_is_found_in_the_history_and_a_day_in_the_summaries(ada: Page) -> None:
    go(ada, "Run history")
    expect(ada.locator(".run-list > li")).to_have_count(4)
    ada.locator(".run-list > li").filter(has_text="Failed").locator(".run-when").click()
    expect(ada.locator("#run-headline")).to_have_text("Domains that are not registered here")
    ada.get_by_role("navigation", name="Breadcrumb").get_by_role("link", name="Run history").click()
    ada.get_by_role("link", name="Daily summary").click()
    expect_title(ada, "Azure AD Summary, today so far")
    expect(ada.locator(".told")).to_contain_text(re.compile(r"\b\d+ added\."))
    days = ada.get_by_role("navigation", name="Days")
    days.get_by_role("link").first.click()
    yesterday = ada.get_by_role("heading", level=1).inner_text()
    days.get_by_role("link").first.click()
    expect(ada.locator(".told")).to_contain_text("No sync ran in this time.")
    ada.go_back()
    expect(ada.get_by_role("heading", level=1)).to_have_text(yesterday)
    days.get_by_role("link", name="Today so far").click()
    ada.get_by_role("navigation", name="Breadcrumb").get_by_role("link").click()
    expect_title(ada, "Run history")
