"""A mail server to send to, and a clock that stands still."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from jinja2 import StrictUndefined

from ppe import outbox
from ppe.config import Settings
from ppe.mail import mailer
from ppe.models import Account, Mail
from tests.conftest import OpenDatabase, People
from tests.mail.listener import HOST, Listener, Taken

NOW = datetime(2025, 11, 25, 23, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
CONSOLE = "https://ppe.contoso.example"
NOTICE = {"at": NOW.isoformat(), "remote_address": "192.0.2.7"}


class Clock:
    """Stands still until a test moves it on."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def listener() -> Iterator[Listener]:
    """A mail server."""
    listening = Listener().start()
    yield listening
    listening.stop()


@pytest.fixture
def settings(settings: Settings, listener: Listener) -> Settings:
    """Settings that lead to the mail server."""
    return replace(
        settings,
        mail_server=HOST,
        mail_port=listener.port,
        mail_security="none",
        mail_from="Filter, Contoso <ppe@contoso.example>",
        public_url=CONSOLE,
    )


@pytest.fixture
def post_office(app: Flask, people: People, open_database: OpenDatabase) -> Iterator[People]:
    """The app at work, as a task sees it. A template that asks for what it is not given fails."""
    app.jinja_env.undefined = StrictUndefined
    with app.app_context(), open_database():
        yield people


def ask(account: Account, kind: str, **details: str) -> None:
    outbox.ask(kind, organization_id=account.organization_id, account_id=account.id, details=details, now=NOW)


def delivered(listener: Listener, clock: Callable[[], datetime]) -> Taken:
    """The one mail that is in the outbox."""
    mailer.deliver_due(clock)
    assert [(mail.sent_at, mail.error) for mail in Mail.select()] == [(NOW, "")]
    (taken,) = listener.taken
    return taken
