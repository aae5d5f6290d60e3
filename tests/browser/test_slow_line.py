"""A line on which every answer takes long: something is seen to happen, and what is pressed twice is done once."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask import request
from playwright.sync_api import Page, expect

from tests.browser.scene import Scene
from tests.browser.steps import go, press

pytestmark = [
    pytest.mark.browser,
    # Without JavaScript it is the browser that shows it, and sends a form as often as its button is pressed.
    pytest.mark.parametrize("has_script", [True], ids=["with JavaScript"], indirect=True),
]


# Playwright looks at nothing before the answer is there, so the page itself says what happens to its button.
PRESSED_TWICE = """button => {
  const say = () => console.log(`busy: ${button.getAttribute("aria-busy")}`);
  new MutationObserver(say).observe(button, {attributes: true});
  for (const later of [0, 300]) setTimeout(() => button.click(), later);
}"""


@contextmanager
def slow(office: Scene) -> Iterator[threading.Event]:
    """What is sent is answered when the block gives its consent, or after a second."""
    answer = threading.Event()

    def wait() -> None:
        if request.method == "POST":
            answer.wait(1)

    office.app.before_request_funcs.setdefault(None, []).append(wait)
    try:
        yield answer
    finally:
        answer.set()


def test_a_button_says_that_it_is_on_its_way_and_sends_its_form_once(ada: Page, office: Scene) -> None:
    go(ada, "Exemptions")
    ada.get_by_label("Address", exact=True).fill("carla@contoso.example")
    sent: list[str] = []
    ada.on("request", lambda asked: sent.append(asked.url) if asked.method == "POST" else None)
    button = ada.get_by_role("button", name="Exempt", exact=True)
    said: list[str] = []
    ada.on("console", lambda message: said.append(message.text))
    with slow(office):
        button.evaluate(PRESSED_TWICE)
        expect(ada.locator("#messages")).to_contain_text("is exempt")
    assert said == ["busy: true"]
    assert len(sent) == 1
    expect(button).not_to_have_attribute("aria-busy", "true")


def test_testing_the_connection_says_that_microsoft_is_asked(ada: Page, office: Scene) -> None:
    go(ada, "Azure Active Directory (Entra ID)")
    asking = ada.get_by_text("Asking Microsoft…")
    expect(asking).to_be_hidden()
    with slow(office) as answer:
        press(ada, "Test connection")
        expect(asking).to_be_visible()
        expect(ada.locator("#test-connection")).to_be_disabled()
        answer.set()
        expect(asking).to_be_hidden()
    expect(ada.locator("#connection-status")).to_contain_text("Working")
    expect(ada.locator("#connection-status-title")).to_be_focused()
