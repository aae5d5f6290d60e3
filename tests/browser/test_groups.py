"""Groups, and the functional accounts that are groups with an address: found, opened, compared with the directory."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.steps import assert_fits, expect_title, go, press

pytestmark = pytest.mark.browser


def test_a_group_is_opened_with_everybody_in_it_and_compared_with_the_directory(ada: Page) -> None:
    go(ada, "Groups")
    ada.get_by_label("Name begins with").fill("it and")
    ada.keyboard.press("Enter")
    ada.get_by_role("link", name="IT and Facilities").click()
    expect_title(ada, "IT and Facilities")
    expect(members(ada)).to_have_text(["Facilities", "VPN Users"])
    ada.get_by_role("link", name="Everyone, with 2 groups inside it").click()
    expect(ada.get_by_role("row", name="Alan Mulder")).to_contain_text(re.compile("through (VPN Users|Facilities)"))
    assert_fits(ada)

    ada.get_by_role("link", name="Direct members").click()
    members(ada).get_by_role("link", name="VPN Users").click()
    ada.get_by_role("link", name="Compare the members with the directory").click()
    expect_title(ada, "Members of VPN Users, compared")
    expect(ada.locator(".member-list")).to_contain_text("Alan Mulder")
    crumbs = ada.get_by_role("navigation", name="Breadcrumb").get_by_role("link")
    expect(crumbs).to_have_text(["Groups", "VPN Users"])
    crumbs.last.click()
    expect_title(ada, "VPN Users")


def test_a_functional_account_is_found_by_its_kind_and_paged_through(ada: Page) -> None:
    go(ada, "Functional Accounts")
    ada.get_by_label("Kind").select_option("Distribution list")
    press(ada, "Filter")
    expect(ada.get_by_role("link", name="Newsletter")).to_be_visible()
    expect(ada.get_by_role("link", name="All Company")).to_have_count(0)
    ada.get_by_role("link", name="Show all").click()
    ada.get_by_role("link", name="All Company").click()
    expect_title(ada, "All Company")
    first = members(ada).all_inner_texts()
    ada.get_by_role("link", name="Next").click()
    expect(ada.get_by_role("link", name="Previous")).to_be_visible()
    assert not set(first) & set(members(ada).all_inner_texts())
    ada.go_back()
    expect(members(ada)).to_have_text(first)


def members(page: Page) -> Locator:
    """The names in the member table."""
    return page.get_by_role("table", name="Members").get_by_role("rowheader")
