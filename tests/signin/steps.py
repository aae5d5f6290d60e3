"""The steps of a sign-in as a browser takes them, for tests that attack each of them."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from threading import Barrier, BrokenBarrierError
from typing import Any, TypeVar

import pyotp
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from ppe import db
from ppe.clock import utcnow
from ppe.encryption import encrypt
from ppe.models import EVERYONE, Account, Authenticator, Organization
from tests.conftest import PASSWORD

ADA, BOB = "ada@contoso.example", "bob@contoso.example"
Result = TypeVar("Result")


class Phone:
    """A telephone with an authenticator app on it."""

    def __init__(self, secret: str) -> None:
        self.secret, self._app = secret, pyotp.TOTP(secret)

    def code(self, at: datetime | None = None) -> str:
        return self._app.at(at or utcnow())

    def wrong_code(self) -> str:
        """Six digits that are not the app's, nor will be in the next minute."""
        now = utcnow()
        good = {self._app.at(now, counter_offset=step) for step in range(-2, 4)}
        return next(code for code in map("{:06}".format, range(10)) if code not in good)


def new_browser(app: Flask) -> FlaskClient:
    app.config["WTF_CSRF_ENABLED"] = False
    return app.test_client()


def is_inside(browser: FlaskClient) -> bool:
    return browser.get("/account").status_code == 200


def ask_for_codes(organization: Organization, policy: str = EVERYONE, after_microsoft: bool = False) -> None:
    with db.database.connection_context():
        Organization.update(second_factor=policy, second_factor_after_microsoft=after_microsoft).where(
            Organization.id == organization.id
        ).execute()


def change(account: Account, **fields: Any) -> None:
    with db.database.connection_context():
        Account.update(**fields).where(Account.id == account.id).execute()


def give_app(app: Flask, account: Account) -> Phone:
    """An authenticator app that the account has had for a while."""
    phone = Phone(pyotp.random_base32())
    with app.app_context(), db.database.connection_context():
        Authenticator.create(account=account, secret=encrypt(phone.secret), created_at=utcnow(), confirmed_at=utcnow())
        Account.update(second_factor_at=utcnow()).where(Account.id == account.id).execute()
    return phone


def type_password(browser: FlaskClient, address: str, password: str = PASSWORD, **form: str) -> TestResponse:
    return browser.post("/sign-in/password", data={"address": address, "password": password, **form})


def half_signed_in(app: Flask, address: str, **form: str) -> FlaskClient:
    browser = new_browser(app)
    answer = type_password(browser, address, **form)
    assert (answer.status_code, answer.location) == (303, "/sign-in/code"), answer.text
    return browser


def show(browser: FlaskClient, code: str, **form: str) -> TestResponse:
    return browser.post("/sign-in/code", data={"code": code, **form})


def apps_of(account: Account) -> list[tuple[Any, ...]]:
    with db.database.connection_context():
        found = Authenticator.select().where(Authenticator.account == account.id)
        return [(app.id, app.secret, app.last_step, app.confirmed_at) for app in found]


def phone_on(browser: FlaskClient) -> Phone:
    """Scan what the set-up page shows."""
    page = browser.get("/sign-in/code/set-up").text
    return Phone(page.partition('id="secret">')[2].partition("<")[0].replace(" ", ""))


def at_once(*acts: Callable[[], Result]) -> list[Result]:
    """Do all of it at the same moment, each in a thread of its own."""
    ready = Barrier(len(acts))

    def when_all_are(act: Callable[[], Result]) -> Result:
        ready.wait(10)
        return act()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(when_all_are, acts))


class Meeting:
    """Holds the first two that come until both are there: what each has read by then, the other has not changed."""

    def __init__(self, patience: float = 2) -> None:
        self._barrier, self._patience = Barrier(2), patience

    def before(self, act: Callable[..., Result]) -> Callable[..., Result]:
        def held(*arguments: Any, **named: Any) -> Result:
            with suppress(BrokenBarrierError):  # where the other never comes: it was turned away before
                self._barrier.wait(self._patience)
            return act(*arguments, **named)

        return held
