"""Everybody can use every page, in every state worth looking at: axe finds nothing, light or dark, wide or narrow.

The pages come from the app itself: one that is added fails here until looks.py says how to get to see it.
"""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from http import HTTPStatus
from urllib.parse import urlsplit

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, Response, expect

from ppe.clock import utcnow
from ppe.models import Account, SignInSession
from tests.browser import axe, looks
from tests.browser.conftest import Watch
from tests.browser.everybody import WIDE, too_wide, wrong_with
from tests.browser.looks import CORA, CURT, INVITED, LOOKS, MONA, STRANGER, Look
from tests.browser.scene import Scene, scene
from tests.browser.scene_mails import KINDS, one_of_every_kind
from tests.browser.steps import NARROW, come_in, press
from tests.conftest import PASSWORD

pytestmark = pytest.mark.browser

# A mail is shown inside the page of a mail program, which has these. It has no ground of its own either: axe would take
# that of a dark mail program for white, so mails are looked at in the light alone.
NOT_FOR_MAILS = ("landmark-one-main", "page-has-heading-one", "region")
TO_MICROSOFT = re.compile(r"/oauth2/v2\.0/authorize")


@pytest.fixture(scope="module")
def seen(browser_type_launch_args: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """What there is to see. (It asks for chromium first: without one there is nothing to build it for.)"""
    with scene(tmp_path_factory.mktemp("scene")) as built:
        yield built


@pytest.fixture(scope="module")
def mails(seen: Scene) -> dict[str, str]:
    """A mail of every kind, as HTML."""
    return one_of_every_kind(seen)


@pytest.fixture(scope="module")
def browser_of(browser: Browser, seen: Scene) -> Iterator[Callable[[str], BrowserContext]]:
    """The browser of each visitor, who comes in by the local form once."""
    known: dict[str, BrowserContext] = {}

    def browser_of(who: str) -> BrowserContext:
        if who not in known:
            known[who] = browser.new_context(base_url=seen.address)
            known[who].route(TO_MICROSOFT, lambda route: route.fulfill(status=HTTPStatus.NO_CONTENT))
            if who not in (STRANGER, INVITED):
                _come_in(known[who].new_page(), seen, who)
        return known[who]

    yield browser_of
    for context in known.values():
        context.close()


def _come_in(page: Page, seen: Scene, who: str) -> None:
    if who in (CORA, CURT):
        page.goto(f"/sign-in?main=1&email={who}")
        page.get_by_label("Password").fill(PASSWORD)
        press(page, "Sign in")
        expect(page.get_by_role("textbox", name="Code")).to_be_visible()
    else:
        come_in(page, seen.address, who)
    if who == MONA:
        with seen.tables():
            mona = Account.select(Account.id).where(Account.display_name == "Mona")
            an_hour_ago = utcnow() - timedelta(hours=1)
            SignInSession.update(confirmed_at=an_hour_ago).where(SignInSession.account.in_(mona)).execute()
    page.close()


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_a_page_can_be_used_by_everybody(
    look: Look, seen: Scene, browser_of: Callable[[str], BrowserContext], watch: Watch
) -> None:
    if look.says != HTTPStatus.OK:
        watch.foreseen.append(f"status of {look.says}")
    page = watch.tab(browser_of(look.who))
    answers = [page.goto(look.address.format(**seen.names))]
    if look.endpoint:
        assert _endpoint(seen.app, page.url) == look.endpoint, f"{page.url} is shown instead."
    if "{" in look.address.partition("?")[0] and look.who != INVITED:
        expect(page.get_by_role("navigation", name="Breadcrumb").get_by_role("link").first).to_be_visible()
    if look.then:
        page.on("response", lambda answer: answers.append(answer) if _is_page_of(seen, answer) else None)
        look.then(page)
        page.wait_for_load_state()
    found = wrong_with(page)
    page.close()
    assert not found, "\n".join(found)
    assert answers[-1] is not None
    assert answers[-1].status == look.says


def _is_page_of(seen: Scene, answer: Response) -> bool:
    return answer.request.is_navigation_request() and answer.url.startswith(seen.address)


def _endpoint(app: Flask, url: str) -> str:
    return str(app.url_map.bind("localhost").match(urlsplit(url).path)[0])


@pytest.mark.parametrize("kind", [*KINDS, "test"])
def test_a_mail_can_be_read_by_everybody(kind: str, mails: dict[str, str], browser: Browser) -> None:
    with browser.new_page() as page:
        page.set_content(mails[kind])
        found = []
        for width in (WIDE, NARROW):
            page.set_viewport_size({"width": width, "height": 900})
            found += [*too_wide(page, width), *axe.faults(page, *NOT_FOR_MAILS)]
    assert not found, "\n".join(found)


def test_no_page_is_left_out(seen: Scene) -> None:
    pages = {rule.endpoint for rule in seen.app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    pages = {endpoint for endpoint in pages if not endpoint.endswith("static")}
    looked_at = {look.endpoint for look in LOOKS} - {""}
    assert pages == looked_at | looks.NO_PAGES.keys() | looks.ELSEWHERE
    assert looked_at & looks.NO_PAGES.keys() == set()


@pytest.mark.parametrize("endpoint", looks.NO_PAGES)
def test_what_is_said_to_be_no_page_is_none(
    endpoint: str, seen: Scene, browser_of: Callable[[str], BrowserContext]
) -> None:
    address = looks.NO_PAGES[endpoint].format(**seen.names)
    assert _endpoint(seen.app, address) == endpoint
    answer = browser_of(looks.ADA).request.get(address, max_redirects=0)
    is_answer = answer.status in (HTTPStatus.SEE_OTHER, HTTPStatus.NOT_FOUND)
    assert is_answer or "<html" not in answer.text()
