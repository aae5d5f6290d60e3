"""A browser between the console and the practice tenant: real HTTP to the tenant, the test client to the console."""

import html
import re
from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

import requests
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from ppe import db
from ppe.clock import utcnow
from ppe.encryption import encrypt
from ppe.models import Account, Connection, Organization
from ppe.practice.server import PracticeServer
from ppe.practice.signing_in import press
from ppe.signin import discovery


class Entra:
    """Contoso's practice tenant, connected and verified, and what a person does with it in a browser."""

    def __init__(self, app: Flask, server: PracticeServer, organization: Organization) -> None:
        self.app, self.server, self.organization = app, server, organization
        app.config["WTF_CSRF_ENABLED"] = False
        app.config["SETTINGS"] = replace(
            app.config["SETTINGS"],
            public_url="http://localhost",
            microsoft_login_url=server.login_url,
            graph_url=server.graph_url,
        )
        discovery.forget()
        with app.app_context(), db.database.connection_context():
            Connection.update(
                primary_domain=server.domain,
                application_id=server.application_id,
                ad_key=encrypt(server.client_secret),
                tenant_id=server.tenant_id,
                last_verified_at=utcnow(),
            ).where(Connection.organization == organization).execute()

    def settings(self, **choices: object) -> None:
        with db.database.connection_context():
            Connection.update(**choices).where(Connection.organization == self.organization).execute()

    def hire(self, name: str, address: str, account: Account | None = None, guest: bool = False) -> str:
        """Somebody in the tenant, and where an account is given, linked to it as a sync does."""
        object_id = self.server.tenant.hire(name, address, guest=guest)
        if account is not None:
            with db.database.connection_context():
                linked = {"directory_tenant": self.server.tenant_id, "directory_id": object_id}
                Account.update(**linked).where(Account.id == account.id).execute()
        return object_id

    def begin(self, browser: FlaskClient, address: str = "", wanted: str = "") -> str:
        """From our sign-in page to the address at Microsoft."""
        form = {"address": address, "next": wanted} | ({} if address else {"way": "microsoft"})
        asked = browser.post("/sign-in", data=form)
        assert asked.status_code == 303, asked.text
        assert asked.location.startswith("/sign-in/microsoft"), asked.location
        page = browser.get(asked.location)
        found = re.search(r'href="([^"]+)" id="to-microsoft"', page.text)
        assert found is not None, page.text
        return html.unescape(found[1])

    def press(self, there: str, person: str, answer: str = "sign_in", refusal: str = "") -> str:
        """What the person presses at Microsoft; gives the address that Microsoft sends the browser back to."""
        with requests.Session() as browser:
            browser.trust_env = False
            if answer == "sign_in":
                return self.server.sign_in_as(browser, there, person)
            return press(browser, there, answer, person=person, refusal=refusal).headers["Location"]

    def back(self, browser: FlaskClient, address: str, **changed: str | None) -> TestResponse:
        """Follow Microsoft's way back, with what an attacker changes in it."""
        parts = urlsplit(address)
        query = dict(parse_qsl(parts.query)) | changed
        return browser.get(parts.path, query_string={name: text for name, text in query.items() if text is not None})

    def sign_in(self, browser: FlaskClient, person: str, address: str = "", wanted: str = "") -> TestResponse:
        """The whole way."""
        return self.back(browser, self.press(self.begin(browser, address, wanted), person))
