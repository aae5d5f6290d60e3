"""Ada's browser in front of a practice tenant, and the worker's hands behind it."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from ppe import db
from ppe.clock import utcnow
from ppe.encryption import encrypt
from ppe.models import Connection, SyncChange, SyncRun
from ppe.practice.server import PracticeServer
from ppe.practice.tenant import Tenant
from ppe.sync import run, unattended
from tests.conftest import People


class Console:
    """What an administrator does by hand, and what happens meanwhile without one."""

    def __init__(self, app: Flask, browser: FlaskClient, people: People, server: PracticeServer) -> None:
        self.app, self.browser, self.people, self.server = app, browser, people, server
        self.tenant = server.tenant
        app.config["SETTINGS"] = replace(
            app.config["SETTINGS"], microsoft_login_url=server.login_url, graph_url=server.graph_url
        )

    def typed(self, **other: str) -> dict[str, str]:
        """The settings form as it would be filled in rightly; an empty text leaves a field out."""
        ticked = (
            "sync_active_users sync_distribution_groups sync_security_groups add_users update_users"
            " remove_deleted_users add_groups update_groups remove_deleted_groups"
        )
        form = {
            **dict.fromkeys(ticked.split(), "yes"),
            "default_user_role_name": "end_user",
            "primary_domain": self.server.domain,
            "application_id": self.server.application_id,
            "ad_key": self.server.client_secret,
            "sync_frequency": "0",
        }
        return {name: text for name, text in (form | other).items() if text}

    def save(self, **other: str) -> TestResponse:
        return self.browser.post("/import-sync/azure", data=self.typed(**other))

    def connect(self) -> None:
        """The settings, saved and verified without their page."""
        with self.app.app_context(), db.database.connection_context():
            Connection.update(
                primary_domain=self.server.domain,
                application_id=self.server.application_id,
                ad_key=encrypt(self.server.client_secret),
                tenant_id=self.server.tenant_id,
                last_verified_at=utcnow(),
            ).where(Connection.organization == self.people.contoso).execute()

    def begin(self) -> int:
        """A run that nobody works on yet."""
        answer = self.browser.post("/import-sync/runs")
        assert answer.status_code == 303, answer.text
        return int(answer.headers["Location"].rpartition("/")[2])

    def work(self, run_id: int) -> SyncRun:
        """What the worker does when the doorbell rings."""
        with self.app.app_context(), db.database.connection_context():
            run.proceed(run_id, utcnow)
            found: SyncRun = SyncRun.get_by_id(run_id)
            return found

    def review(self) -> int:
        """A run whose list is complete."""
        run_id = self.begin()
        assert self.work(run_id).state == "review"
        return run_id

    def set(self, **columns: object) -> None:
        """Something else in the settings, without their page."""
        with db.database.connection_context():
            Connection.update(**columns).where(Connection.organization == self.people.contoso).execute()

    def scheduled(self) -> SyncRun:
        """The slot has come: what the worker does then."""
        self.set(sync_frequency=1, next_sync_at=utcnow())
        with self.app.app_context(), db.database.connection_context():
            connection = Connection.get(Connection.organization == self.people.contoso)
            begun = unattended.begin(connection.id, utcnow())
        assert begun is not None
        return self.work(begun)

    def rows(self, run_id: int) -> dict[str, SyncChange]:
        with db.database.connection_context():
            return {row.name: row for row in SyncChange.select().where(SyncChange.run == run_id)}

    def get(self, run_id: int, query: str = "") -> str:
        return self.browser.get(f"/import-sync/runs/{run_id}{query}").text

    def post(self, run_id: int, what: str, **form: object) -> TestResponse:
        return self.browser.post(f"/import-sync/runs/{run_id}/{what}", data=form)


@pytest.fixture
def practice() -> Iterator[PracticeServer]:
    """A practice tenant with three people and a group."""
    with PracticeServer(Tenant.empty()) as server:
        hired = [server.tenant.hire(name, f"{name.lower()}@contoso.example") for name in ("Clara", "Dora", "Emil")]
        server.tenant.add_member(server.tenant.add_group("Staff", "security", ""), hired[0])
        yield server


@pytest.fixture
def console(app: Flask, signed_in: FlaskClient, people: People, practice: PracticeServer) -> Console:
    return Console(app, signed_in, people, practice)
