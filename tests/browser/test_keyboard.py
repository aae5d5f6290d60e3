"""Without a mouse: where the focus goes, that it is seen, and what Enter and Escape do."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Watch
from tests.browser.scene import Scene
from tests.browser.steps import NARROW, come_in, expect_title, go

pytestmark = pytest.mark.browser


def test_the_first_tab_leads_past_the_menu_and_the_next_ones_to_the_main_action(ada: Page, office: Scene) -> None:
    ada.goto(f"{office.address}/users")
    ada.keyboard.press("Tab")
    skip = ada.get_by_role("link", name="Skip to content")
    expect(skip).to_be_focused()
    box = skip.bounding_box()
    assert box is not None
    assert box["y"] >= 0, "It is off the screen."
    ada.keyboard.press("Enter")
    expect(ada.locator("main")).to_be_focused()
    passed = [tab_to(ada), tab_to(ada)]
    assert passed == ["Download CSV", "Add user"]
    ada.keyboard.press("Enter")
    expect_title(ada, "Add a user")


def test_everything_that_takes_the_focus_shows_it_in_the_order_of_the_page(ada: Page, office: Scene) -> None:
    for address in ("/users/new", "/import-sync/azure", f"/import-sync/runs/{office.names['review']}"):
        ada.goto(office.address + address)
        ada.get_by_role("link", name="Skip to content").focus()
        passed = [focused(ada)]
        while passed[-1][0] and len(passed) < 500:
            ada.keyboard.press("Tab")
            passed.append(focused(ada))
        # A date is passed in several steps, of which the browser shows the last in its own way.
        places = [place for place, _ in passed[:-1]]
        assert places == sorted(places), f"The focus jumps about on {address}: {places}."
        assert set(places) == {place for place, is_seen in passed[:-1] if is_seen}, (
            f"Nobody sees the focus on {address}."
        )
        assert passed[-1][0] == 0, f"The focus never leaves {address}."


def test_enter_filters_and_escape_empties_the_filter(ada: Page) -> None:
    go(ada, "Users")
    ada.get_by_label("Name or address begins with").press_sequentially("carla")
    ada.keyboard.press("Enter")
    expect(ada.locator(".found")).to_have_text("1 user")
    ada.get_by_label("Name or address begins with").press("Escape")
    expect(ada.get_by_label("Name or address begins with")).to_have_value("")


def test_on_a_telephone_the_menu_is_opened_and_used_with_keys(page: Page, office: Scene) -> None:
    page.set_viewport_size({"width": NARROW, "height": 740})
    come_in(page, office.address, "ada@contoso.example")
    page.get_by_text("Menu", exact=True).focus()
    page.keyboard.press("Enter")
    menu = page.get_by_role("navigation", name="Main")
    expect(menu.get_by_role("link", name="Groups")).to_be_visible()
    assert [tab_to(page), tab_to(page)] == ["Home", "Users"]
    page.keyboard.press("Enter")
    expect_title(page, "Users")


@pytest.mark.parametrize("has_script", [True], ids=["with JavaScript"], indirect=True)
def test_far_down_a_review_the_answer_comes_to_its_button_and_the_keyboard_goes_on_there(
    ada: Page, office: Scene
) -> None:
    ada.goto(f"{office.address}/import-sync/runs/{office.names['review']}?section=deleting")
    names = ada.locator(".change-name").all_inner_texts()
    ada.get_by_role("button", name=f"Exempt From Sync {names[-2]}", exact=True).press("Enter")
    expect_answer(ada, "1 exempted")
    assert [tab_to(ada), tab_to(ada)] == ["Exemptions", ""]
    expect(ada.get_by_role("checkbox", name=f"Deleting {names[-1]}", exact=True)).to_be_focused()
    for button in ("Exempt Selected", "Convert Selected"):
        ada.get_by_role("button", name=button, exact=True).press("Enter")
        expect_answer(ada, "First select the rows")


@pytest.mark.parametrize("has_script", [True], ids=["with JavaScript"], indirect=True)
def test_a_tick_that_is_refused_is_put_back_and_the_way_back_in_is_offered(
    ada: Page, office: Scene, watch: Watch
) -> None:
    watch.foreseen.append("400 (BAD REQUEST)")
    ada.goto(f"{office.address}/import-sync/runs/{office.names['review']}?section=deleting")
    last = ada.locator(".change-tick").last
    expect(last).to_be_checked()
    ada.context.clear_cookies()
    last.press("Space")
    told = ada.locator("#messages > .alert")
    expect(told).to_contain_text("You have been signed out. Nothing was changed.")
    expect(told).to_be_focused()
    expect(told).to_be_in_viewport(ratio=1)
    expect(last).to_be_checked()
    assert tab_to(ada) == "Sign in again"
    ada.keyboard.press("Enter")
    expect(ada.get_by_label("Mail address")).to_be_visible()


def expect_answer(page: Page, words: str) -> None:
    """The one answer has the focus, and is seen."""
    answer = page.locator(".answer")
    expect(answer).to_contain_text(words)
    expect(answer).to_be_focused()
    expect(answer).to_be_in_viewport(ratio=1)


def focused(page: Page) -> tuple[int, bool]:
    """Where in the order of the page the focus is, 0 behind its end, and whether an outline shows it."""
    place, is_seen = page.evaluate(
        """() => {
          const part = document.activeElement, look = getComputedStyle(part);
          const isSeen = look.outlineStyle !== "none" && parseFloat(look.outlineWidth) >= 2;
          return [part === document.body ? 0 : [...document.querySelectorAll("*")].indexOf(part), isSeen];
        }"""
    )
    return int(place), bool(is_seen)


def tab_to(page: Page) -> str:
    """Press Tab; gives the words of what has the focus then."""
    page.keyboard.press("Tab")
    words: str = page.evaluate("document.activeElement.innerText")
    return words.strip()
