"""The whole story as its reader lives it: from Save & Run Sync Now to the people, in a browser, on the real demo."""

import csv
import re
from collections import Counter
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.demo import Demo
from tests.browser.steps import accept, assert_fits, go, look_for, run_sync, sign_in_with_microsoft, wait_until_still

pytestmark = pytest.mark.browser

SECTIONS = ("adding", "updating", "disabling", "deleting", "exempt", "not_imported")
UNTICKED = ("Alan Weber", "Imani Ramos")
EXEMPTED = "Alan Mulder"


def test_a_first_sync_is_reviewed_applied_and_found_again(demo: Demo, page: Page, has_script: bool) -> None:
    sign_in_with_microsoft(page, demo)
    run_sync(page, has_script)

    expect(page.locator("#run-headline")).to_have_text("Nothing has changed yet")
    expect(page.locator("#commit")).to_contain_text("This is what the sync would do.")
    planned = count(page, "adding")
    assert planned > 50
    assert [count(page, section) for section in ("updating", "disabling", "deleting", "exempt")] == [0, 0, 0, 0]
    left_out = count(page, "not_imported")
    assert left_out > 0
    expect(summary(page)).to_have_text(f"{planned} to add.")

    for name in UNTICKED:
        page.get_by_role("checkbox", name=f"Adding {name}", exact=True).uncheck()
    if not has_script:
        page.get_by_role("button", name="Save ticks").click()
    expect(summary(page)).to_have_text(f"{planned - 2} to add; 2 left as they are.")
    expect(page.locator("#tick-count")).to_have_text(f"{planned - 2} of {planned} ticked")

    page.locator("#filter-text").fill("alan.m")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator(".change-name")).to_have_text([EXEMPTED])
    expect(page.locator("#untick-every")).to_have_text("Untick the 1 found")
    page.get_by_role("button", name=f"Exempt From Sync {EXEMPTED}").click()
    expect(page.locator("#run")).to_contain_text("Nothing here matches “alan.m”.")
    expect(page.get_by_text("1 exempted: every sync leaves them alone from now on.")).to_be_visible()
    assert (count(page, "adding"), count(page, "exempt"), count(page, "not_imported")) == (planned - 1, 1, left_out)

    page.locator("#tab-exempt").click()
    expect(page.locator(".change-name")).to_have_text([EXEMPTED])
    page.locator("#tab-adding").click()
    for name in UNTICKED:
        expect(page.get_by_role("checkbox", name=f"Adding {name}", exact=True)).not_to_be_checked()

    done = planned - 3
    expect(page.locator("#accept")).to_contain_text(f"Sync Active Directory {done}")
    accept(page, has_script)
    expect(summary_row(page, "Added")).to_have_text([str(done), "0", "0", "2"])

    expect_people(page)
    expect_members(page)
    expect_history(page, done)


def test_a_domain_that_is_not_registered_stops_the_sync_and_one_press_goes_on(
    demo: Demo, page: Page, has_script: bool
) -> None:
    sign_in_with_microsoft(page, demo)
    run_sync(page, has_script)
    expect(page.locator("#accept")).to_be_visible()
    accept(page, has_script)

    demo.change("add_domain", domain="adventure.example")
    demo.change("hire", name="Nora North", domain="adventure.example")
    run_sync(page, has_script)
    box = page.locator(".run-box.is-failed")
    expect(box.locator("#run-headline")).to_have_text("Domains that are not registered here")
    expect(box.locator(".domains > li")).to_have_count(1)
    expect(box).to_contain_text("adventure.example 1 person, verified in your tenant")
    expect(box).to_contain_text("Nothing has changed yet")
    red = box.evaluate("box => getComputedStyle(box).borderLeftColor")
    assert is_red(red), red

    stopped = page.url
    page.get_by_role("button", name="Register as relay domain adventure.example and run again").click()
    expect(page).not_to_have_url(stopped)
    wait_until_still(page, has_script)
    expect(page.locator("#run-headline")).to_have_text("Nothing has changed yet")
    expect(page.get_by_role("checkbox", name="Adding Nora North", exact=True)).to_be_checked()
    expect(page.locator("#changes")).to_contain_text("nora.north@adventure.example")

    go(page, "Domains")
    expect(page.get_by_role("row", name="adventure.example")).to_be_visible()


def test_cancel_leaves_everything_as_it_was(demo: Demo, page: Page, has_script: bool) -> None:
    sign_in_with_microsoft(page, demo)
    run_sync(page, has_script)
    planned = count(page, "adding")

    page.locator("#untick-every").click()
    expect(summary(page)).to_have_text(f"Nothing is ticked; {planned} left as they are.")
    expect(page.locator("#accept")).to_be_disabled()
    page.locator("#tick-every").click()
    expect(summary(page)).to_have_text(f"{planned} to add.")
    expect(page.locator("#accept")).to_be_enabled()

    page.locator("#run-cancel").click()
    expect(page.locator("#run-headline")).to_have_text("Cancelled")
    expect(page.locator("#run")).to_contain_text("Nothing was changed by this sync.")
    expect(page.locator("#accept")).to_have_count(0)
    go(page, "Users")
    expect(page.locator(".found")).to_have_text("1 user")
    go(page, "Run history")
    expect(page.locator(".run-list > li")).to_contain_text("Cancelled")


def test_settings_review_and_result_fit_a_telephone(demo: Demo, page: Page, has_script: bool) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    sign_in_with_microsoft(page, demo)
    page.goto(f"{demo.address}/import-sync/azure")
    assert_fits(page)
    page.get_by_role("button", name="Save & Run Sync Now").click()
    expect(page).to_have_url(re.compile(r"/import-sync/runs/\d+$"))
    wait_until_still(page, has_script)
    for section in SECTIONS:
        page.locator(f"#tab-{section}").click()
        expect(page.locator(f"#tab-{section}")).to_have_attribute("aria-current", "page")
        assert_fits(page)
    page.locator("#tab-adding").click()
    expect(page.locator("#tick-every")).to_be_visible()
    accept(page, has_script)
    assert_fits(page)


def expect_people(page: Page) -> None:
    """Who was added is here with every alias, and who was unticked or exempted is not."""
    go(page, "Users")
    look_for(page, "Carla Many-Names")
    found = page.get_by_role("row", name="Carla Many-Names")
    expect(found).to_contain_text("Alias c.names@contoso.example")
    found.get_by_role("link").click()
    aliases = ["c.names@contoso.example", "carla.many@contoso.example", "carla@fabrikam.example"]
    expect(page.locator(".alias")).to_have_text(aliases)
    for name in (*UNTICKED, EXEMPTED):
        go(page, "Users")
        look_for(page, name)
        expect(page.get_by_text("No user matches this filter.")).to_be_visible()


def expect_members(page: Page) -> None:
    """Both kinds of groups have those members who were added."""
    go(page, "Groups")
    page.get_by_role("link", name="Finance Team", exact=True).click()
    expect(members(page).filter(has_text="Aisha Nakamura")).to_have_count(1)
    expect(members(page).filter(has_text=EXEMPTED)).to_have_count(0)
    go(page, "Functional Accounts")
    page.get_by_role("link", name="Design Team", exact=True).click()
    expect(members(page)).to_have_text(
        ["Ingrid Hoekstra", "Lars Adeyemi", "Maarten Hoekstra", "Maarten Yildiz", "Mohammed Silva"]
    )


def expect_history(page: Page, done: int) -> None:
    """The run can be read again, and taken home."""
    go(page, "Run history")
    expect(page.locator(".run-list > li")).to_have_count(1)
    expect(page.locator(".run-list > li")).to_contain_text(f"{done} done; took")
    page.locator(".run-when").click()
    expect(page.locator("#run-headline")).to_have_text("Finished")
    expect(summary_row(page, "Added")).to_have_text([str(done), "0", "0", "2"])

    rows = download(page)
    outcomes = Counter((row["Section"], row["Ticked"], row["Outcome"]) for row in rows if row["Section"] == "Adding")
    assert outcomes == {("Adding", "yes", "Done"): done, ("Adding", "no", ""): 2}
    assert sorted(row["Name"] for row in rows if (row["Section"], row["Ticked"]) == ("Adding", "no")) == sorted(
        UNTICKED
    )
    assert [row["Name"] for row in rows if row["Section"] == "Exempt from Sync"] == [EXEMPTED]


def count(page: Page, section: str) -> int:
    """The number on the tab of a section."""
    return int(page.locator(f"#tab-{section} .count").inner_text())


def summary(page: Page) -> Locator:
    return page.locator("#commit-summary")


def summary_row(page: Page, title: str) -> Locator:
    """What the result says of a section: done, failed, out of date, not ticked."""
    return page.locator("table.summary tr").filter(has=page.get_by_role("rowheader", name=title)).locator("td")


def members(page: Page) -> Locator:
    """The names in the member table of a group."""
    return page.get_by_role("table", name="Members").get_by_role("rowheader")


def download(page: Page) -> list[dict[str, str]]:
    with page.expect_download() as started:
        page.get_by_role("link", name="Download CSV").click()
    assert re.fullmatch(r"sync-\d+-done\.csv", started.value.suggested_filename)
    with Path(started.value.path()).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def is_red(colour: str) -> bool:
    """Whether red prevails in what the browser says of a colour: rgb(190, 30, 30)."""
    red, green, blue = (float(part) for part in re.findall(r"[\d.]+", colour)[:3])
    return red > 1.5 * max(green, blue)
