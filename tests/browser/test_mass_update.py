"""One action on many accounts, in a browser, with the real worker behind it: ticked or filtered, previewed, applied."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Watch
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
    until,
)

pytestmark = pytest.mark.browser


def test_accounts_are_ticked_or_filtered_previewed_and_changed(
    demo: Demo, page: Page, has_script: bool, watch: Watch
) -> None:
    sign_in_with_microsoft(page, demo)
    run_sync(page, has_script)
    accept(page, has_script)

    go(page, "Users")
    page.get_by_role("link", name="Tick all 50 on this page").click()
    expect(page.get_by_role("link", name="Untick all 50 on this page")).to_be_visible()
    assert page.locator("input.tick:checked").count() == 50
    page.get_by_role("checkbox", name="Tick Aisha Nakamura").uncheck()
    if has_script:
        expect(page.get_by_role("button", name="Mass Update of the 49 ticked…")).to_be_visible()
    page.get_by_role("link", name=re.compile("ick all 50 on this page")).click()
    look_for(page, "a")
    page.get_by_role("checkbox", name="Tick Aisha Nakamura").check()
    assert_fits(page)
    page.get_by_role("button", name=re.compile("ticked…$")).click()
    expect_title(page, "Mass Update")
    expect(page.get_by_text("For 1 user ticked.")).to_be_visible()
    watch.foreseen.append("422")
    press(page, "Preview")
    expect(page.get_by_text("Choose what to change.")).to_be_visible()
    page.get_by_label("Role").select_option("Silent User")
    page.get_by_label("Exemption").select_option("Exempt")
    page.get_by_label("Reason").fill("on leave")
    press(page, "Preview")
    wait_for(page, has_script, "Nothing has changed yet")
    expect(page.get_by_role("row", name=re.compile("Aisha Nakamura"))).to_contain_text("Silent User")
    assert_fits(page)
    page.locator("#apply").click()
    wait_for(page, has_script, "Done")
    assert_fits(page)

    page.get_by_role("link", name="Aisha Nakamura").click()
    expect_title(page, "Aisha Nakamura")
    expect(page.get_by_role("heading", name="By mass updates")).to_be_visible()
    expect(page.get_by_text("End User → Silent User")).to_be_visible()
    expect(page.get_by_text("Exempt from Sync: every sync leaves it alone.")).to_be_visible()

    go(page, "Functional Accounts")
    page.get_by_role("button", name=re.compile(r"^Mass Update of the \d+ functional accounts found…$")).click()
    page.get_by_label("Quarantine digest").select_option("Received")
    press(page, "Preview")
    wait_for(page, has_script, "Nothing has changed yet")
    page.locator("#update-cancel").click()
    expect(page.get_by_text("Nothing was changed.")).to_be_visible()

    go(page, "Audit Log")
    expect(page.get_by_role("link", name="Each account")).to_have_count(2)


def test_what_shuts_out_more_than_the_safety_limit_takes_a_typed_number(
    demo: Demo, page: Page, has_script: bool, watch: Watch
) -> None:
    watch.foreseen.append("422")
    sign_in_with_microsoft(page, demo)
    run_sync(page, has_script)
    accept(page, has_script)
    go(page, "Users")
    page.get_by_role("button", name=re.compile("found…$")).click()
    page.get_by_label("State").select_option("Not active")
    press(page, "Preview")
    wait_for(page, has_script, "Nothing has changed yet")
    expect(page.locator(".over-limit")).to_contain_text("deactivations: more than 5 and more than 10 % of")
    assert_fits(page)
    page.get_by_label(re.compile("^Type .* to confirm it$")).fill("1")
    page.locator("#apply").click()
    expect(page.locator("#confirmed-error")).to_contain_text("not 1. Type")
    expect(page.locator("#update-headline")).to_have_text("Nothing has changed yet")
    if has_script:
        expect(page.locator("#confirmed")).to_be_focused()
    assert_fits(page)
    page.locator("#update-cancel").click()
    expect(page.get_by_text("Nothing was changed.")).to_be_visible()


def wait_for(page: Page, has_script: bool, headline: str) -> None:
    """Until the mass update is there; without JavaScript by looking again."""
    wanted = page.locator("#update-headline").get_by_text(headline, exact=True)
    if has_script:
        expect(wanted).to_be_visible()
    else:
        until(wanted, page.reload)
