"""People from a file, in a browser, with the real worker behind it: uploaded, reviewed, imported, taken home again."""

import csv
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Watch
from tests.browser.demo import Demo
from tests.browser.scene import Scene
from tests.browser.steps import assert_fits, go, press, sign_in_with_microsoft, until

pytestmark = pytest.mark.browser

PEOPLE = (
    "Gina,Good,gina.good@contoso.example,+31612345678,gina@contoso.example\n"
    "Hugo,Huge,hugo.huge@contoso.example\n"
    "Ivo,Idle,ivo.idle@contoso.example\n"
    "Una,Known,una@nowhere.example\n"
)


def test_a_file_is_uploaded_reviewed_imported_and_downloaded_again(
    demo: Demo, page: Page, has_script: bool, tmp_path: Path
) -> None:
    sign_in_with_microsoft(page, demo)
    go(page, "CSV Import")
    file = tmp_path / "people.csv"
    file.write_text(PEOPLE)
    page.get_by_label("File").set_input_files(file)
    page.get_by_role("button", name="Upload and review").click()
    wait_for(page, has_script, "Nothing has changed yet")
    expect(page.get_by_text("nowhere.example: 1 address")).to_be_visible()
    assert_fits(page)

    hugo = page.get_by_role("checkbox", name="Import line 2, Hugo Huge")
    hugo.uncheck()
    if not has_script:
        press(page, "Save ticks")
    expect(page.locator("#commit-summary")).to_contain_text("2 people to add; 1 not ticked.")
    expect(page.get_by_role("row", name="Hugo Huge")).to_contain_text("Not ticked")
    page.get_by_role("link", name="Bad 1").click()
    expect(page.get_by_role("row")).to_have_count(2)
    expect(page.get_by_text("which is not registered here")).to_be_visible()
    page.get_by_role("link", name="All 4").click()
    expect(hugo).not_to_be_checked()
    page.get_by_role("button", name="Import 2 people").click()
    wait_for(page, has_script, "Imported")
    expect(page.get_by_text("2 people were added.")).to_be_visible()

    page.get_by_role("link", name="See the users").click()
    page.get_by_label("Name or address").fill("gina")
    page.get_by_role("button", name="Filter").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download CSV").click()
    with Path(download.value.path()).open(encoding="utf-8-sig", newline="") as taken_home:
        rows = list(csv.reader(taken_home))
    assert [row[:6] for row in rows[1:]] == [
        ["Gina Good", "Gina", "Good", "gina.good@contoso.example", "gina@contoso.example", "'+31612345678"]
    ]


@pytest.mark.parametrize("has_script", [True], ids=["with JavaScript"], indirect=True)
def test_ticks_in_quick_succession_are_all_saved_and_counted(ada: Page, office: Scene) -> None:
    ada.goto(f"{office.address}/csv-import/{office.names['read']}")
    expect(ada.get_by_role("button", name="Save ticks")).to_have_count(0)
    for name in ("Import line 1, Gina Good", "Import line 2, Hugo Huge"):
        ada.get_by_role("checkbox", name=name).press("Space")
    expect(ada.get_by_role("button", name="Import 0 people")).to_be_visible()
    expect(ada.get_by_role("checkbox", name="Import line 2, Hugo Huge")).to_be_focused()
    ada.reload()
    expect(ada.locator(".change-tick:checked")).to_have_count(0)


@pytest.mark.parametrize("has_script", [True], ids=["with JavaScript"], indirect=True)
def test_a_tick_that_is_not_saved_goes_back_and_a_sentence_says_so(ada: Page, office: Scene, watch: Watch) -> None:
    watch.foreseen += ["ERR_FAILED", "htmx:afterRequest", "htmx:sendError"]
    ada.goto(f"{office.address}/csv-import/{office.names['read']}")
    ada.route("**/ticks", lambda route: route.abort())
    gina = ada.get_by_role("checkbox", name="Import line 1, Gina Good")
    gina.press("Space")
    expect(ada.get_by_text("The server does not answer.")).to_be_visible()
    expect(gina).to_be_checked()
    expect(ada.get_by_role("button", name="Import 2 people")).to_be_visible()
    ada.unroute("**/ticks")
    gina.press("Space")
    expect(ada.get_by_role("button", name="Import 1 person")).to_be_visible()
    expect(ada.get_by_text("The server does not answer.")).to_have_count(0)


def wait_for(page: Page, has_script: bool, headline: str) -> None:
    """Until the import is there; without JavaScript by looking again."""
    wanted = page.locator("#import-headline").get_by_text(headline, exact=True)
    if has_script:
        expect(wanted).to_be_visible()
    else:
        until(wanted, page.reload)
