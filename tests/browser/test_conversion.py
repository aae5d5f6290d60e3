"""A leaver's mailbox keeps its mail: converted straight from the review, kept by the next sync, and converted back."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.demo import Demo
from tests.browser.steps import accept, expect_title, go, look_for, press, run_sync, sign_in_with_microsoft

pytestmark = pytest.mark.browser

LEAVER = "Lena Leaver"


def test_a_leaver_is_converted_in_the_review_and_back_on_their_page(demo: Demo, page: Page, has_script: bool) -> None:
    leaver = demo.change("hire", name=LEAVER)
    sign_in_with_microsoft(page, demo)
    run_sync(page, has_script)
    accept(page, has_script)

    demo.change("block", id=leaver)
    run_sync(page, has_script)
    expect(page.locator("#commit-summary")).to_have_text("1 to disable.")
    press(page, f"Convert to functional account {LEAVER}")
    expect(page.get_by_text("1 row will add or keep a functional account: see Adding and Updating.")).to_be_visible()
    page.locator("#tab-updating").click()
    expect(page.locator(".differences")).to_contain_text("End User → Functional Account")
    expect(page.get_by_text("It becomes a functional account: no sign-in, and mail flows.")).to_be_visible()
    accept(page, has_script)

    run_sync(page, has_script)
    expect(page.locator("#run-headline")).to_have_text("Everything is in step: nothing to change")

    go(page, "Functional Accounts")
    look_for(page, "lena")
    expect(page.locator("tbody tr")).to_contain_text("Active")
    page.get_by_role("link", name=LEAVER, exact=True).click()
    expect_title(page, LEAVER)
    expect(page.locator(".facts")).to_contain_text("no sync changes what it is")

    page.get_by_role("link", name="Convert back to a user…").click()
    expect_title(page, f"Convert {LEAVER} back to a user?")
    expect(page.locator(".alert")).to_contain_text("the next sync would deactivate this user")
    page.get_by_label("Role").select_option("Silent User")
    page.get_by_label("Exempt from Sync").check()
    press(page, "Convert back to a user")
    expect_title(page, LEAVER)
    expect(page.locator(".facts")).to_contain_text("Silent User")

    page.get_by_role("link", name="Convert to functional account…").click()
    expect_title(page, f"Convert {LEAVER} to a functional account?")
    page.get_by_role("link", name="Leave it a user").click()
    expect_title(page, LEAVER)
    run_sync(page, has_script)
    expect(page.locator("#run-headline")).to_have_text("Everything is in step: nothing to change")
