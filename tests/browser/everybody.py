"""What has to be right with every page, so that everybody can use it, on the grounds on which it may be shown."""

import re

from playwright.sync_api import Page

from tests.browser import axe
from tests.browser.steps import NARROW

WIDE = 1280
# What is wrong with a page shows on one of the first two; how well its words can be read, on all four.
GROUNDS = (
    ("light", WIDE, axe.faults),
    ("dark", NARROW, axe.faults),
    ("dark", WIDE, axe.faint_words),
    ("light", NARROW, axe.faint_words),
)


def wrong_with(page: Page) -> list[str]:
    """Everything that is wrong with a page."""
    found = _wrong_shape(page)
    for colours, width, look_for in GROUNDS:
        page.emulate_media(color_scheme="dark" if colours == "dark" else "light", reduced_motion="reduce")
        page.set_viewport_size({"width": width, "height": 900})
        found += [f"{colours}, {width} wide: {fault}" for fault in (*too_wide(page, width), *look_for(page))]
    return found


def _wrong_shape(page: Page) -> list[str]:
    """What every page has, once."""
    wrong = []
    if (count := page.locator("h1").count()) != 1:
        wrong.append(f"{count} h1")
    if not re.fullmatch(r"\S.* · PPE", page.title()):
        wrong.append(f"the title {page.title()!r}")
    if page.locator("html").get_attribute("lang") != "en":
        wrong.append("no language")
    return wrong


def too_wide(page: Page, width: int) -> list[str]:
    needs = page.evaluate("document.documentElement.scrollWidth")
    return [f"it scrolls sideways: {needs} pixels"] if needs > width else []
