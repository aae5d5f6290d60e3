"""Signing in without a browser: presses the buttons of the sign-in pages over HTTP, for tests."""

import requests

TIMEOUT = 10


class SignInPageShown(RuntimeError):
    """Microsoft shows a page where a test expected to be sent back; the text is the page's."""


def open_page(browser: requests.Session, authorize_url: str) -> requests.Response:
    """Open the sign-in page, and stop before the application is reached."""
    return browser.get(authorize_url, allow_redirects=False, timeout=TIMEOUT)


def press(browser: requests.Session, authorize_url: str, answer: str, **form: str) -> requests.Response:
    """Press a button of a sign-in page, and stop before the application is reached."""
    return browser.post(authorize_url, data={"answer": answer, **form}, allow_redirects=False, timeout=TIMEOUT)


def sign_in_as(browser: requests.Session, authorize_url: str, object_id: str) -> str:
    """Return the callback address, with a code or with an error. Raises SignInPageShown."""
    answer = open_page(browser, authorize_url)
    if answer.status_code == 200:
        answer = press(browser, authorize_url, "sign_in", person=object_id)
    if answer.status_code == 200:
        answer = press(browser, authorize_url, "accept")
    if not answer.is_redirect:
        raise SignInPageShown(answer.text)
    return answer.headers["Location"]
