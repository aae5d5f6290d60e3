"""axe-core, which judges whether a page can be used by everybody. Its file comes out of an installed wheel."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

# WCAG 2.2 at level AA with all that came before it, and what axe holds to be good practice besides.
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

_ASK = """
options => axe.run(document, options).then(found => found.violations.flatMap(rule =>
  rule.nodes.map(node => `${rule.id} (${rule.help}): ${node.html.slice(0, 200)} | ${node.failureSummary}`)))
"""


def _source() -> str:
    found = find_spec("axe_playwright_python")
    if found is None or not found.submodule_search_locations:
        raise RuntimeError("axe-playwright-python is not installed")
    return (Path(found.submodule_search_locations[0]) / "axe.min.js").read_text()


SOURCE = _source()


def faults(page: Page, *but: str) -> list[str]:
    """Everything that axe holds against a page as it is shown now; `but` names rules that do not count for it."""
    return _run(page, {"runOnly": TAGS, "rules": {rule: {"enabled": False} for rule in but}})


def faint_words(page: Page) -> list[str]:
    """Words that do not stand out from their ground: all that depends on the colours alone."""
    return _run(page, {"runOnly": {"type": "rule", "values": ["color-contrast"]}})


def _run(page: Page, options: dict[str, Any]) -> list[str]:
    """Ask axe. The Content-Security-Policy keeps it out of the page, but not out of what a browser is told to do."""
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(SOURCE)
    told: list[str] = page.evaluate(_ASK, options | {"resultTypes": ["violations"]})
    return told
