"""People by hand: found among many, added, edited beside somebody else, deactivated, removed and brought back."""

import re

import pytest
from playwright.sync_api import Page, expect

from ppe.models import Account
from tests.browser.conftest import Watch
from tests.browser.scene import Scene
from tests.browser.steps import assert_fits, expect_title, go, look_for, press

pytestmark = pytest.mark.browser


def test_somebody_is_found_among_many_and_the_way_back_leads_to_the_same_list(ada: Page) -> None:
    go(ada, "Users")
    first = names(ada)
    ada.get_by_role("link", name="Next").click()
    expect(ada.get_by_role("link", name="Previous")).to_be_visible()
    second = names(ada)
    assert len(first) == 50
    assert not set(first) & set(second)
    ada.get_by_role("link", name="Previous").click()
    expect(ada.get_by_role("rowheader").first).to_have_text(first[0])
    ada.go_back()
    expect(ada.get_by_role("rowheader").first).to_have_text(second[0])

    ada.get_by_label("Name or address begins with").fill("c.names")
    ada.keyboard.press("Enter")
    expect(ada.locator(".found")).to_have_text("1 user")
    assert_fits(ada)
    ada.get_by_role("link", name="Carla Many-Names").click()
    expect_title(ada, "Carla Many-Names")
    expect(ada.locator(".alias")).to_have_count(3)
    ada.go_back()
    expect(ada.get_by_label("Name or address begins with")).to_have_value("c.names")
    ada.get_by_label("Role").select_option("Silent User")
    press(ada, "Filter")
    expect(ada.locator(".empty-state")).to_contain_text("No user matches this filter.")
    ada.get_by_role("link", name="Show all").click()
    expect(ada.locator(".found")).to_contain_text(", 50 shown")


def test_a_newcomer_is_added_once_however_the_button_is_pressed(ada: Page, has_script: bool) -> None:
    go(ada, "Users")
    ada.get_by_role("link", name="Add user").click()
    ada.get_by_label("First name").fill("Nadia")
    ada.get_by_label("Primary address").fill("nadia@contoso.example")
    button = ada.get_by_role("button", name="Add user")
    if has_script:
        button.dblclick()  # without JavaScript the browser itself sends both, and the second is told that she is there
    else:
        button.click()
    expect_title(ada, "Nadia")
    expect(ada.locator("#messages")).to_have_text("Nadia is added.")
    ada.go_back()
    expect_title(ada, "Add a user")
    ada.go_forward()
    expect_title(ada, "Nadia")
    expect(ada.locator(".history li")).to_have_count(1)
    ada.get_by_role("navigation", name="Breadcrumb").get_by_role("link", name="Users").click()
    look_for(ada, "Nadia")
    expect(ada.locator(".found")).to_have_text("1 user")


def test_what_is_wrong_stands_beside_its_field_and_what_was_typed_stays(
    ada: Page, has_script: bool, watch: Watch
) -> None:
    watch.foreseen.append("status of 422")
    go(ada, "Users")
    ada.get_by_role("link", name="Add user").click()
    ada.get_by_label("First name").fill("Nadia")
    ada.get_by_label("Aliases").fill("a.nadia@contoso.example\nnadia")
    ada.get_by_label("Role").select_option("Silent User")
    ada.get_by_label("Primary address").fill("nadia@nowhere.example")
    ada.keyboard.press("Enter")
    expect(ada.locator("#primary-error")).to_contain_text("nowhere.example is not registered here.")
    expect(ada.get_by_label("First name")).to_have_value("Nadia")
    expect(ada.get_by_label("Aliases")).to_have_value("a.nadia@contoso.example\nnadia")
    expect(ada.locator("#type")).to_have_value("silent_user")
    if has_script:
        expect(ada.get_by_label("Primary address")).to_be_focused()
    assert_fits(ada)


def test_a_name_without_a_space_fits_wherever_it_stands(ada: Page, office: Scene) -> None:
    long = "W" * 80
    with office.tables():
        Account.update(display_name=long).where(Account.id == office.names["bob"]).execute()
    for place in ("", "/edit", "/convert", "/remove"):
        ada.goto(f"{office.address}/users/{office.names['bob']}{place}")
        expect(ada.get_by_role("heading", level=1)).to_contain_text(long)
        assert_fits(ada)


def test_whoever_saves_second_is_told_what_the_first_changed(
    ada: Page, office: Scene, has_script: bool, watch: Watch
) -> None:
    watch.foreseen.append("status of 409")
    form = f"{office.address}/users/{office.names['bob']}/edit"
    second = watch.tab(ada.context)
    for tab in (ada, second):
        tab.goto(form)
    ada.get_by_label("Last name").fill("Baker")
    press(ada, "Save")
    expect(ada.locator("#messages")).to_have_text("Saved.")

    second.get_by_label("Mobile").fill("+31 6 1234 5678")
    press(second, "Save")
    expect(second.get_by_text("Last name: nothing → Baker")).to_be_visible()
    expect(second.get_by_label("Mobile")).to_have_value("+31 6 1234 5678")
    expect(second.get_by_label("Last name")).to_have_value("Baker")
    if has_script:
        expect(second.get_by_role("alert")).to_be_focused()
    assert_fits(second)
    press(second, "Save")
    expect_title(second, "Bob")
    expect(second.locator(".facts").first).to_contain_text("+31 6 1234 5678")
    expect(second.locator(".facts").first).to_contain_text("Baker")


def test_somebody_is_deactivated_and_removed_after_a_question_and_brought_back(
    ada: Page, another: Page, office: Scene
) -> None:
    ada.goto(f"{office.address}/users/{office.names['bob']}")
    ada.get_by_role("link", name="Deactivate…").click()
    expect_title(ada, "Deactivate Bob?")
    ada.get_by_role("link", name="Leave it active").click()
    ada.get_by_role("link", name="Deactivate…").click()
    press(ada, "Deactivate Bob")
    expect(ada.locator("#messages")).to_have_text("Bob is not active now: no sign-in, and mail for it is refused.")
    press(ada, "Activate")
    expect(ada.locator("#messages")).to_have_text("Bob is active now.")

    ada.get_by_role("link", name="Remove…").click()
    expect_title(ada, "Remove Bob?")
    ada.get_by_role("link", name="Keep it").click()
    expect(ada.locator(".facts").first).to_contain_text("bob@contoso.example")
    ada.get_by_role("link", name="Remove…").click()
    press(ada, "Remove Bob")
    expect(ada.locator("#messages")).to_contain_text("Bob is removed. For 30 days it can be restored here.")
    ada.go_back()
    ada.reload()
    expect(ada.get_by_text("It is removed already.")).to_be_visible()

    go(ada, "Users")
    look_for(ada, "Bob")
    expect(ada.locator(".empty-state")).to_be_visible()
    ada.get_by_label("State").select_option("Removed")
    press(ada, "Filter")
    ada.get_by_role("link", name="Bob", exact=True).click()
    ada.get_by_role("link", name="Restore…").click()
    expect_title(ada, "Restore Bob?")
    expect(ada.locator("main")).to_contain_text("bob@contoso.example")
    press(ada, "Restore Bob")
    expect(ada.locator("#messages")).to_have_text("Bob is restored.")
    expect(ada.locator(".facts").first).to_contain_text(re.compile(r"State\s*Active"))


def names(page: Page) -> list[str]:
    """Who is on this page of the list."""
    return page.get_by_role("table", name="Users").get_by_role("rowheader").all_inner_texts()
