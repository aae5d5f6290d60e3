"""An exemption: made with a reason, seen where it counts, ended, and still on record."""

from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from ppe.clock import utcnow
from tests.browser.conftest import Watch
from tests.browser.scene import Scene
from tests.browser.steps import assert_fits, go, press

pytestmark = pytest.mark.browser

LAST_DAY = (utcnow() + timedelta(days=40)).date()


def test_somebody_is_exempted_with_a_reason_and_the_exemption_is_ended(ada: Page, office: Scene, watch: Watch) -> None:
    watch.foreseen.append("status of 422")
    go(ada, "Exemptions")
    exempt(ada, "carla")
    expect(ada.locator("#address-error")).to_be_visible()
    expect(ada.get_by_label("Address", exact=True)).to_have_value("carla")
    expect(ada.get_by_label("Reason")).to_have_value("On leave")
    expect(ada.get_by_label("Last day")).to_have_value(LAST_DAY.isoformat())
    assert_fits(ada)

    exempt(ada, "carla@contoso.example")
    row = ada.get_by_role("row", name="Carla Many-Names")
    expect(row).to_contain_text("On leave")
    expect(row).to_contain_text(f"{LAST_DAY.day} {LAST_DAY:%b %Y}")
    ada.goto(f"{office.address}/users/{office.names['synced']}")
    expect(ada.locator(".facts").first).to_contain_text("Yes, until")
    ada.locator(".facts").first.get_by_role("link", name="Yes").click()
    press(ada, "End exemption of Carla Many-Names")
    expect(row).to_have_count(0)
    ada.get_by_role("link", name="Ended").click()
    expect(row).to_contain_text("by Ada")


def exempt(page: Page, address: str) -> None:
    """Fill in the form, and send it."""
    page.get_by_label("Address", exact=True).fill(address)
    page.get_by_label("Reason").fill("On leave")
    page.get_by_label("Last day").fill(LAST_DAY.isoformat())
    press(page, "Exempt")
