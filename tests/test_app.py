import logging
import re
import sys

import pytest
from flask import Flask, abort
from flask.testing import FlaskClient

from ppe.errors import NotFound, Refused
from tests.conftest import People

HTMX = {"HX-Request": "true"}


@pytest.fixture
def broken(app: Flask, client: FlaskClient, people: People) -> FlaskClient:
    """A browser in front of an app in which everything goes wrong."""

    def fail(how: str) -> str:
        match how:
            case "refused":
                raise Refused("The last administrator stays.")
            case "missing":
                raise NotFound("There is no such run.")
            case "crash":
                raise ZeroDivisionError("a secret detail")
            case _:
                abort(int(how))

    app.add_url_rule("/fail/<how>", view_func=fail)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    return client


@pytest.mark.parametrize(
    ("how", "code", "words"),
    [
        ("400", 400, "That was not understood"),
        ("403", 403, "You may not do that"),
        ("404", 404, "There is no such page"),
        ("413", 413, "That is too large"),
        ("crash", 500, "Something went wrong on our side"),
        ("refused", 422, "The last administrator stays."),
        ("missing", 404, "There is no such run."),
    ],
)
def test_every_mishap_has_a_page_and_a_fragment(broken: FlaskClient, how: str, code: int, words: str) -> None:
    page, fragment = broken.get(f"/fail/{how}"), broken.get(f"/fail/{how}", headers=HTMX)
    assert (page.status_code, fragment.status_code) == (code, code)
    assert f"<h1>{words}</h1>" in page.text
    assert "<html" not in fragment.text
    assert words.rstrip(".") in fragment.text
    assert fragment.headers["HX-Retarget"] == "#messages"
    assert "secret detail" not in page.text


def test_a_file_that_is_not_there_is_no_mishap_of_ours(app: Flask, signed_in: FlaskClient) -> None:
    app.testing = False
    for path in ("/static/gone.css", "/vendor/htmx/gone.js", "/gone"):
        assert signed_in.get(path).status_code == 404, path


@pytest.mark.parametrize(
    ("address", "page"), [("/sign-in/password", "/sign-in"), ("/account/password", "/account"),
                          ("/import-sync/runs/7/accept", "/import-sync/runs/7")],
)  # fmt: skip
def test_whoever_reloads_the_answer_to_a_button_comes_back_to_its_page(
    client: FlaskClient, people: People, address: str, page: str
) -> None:
    answer = client.get(address)
    assert (answer.status_code, answer.location) == (303, page)
    assert client.put(address).status_code == 405


def test_another_method_than_a_page_has(client: FlaskClient, people: People) -> None:
    assert client.post("/account").status_code == 405


@pytest.mark.parametrize("address", ["/sign-in?next=%00", "/%00"])
def test_a_null_character_is_refused_before_it_reaches_the_database(
    client: FlaskClient, people: People, address: str
) -> None:
    assert client.get(address).status_code == 400
    assert client.post("/sign-in", data={"address": "a\0b", "password": "x"}).status_code == 400


def test_too_large_a_form_is_refused(client: FlaskClient, people: People) -> None:
    assert client.post("/sign-in", data={"address": "x" * 5_000_000}).status_code == 413


def test_no_form_without_its_token(app: Flask, client: FlaskClient, people: People) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    answer = client.post("/sign-in", data={"address": "ada@contoso.example", "password": "x"})
    assert answer.status_code == 400
    assert "This page has been open for too long" in answer.text
    page = client.get("/sign-in").text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token is not None
    assert client.post("/sign-in", data={"csrf_token": token[1]}).status_code == 422


def test_who_was_signed_out_meanwhile_is_shown_the_way_back_in(app: Flask, signed_in: FlaskClient) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    review = "http://localhost/import-sync/runs/1?section=adding"
    headers = {"HX-Request": "true", "HX-Current-URL": review}
    assert "This page has been open for too long" in signed_in.post("/import-sync/runs/1/ticks", headers=headers).text
    signed_out = app.test_client()
    answer = signed_out.post("/import-sync/runs/1/ticks", headers=headers)
    assert answer.headers["HX-Retarget"] == "#messages"
    assert "You have been signed out" in answer.text
    assert '<a href="/sign-in?next=/import-sync/runs/1?section%3Dadding">Sign in again</a>' in answer.text
    assert 'href="/sign-in">Sign in again' in signed_out.post("/import-sync/runs/1/ticks").text


def test_no_page_holds_inline_script_or_style_or_an_address_elsewhere(signed_in: FlaskClient) -> None:
    for path in ("/account", "/nowhere", "/import-sync/azure", "/import-sync/runs"):
        page = signed_in.get(path).text
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=", page), path
        assert not re.search(r'(?:src|<link[^>]*href)="(?:https?:)?//', page), path


def test_htmx_comes_out_of_its_wheel_without_importing_it(client: FlaskClient) -> None:
    answer = client.get("/vendor/htmx/htmx.min.js", buffered=True)
    assert answer.status_code == 200
    assert "htmx" in answer.text[:200]
    assert "js_lib_htmx" not in sys.modules


def test_talkative_libraries_are_kept_quiet(app: Flask) -> None:
    for name in ("urllib3", "apprise"):
        assert logging.getLogger(name).level == logging.WARNING
