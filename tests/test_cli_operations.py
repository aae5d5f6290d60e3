import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from click.testing import Result
from flask import Flask

from ppe.clock import utcnow
from ppe.encryption import encrypt
from ppe.models import Account, AuditEvent, Connection, SyncRun
from ppe.practice.server import PracticeServer
from ppe.practice.tenant import Tenant
from ppe.sync import following, unattended
from tests.conftest import OpenDatabase, People


@pytest.fixture
def server(app: Flask, people: People, open_database: OpenDatabase) -> Iterator[PracticeServer]:
    """Contoso's directory, set up and with one person in it."""
    with PracticeServer(Tenant.empty(domains=("fabrikam.example",))) as practice:
        practice.tenant.hire("Cy", "cy@contoso.example")
        settings = app.config["SETTINGS"]
        app.config["SETTINGS"] = replace(settings, microsoft_login_url=practice.login_url, graph_url=practice.graph_url)
        with app.app_context(), open_database():
            Connection.update(
                primary_domain=practice.domain, application_id=practice.application_id,
                ad_key=encrypt(practice.client_secret), tenant_id=practice.tenant_id,
            ).where(Connection.organization == people.contoso).execute()  # fmt: skip
        yield practice


def ask(app: Flask, *words: str) -> Result:
    return app.test_cli_runner().invoke(args=["ppe", *words])


def sync(app: Flask, *words: str) -> Result:
    return ask(app, "sync", "--organization", "contoso", *words)


def names(organization_id: int) -> set[str]:
    here = Account.select().where(Account.organization == organization_id, Account.removed_at.is_null())
    return {account.display_name for account in here}


def test_a_sync_is_run_to_its_end_and_said(
    app: Flask, server: PracticeServer, people: People, open_database: OpenDatabase
) -> None:
    said = sync(app)
    assert said.exit_code == 0, said.output
    assert "Run 1 has begun." in said.output
    assert "1 added." in said.output
    with open_database():
        assert names(people.contoso.id) == {"Ada", "Bob", "Cy"}
        run = SyncRun.get()
        assert (run.state, run.scheduled, run.started_by_name) == ("done", True, "the command line")
        assert {event.actor for event in AuditEvent.select().where(AuditEvent.action == "sync started")} == {
            "the command line"
        }


def test_progress_is_said_while_it_works(monkeypatch: pytest.MonkeyPatch, app: Flask, server: PracticeServer) -> None:
    monkeypatch.setattr(following, "LOOKS_EVERY", 0.01)
    server.weather.slow(0.05)
    assert re.search(r"people and \d+ groups read", sync(app).output)


def test_a_dry_run_says_what_it_would_do_and_does_nothing(
    app: Flask, server: PracticeServer, people: People, open_database: OpenDatabase
) -> None:
    for number in range(11):
        server.tenant.hire(f"P{number:02}", f"p{number}@contoso.example")
    server.tenant.add_domain("wingtip.example")
    server.tenant.hire("Wim", "wim@wingtip.example")
    with open_database():
        before = names(people.contoso.id)
    said = sync(app, "--dry-run")
    assert said.exit_code == 0, said.output
    assert "Adding: 12\n  Cy <cy@contoso.example>: " in said.output
    assert "  and 2 more" in said.output
    assert "Left out: 1 person on wingtip.example, not registered." in said.output
    assert "Not imported: 1" in said.output
    assert said.output.endswith("Nothing was changed, and nothing waits.\n")
    with open_database():
        assert names(people.contoso.id) == before
        assert [(run.state, run.dry_run, run.holds_connection) for run in SyncRun.select()] == [
            ("cancelled", True, False)
        ]


def test_a_dry_run_and_a_sync_say_what_is_held_back(
    app: Flask, server: PracticeServer, people: People, open_database: OpenDatabase
) -> None:
    leavers = [server.tenant.hire(f"P{number}", f"p{number}@contoso.example") for number in range(6)]
    assert sync(app).exit_code == 0
    for leaver in leavers:
        server.tenant.delete(leaver)
    assert "Would be held back for an administrator: 6 removals" in sync(app, "--dry-run").output
    said = sync(app)
    assert said.exit_code == 0
    assert "Held back: 6 removals" in said.output
    with open_database():
        assert "P0" in names(people.contoso.id)


def test_a_sync_that_fails_says_why_and_ends_with_one(app: Flask, server: PracticeServer) -> None:
    server.tenant.expire_secret()
    for words in ((), ("--dry-run",)):
        said = sync(app, *words)
        assert said.exit_code == 1
        assert "The Client Secret has expired. Make a new client secret" in said.output


def test_two_do_not_run_at_once(
    app: Flask, server: PracticeServer, people: People, open_database: OpenDatabase
) -> None:
    with app.app_context(), open_database():
        connection = Connection.get(Connection.organization == people.contoso)
        unattended.begin_at_once(connection, "somebody", utcnow(), dry_run=False)
    said = sync(app)
    assert said.exit_code == 1
    assert "at work already" in said.output


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "Say which organisation with --organization: “Contoso”, “Fabrikam”."),
        (("--organization", "Nobody"), "Say which organisation"),
        (("--organization", "Fabrikam"), "The directory is not set up yet."),
    ],
)
def test_it_has_to_be_clear_what_to_sync(
    app: Flask, server: PracticeServer, words: tuple[str, ...], sentence: str
) -> None:
    said = ask(app, "sync", *words)
    assert said.exit_code == 1
    assert sentence in said.output


def test_before_set_up_there_is_nothing_to_sync(app: Flask) -> None:
    assert "complete the set-up first" in ask(app, "sync").output


def test_runs_are_listed_the_newest_first(
    app: Flask, server: PracticeServer, people: People, open_database: OpenDatabase
) -> None:
    sync(app)
    server.tenant.expire_secret()
    sync(app)
    sync(app, "--dry-run")
    lines = ask(app, "runs", "--last", "2").output.splitlines()
    assert len(lines) == 3
    assert re.match(r" +3  Contoso +dry run +failed .*The Client Secret has expired\.$", lines[1])
    assert re.match(r" +2  Contoso +scheduled +failed ", lines[2])
    oldest = ask(app, "runs").output.splitlines()[-1]
    assert re.match(r" +1  Contoso +scheduled +done +\d{4}-\d\d-\d\d \d\d:\d\d +0:0\d +1 +0  1 added\.$", oldest)
