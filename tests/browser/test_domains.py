"""A domain: added with the proof of its DNS, and removed when nobody uses it any more."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Watch
from tests.browser.scene import Scene
from tests.browser.steps import assert_fits, expect_title, go, press
from tests.name_server import NameServer

pytestmark = pytest.mark.browser


@pytest.fixture
def dns(office: Scene) -> Iterator[NameServer]:
    """The DNS that the console asks."""
    with NameServer() as server:
        office.app.config["SETTINGS"] = replace(office.app.config["SETTINGS"], dns_servers=(server.address,))
        yield server


def test_a_domain_is_added_once_its_dns_proves_it_and_removed_again(ada: Page, dns: NameServer, watch: Watch) -> None:
    watch.foreseen.append("status of 422")
    go(ada, "Domains")
    ada.get_by_label("Domain", exact=True).fill("https://tailwind.example")
    press(ada, "Add domain")
    expect(ada.locator("#name-error")).to_contain_text("without https://")
    expect(ada.get_by_label("Domain", exact=True)).to_have_value("https://tailwind.example")
    ada.get_by_label("Domain", exact=True).fill("tailwind.example")
    press(ada, "Add domain")
    expect_title(ada, "Prove that tailwind.example is yours")
    record = ada.get_by_label("Name", exact=True).input_value()
    text = ada.get_by_label("Text", exact=True).input_value()
    press(ada, "Check now")
    expect(ada.get_by_role("alert")).to_contain_text(record)
    assert_fits(ada)

    dns.records[record] = [text]
    press(ada, "Check now")
    expect(ada.locator("#messages")).to_contain_text("tailwind.example is registered.")
    ada.get_by_role("link", name="Remove tailwind.example").click()
    expect_title(ada, "Remove tailwind.example?")
    press(ada, "Remove tailwind.example")
    expect(ada.locator("#messages")).to_have_text("tailwind.example is not registered any more.")


def test_a_domain_in_use_stays_and_its_users_are_named(ada: Page) -> None:
    go(ada, "Domains")
    ada.get_by_role("link", name="Remove fabrikam.example").click()
    expect(ada.locator("main")).to_contain_text("addresses are on this domain.")
    expect(ada.get_by_role("button", name="Remove fabrikam.example")).to_have_count(0)
    ada.get_by_role("link", name="Users on fabrikam.example").click()
    expect(ada.get_by_role("link", name="Carla Many-Names")).to_be_visible()
