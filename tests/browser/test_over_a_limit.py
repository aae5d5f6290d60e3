"""Twelve people are gone at once: by hand that takes a typed number, on the schedule it waits until somebody looks."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Watch
from tests.browser.demo import Demo
from tests.browser.steps import accept, assert_fits, go, press, run_sync, sign_in_with_microsoft

pytestmark = pytest.mark.browser

LEAVERS = [f"Lea Ver{number:02}" for number in range(12)]


def test_what_is_over_a_limit_is_confirmed_by_hand_and_held_on_the_schedule(
    demo: Demo, page: Page, has_script: bool, watch: Watch
) -> None:
    watch.foreseen.append("status of 422")
    hired = [demo.change("hire", name=name) for name in LEAVERS]
    sign_in_with_microsoft(page, demo)
    run_sync(page, has_script)
    expect(page.locator("#confirmed")).to_have_count(0)
    accept(page, has_script)
    for somebody in hired:
        demo.change("delete", id=somebody)

    run_sync(page, has_script)
    expect(page.locator(".over-limit")).to_contain_text("12 removals: more than 5 and more than 10 % of")
    assert_fits(page)
    page.locator("#tab-deleting").click()
    page.locator("#accept").click()
    refused(page, "Type 12 here to confirm it, or untick what should stay as it is.")
    page.get_by_label("Type 12 to confirm it").fill("12")
    page.get_by_role("checkbox", name=f"Deleting {LEAVERS[0]}", exact=True).uncheck()
    if has_script:
        expect(page.get_by_label("Type 11 to confirm it")).to_have_value("12")
    page.locator("#accept").click()
    refused(page, "It is 11, not 12. Type 11 here to confirm it, or untick what should stay as it is.")
    assert_fits(page)
    page.locator("#run-cancel").click()
    expect(page.locator("#run-headline")).to_have_text("Cancelled")

    demo.sync_unattended()
    go_home(page)
    expect(page.locator(".to-do")).to_contain_text("A sync on the schedule held changes back: 12 removals")
    assert_fits(page)
    page.get_by_role("link", name="Review the changes").click()
    expect(page.locator("#run-headline")).to_have_text("Held back: nothing of this has changed yet")
    expect(page.locator("#commit")).to_contain_text("Accepting counts for this list alone and raises no limit.")
    assert_fits(page)
    page.get_by_label("Type 12 to confirm it").fill("12")
    accept(page, has_script)
    go(page, "Users")
    page.locator("#text").fill("Lea Ver")
    press(page, "Filter")
    expect(page.get_by_text("No user matches this filter.")).to_be_visible()
    go_home(page)
    expect(page.locator(".waiting")).to_contain_text("Nothing waits for you.")
    expect(page.get_by_role("img", name="Changes in the last 30 days")).to_be_visible()
    expect(page.locator(".chart rect.is-deleting")).to_have_count(1)


def refused(page: Page, sentence: str) -> None:
    """Nothing is carried out, and the sentence stands beside the field."""
    expect(page.locator("#confirmed-error")).to_have_text(sentence)
    expect(page.locator("#run-headline")).to_have_text("Nothing has changed yet")


def go_home(page: Page) -> None:
    page.locator(".side-menu").get_by_role("link", name="Home", exact=True).click()
    expect(page.locator(".glance")).to_be_visible()
