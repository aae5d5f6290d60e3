"""What an administrator sets for everybody, what is on record of it, and what somebody sets for themselves."""

import csv
import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from ppe import audit
from ppe.clock import utcnow
from ppe.models import Organization
from tests.browser.conftest import Watch
from tests.browser.scene import Scene
from tests.browser.sign_in_steps import PASSWORD as ANOTHER_PASSWORD
from tests.browser.steps import assert_fits, come_in, expect_title, go, press
from tests.conftest import PASSWORD

pytestmark = pytest.mark.browser


def test_the_profile_is_saved_and_every_time_is_told_in_the_new_zone(
    ada: Page, office: Scene, has_script: bool, watch: Watch
) -> None:
    watch.foreseen.append("status of 422")
    ada.goto(f"{office.address}/import-sync/runs/{office.names['done']}")
    here = ada.locator(".times").first.inner_text()
    go(ada, "Profile")
    ada.get_by_label("Organisation name").fill("")
    ada.get_by_label("Time zone").select_option("Asia/Tokyo")
    press(ada, "Save")
    expect(ada.locator("#name-error")).to_contain_text("Write the name of your organisation")
    expect(ada.get_by_label("Time zone")).to_have_value("Asia/Tokyo")
    if has_script:
        expect(ada.get_by_label("Organisation name")).to_be_focused()
    ada.get_by_label("Organisation name").fill("Contoso Limited")
    ada.get_by_label("Tech contact").select_option("Ada")
    press(ada, "Save")
    expect(ada.locator("#messages")).to_have_text("The profile is saved.")
    expect(ada.locator(".who")).to_contain_text("Contoso Limited")
    assert_fits(ada)
    ada.goto(f"{office.address}/import-sync/runs/{office.names['done']}")
    expect(ada.locator(".times").first).not_to_have_text(here)


def test_of_two_tabs_each_keeps_what_the_other_changed(ada: Page, office: Scene, watch: Watch) -> None:
    watch.foreseen.append("status of 409")
    go(ada, "Profile")
    other = ada.context.new_page()
    other.goto(ada.url)
    other.get_by_label("Tech contact").select_option("Ada")
    other.get_by_label("Further addresses for the notices").fill("soc@contoso.example")
    press(other, "Save")
    expect(other.locator("#messages")).to_have_text("The profile is saved.")
    ada.get_by_label("Further addresses for the notices").fill("ops@contoso.example")
    ada.get_by_label("Time zone").select_option("Asia/Tokyo")
    press(ada, "Save")
    expect(ada.locator("#notice_addresses-error")).to_contain_text("changed this to soc@contoso.example meanwhile")
    expect(ada.get_by_label("Further addresses for the notices")).to_have_value("ops@contoso.example")
    ada.get_by_label("Further addresses for the notices").fill("soc@contoso.example, ops@contoso.example")
    press(ada, "Save")
    expect(ada.locator("#messages")).to_have_text("The profile is saved.")
    expect(ada.get_by_label("Time zone")).to_have_value("Asia/Tokyo")


def test_a_change_of_how_everybody_signs_in_is_shown_with_what_it_means_before_it_counts(ada: Page) -> None:
    go(ada, "Authentication")
    ada.get_by_label("Administrators", exact=True).check()
    press(ada, "Review the change")
    expect_title(ada, "Review the change")
    expect(ada.locator(".differences")).to_contain_text("2 Step Authentication: Off")
    ada.get_by_role("link", name="Change nothing").click()
    expect(ada.get_by_label("Off", exact=True)).to_be_checked()
    ada.get_by_label("Administrators", exact=True).check()
    press(ada, "Review the change")
    press(ada, "Confirm")
    expect(ada.locator("#messages")).to_have_text("The sign-in settings are saved and count from now on.")
    expect(ada.get_by_label("Administrators", exact=True)).to_be_checked()


def test_what_was_done_is_found_in_the_audit_log_and_taken_home(ada: Page, office: Scene) -> None:
    with office.tables():
        contoso = Organization.get(Organization.name == "Contoso")
        for number in range(60):
            audit.record(contoso.id, "Zelda", "tried something", f"thing {number}", now=utcnow())
    go(ada, "Audit Log")
    expect(events(ada).first).to_contain_text("thing 59")
    ada.get_by_role("link", name="Older").click()
    expect(events(ada).first).to_contain_text("thing 9")
    ada.go_back()
    expect(events(ada).first).to_contain_text("thing 59")
    ada.get_by_label("Who, or about what").fill("ada@contoso.example")
    ada.get_by_label("What", exact=True).select_option("signed in")
    press(ada, "Filter")
    expect(events(ada)).to_have_count(1)
    expect(events(ada)).to_contain_text("127.0.0.1")
    assert_fits(ada)
    with ada.expect_download() as download:
        ada.get_by_role("link", name="Download CSV").click()
    with Path(download.value.path()).open(encoding="utf-8-sig", newline="") as taken_home:
        assert [(row["What"], row["About"]) for row in csv.DictReader(taken_home)] == [
            ("signed in", "ada@contoso.example")
        ]


def test_somebody_changes_their_password_and_ends_a_session_elsewhere(
    page: Page, another: Page, office: Scene, watch: Watch
) -> None:
    watch.foreseen.append("status of 422")
    come_in(page, office.address, "bob@contoso.example")
    come_in(another, office.address, "bob@contoso.example")
    page.get_by_label("Name", exact=True).fill("Bob Baker")
    press(page, "Save profile")
    expect(page.locator(".who")).to_contain_text("Bob Baker")

    change_password(page, "not my password")
    expect(page.locator("#present-error")).to_have_text("This is not your present password.")
    press(page, "End all other sessions")
    expect(page.locator("#sessions")).to_contain_text("You are signed in here alone.")
    another.reload()
    expect_title(another, "Sign in")

    change_password(page, PASSWORD)
    expect(page.locator("#messages")).to_contain_text(re.compile("password", re.IGNORECASE))
    page.reload()
    expect_title(page, "My preferences")
    another.goto(f"{office.address}/sign-in?main=1&email=bob@contoso.example")
    another.get_by_label("Password").fill(ANOTHER_PASSWORD)
    another.keyboard.press("Enter")
    expect_title(another, "My preferences")


def change_password(page: Page, present: str) -> None:
    """Fill in the three fields, and send them."""
    page.get_by_label("Present password").fill(present)
    page.get_by_label("New password", exact=True).fill(ANOTHER_PASSWORD)
    page.get_by_label("New password again").fill(ANOTHER_PASSWORD)
    press(page, "Change password")


def events(page: Page) -> Locator:
    """The rows of the log, without the headings."""
    return page.get_by_role("table").locator("tbody").get_by_role("row")
