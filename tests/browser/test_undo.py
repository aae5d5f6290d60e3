"""A sync that should not have been is undone: looked at first, then carried out by the real worker."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.demo import Demo
from tests.browser.steps import (
    accept,
    assert_fits,
    expect_title,
    go,
    look_for,
    press,
    run_sync,
    sign_in_with_microsoft,
    wait_until_still,
)

pytestmark = pytest.mark.browser


def test_one_row_of_a_sync_is_undone_after_a_review(page: Page, staffed: Demo, has_script: bool) -> None:
    hired = staffed.change("hire", name="Ursula Undone")
    sign_in_with_microsoft(page, staffed)
    run_sync(page, has_script)
    accept(page, has_script)
    synced = page.url
    page.get_by_role("button", name="Undo Ursula Undone").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Undo the sync of")
    expect(page.locator("main")).to_contain_text("1 account that it added: removed, and kept for 30 days.")
    assert_fits(page)
    page.get_by_role("link", name="Back to the sync").click()
    expect(page).to_have_url(synced)
    page.get_by_role("button", name="Undo Ursula Undone").click()
    press(page, "Review the Undo")
    wait_until_still(page, has_script)
    expect(page.locator("#run-headline")).to_have_text("Nothing is undone yet")
    accept(page, has_script)

    go(page, "Users")
    look_for(page, "Ursula")
    expect(page.locator(".empty-state")).to_be_visible()
    go(page, "Exemptions")
    press(page, "End exemption of Ursula Undone")
    staffed.change("delete", id=hired)
    go(page, "Run history")
    expect_title(page, "Run history")
    expect(page.locator(".run-list > li").first).to_contain_text("undoes run")
