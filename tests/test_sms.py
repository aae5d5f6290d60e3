import logging
import socket
from dataclasses import replace

import pytest
from flask import Flask
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from ppe import create_app, sms
from ppe.config import Settings
from ppe.delivery_settings import filled
from ppe.errors import DeliveryFailed
from tests.ports import free_port

NUMBER = "+31612345678"
CODE = "739164"


@pytest.fixture
def settings(settings: Settings, httpserver: HTTPServer) -> Settings:
    """Settings that lead to a gateway of the JSON kind, which asks for a password."""
    return replace(settings, sms_url=f"json://ppe:secret@127.0.0.1:{httpserver.port}/send?:to={{to}}&+x-key=abc")


@pytest.mark.parametrize(
    ("written", "region", "number"),
    [
        ("+31612345678", "", NUMBER),
        ("+31 (0)6 1234 5678", "", NUMBER),
        ("0031 6 12345678", "", NUMBER),
        ("  +31-6-12.34.56.78 ", "", NUMBER),
        ("tel:+31612345678", "", NUMBER),
        ("06-12345678", "NL", NUMBER),
        ("06-12345678 (privé)", "NL", NUMBER),
        ("020 794 0000 / 06 1234 5678", "NL", NUMBER),
        ("+43 664 1234567", "NL", "+436641234567"),
        ("+1 (650) 253-0000", "", "+16502530000"),  # nothing tells an American mobile from a landline
        ("06-12345678", "", None),
        ("+31 20 794 0000", "", None),
        ("+31612345678 ext 12", "", None),
        ("+31 6 1234", "", None),
        ("+999 12345678", "", None),
        ("ask Bob", "NL", None),
        ("", "NL", None),
    ],
)
def test_a_number_is_what_a_text_message_can_reach(written: str, region: str, number: str | None) -> None:
    assert sms.normalised(written, region) == number


def test_a_masked_number_shows_two_digits() -> None:
    assert sms.masked(NUMBER) == "•••• •• 78"


def test_the_gateway_gets_number_and_text(app: Flask, httpserver: HTTPServer) -> None:
    got: list[Request] = []

    def take(request: Request) -> Response:
        request.get_data()
        got.append(request)
        return Response(status=202)

    httpserver.expect_request("/send", method="POST").respond_with_handler(take)
    with app.app_context():
        assert sms.is_possible()
        sms.send(NUMBER, f"{CODE} is your code.")
    (request,) = got
    assert request.authorization is not None
    assert (request.authorization.username, request.authorization.password) == ("ppe", "secret")
    assert request.headers["x-key"] == "abc"
    sent = request.get_json()
    assert (sent["to"], sent["message"], sent["title"]) == (NUMBER, f"{CODE} is your code.", "")


@pytest.mark.parametrize("status", [400, 401, 500, 503])
def test_a_gateway_that_refuses_is_a_sentence_and_the_code_is_nowhere(
    app: Flask, httpserver: HTTPServer, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    caplog.set_level(logging.DEBUG)
    httpserver.expect_request("/send").respond_with_handler(lambda got: Response(got.get_data(), status))
    with app.app_context(), pytest.raises(DeliveryFailed, match="could not be sent") as failed:
        sms.send(NUMBER, f"{CODE} is your code.")
    assert caplog.records, "apprise says that it failed"
    assert CODE not in caplog.text
    assert CODE not in failed.value.sentence


def test_the_code_is_not_in_the_log_of_a_success_either(
    app: Flask, httpserver: HTTPServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    httpserver.expect_request("/send").respond_with_data(status=202)
    with app.app_context():
        sms.send(NUMBER, f"{CODE} is your code.")
    assert CODE not in caplog.text


def test_a_gateway_that_is_away_is_a_sentence(settings: Settings) -> None:
    away = create_app(replace(settings, sms_url=f"json://127.0.0.1:{free_port()}/send?:to={{to}}"))
    with away.app_context(), pytest.raises(DeliveryFailed, match="Please try again"):
        sms.send(NUMBER, CODE)


def test_a_gateway_that_says_nothing_is_waited_for_as_long_as_the_template_says(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"json://127.0.0.1:{silent.getsockname()[1]}/send?:to={{to}}&rto=0.1"
        with create_app(replace(settings, sms_url=url)).app_context(), pytest.raises(DeliveryFailed):
            sms.send(NUMBER, CODE)


@pytest.mark.parametrize(
    ("template", "patient"),
    [
        ("json://h/", "json://h/?cto=4&rto=10"),
        ("json://h/?:to=1", "json://h/?:to=1&cto=4&rto=10"),
        ("json://h/?rto=2", "json://h/?rto=2&cto=4"),
    ],
)
def test_nobody_waits_longer_than_seconds_unless_the_template_says_so(template: str, patient: str) -> None:
    assert sms._patient(template) == patient


def test_the_number_is_quoted_for_its_place_in_an_address() -> None:
    assert filled("form://h/{to}?:to={to}", NUMBER) == "form://h/%2B31612345678?:to=%2B31612345678"


def test_without_a_gateway_nothing_can_be_sent(settings: Settings) -> None:
    with create_app(replace(settings, sms_url="")).app_context():
        assert not sms.is_possible()
        with pytest.raises(DeliveryFailed):
            sms.send(NUMBER, CODE)


def test_the_command_sends_a_test_message_or_says_what_is_wrong(app: Flask, httpserver: HTTPServer) -> None:
    httpserver.expect_ordered_request("/send").respond_with_data(status=202)
    httpserver.expect_ordered_request("/send").respond_with_data(status=500)
    said = [
        app.test_cli_runner().invoke(args=["ppe", "test-text", number]) for number in ("0031612345678", NUMBER, "06 12")
    ]
    assert [one.exit_code for one in said] == [0, 1, 1]
    assert f"The gateway took a text message for {NUMBER}.\n" in said[0].output
    assert "could not be sent" in said[1].output
    assert "06 12 is not a mobile number" in said[2].output
