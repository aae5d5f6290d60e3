"""What is in the log: every line of a run names it, and no line holds a secret, whoever wrote it."""

import json
import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import structlog
from flask import Flask

from ppe import tasks
from ppe.clock import utcnow
from ppe.config import Settings
from ppe.encryption import encrypt
from ppe.models import Connection, SyncRun
from ppe.operation import log
from ppe.practice.server import PracticeServer
from ppe.practice.tenant import Tenant
from ppe.sync import graph, login, review, run
from tests.conftest import OpenDatabase, People


@pytest.fixture
def practice() -> Iterator[PracticeServer]:
    """A dozen people. What its own thread says is none of ours."""
    logging.getLogger("asyncio").setLevel(logging.WARNING)
    with PracticeServer(Tenant.empty()) as server:
        for number in range(12):
            server.tenant.hire(f"P{number}", f"p{number}@contoso.example")
        yield server
    logging.getLogger("asyncio").setLevel(logging.NOTSET)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """The log says as much as it can, as objects."""
    return replace(settings, log_level="DEBUG", log_format="json")


@pytest.fixture
def connected(app: Flask, people: People, practice: PracticeServer, open_database: OpenDatabase) -> Connection:
    """Contoso's connection."""
    app.config["SETTINGS"] = replace(
        app.config["SETTINGS"], microsoft_login_url=practice.login_url, graph_url=practice.graph_url
    )
    with app.app_context(), open_database():
        Connection.update(
            primary_domain=practice.domain, application_id=practice.application_id,
            ad_key=encrypt(practice.client_secret), tenant_id=practice.tenant_id,
        ).where(Connection.organization == people.contoso).execute()  # fmt: skip
        found: Connection = Connection.get(Connection.organization == people.contoso)
    return found


Lines = list[dict[str, Any]]


def lines(capfd: pytest.CaptureFixture[str]) -> Lines:
    return [json.loads(line) for line in capfd.readouterr().err.splitlines()]


def begin(connection: Connection) -> SyncRun:
    return run.start(connection, by=None, by_name="Ada", send_welcome_mails=False, now=utcnow())


def begin_in(open_database: OpenDatabase, connection: Connection) -> int:
    with open_database():
        return int(begin(connection).id)


def work(run_id: int) -> None:
    """What the worker does when the doorbell rings."""
    tasks.sync.call_local(run_id)


def test_every_line_while_a_run_is_worked_on_names_it(
    capfd: pytest.CaptureFixture[str],
    connected: Connection,
    open_database: OpenDatabase,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ask = graph.Graph._ask

    def talkative(*arguments: Any, **named: Any) -> Any:
        logging.getLogger("some.library").debug("asking %s", "something")
        return ask(*arguments, **named)

    monkeypatch.setattr(graph.Graph, "_ask", talkative)
    with open_database():
        begun = begin(connected)
    lines(capfd)
    work(begun.id)
    with open_database():
        review.accept(SyncRun.get_by_id(begun.id), "Ada", utcnow())
    work(begun.id)
    said = lines(capfd)
    assert {line.get("run") for line in said} == {begun.id}
    assert "some.library" in {line["logger"] for line in said}
    ours = {line["event"]: line for line in said if line["logger"].startswith("ppe.")}
    assert list(ours) == ["run begun", "directory read", "run planned", "run accepted", "run taken up", "run done"]
    with open_database():
        done = SyncRun.get()
    assert ours["directory read"]["people"] == done.people == 12
    assert (ours["run planned"]["state"], ours["run accepted"]["changes"]) == ("review", done.to_apply)


def test_a_line_after_the_run_does_not_name_it(
    capfd: pytest.CaptureFixture[str], connected: Connection, open_database: OpenDatabase
) -> None:
    with open_database():
        begun = begin(connected)
    work(begun.id)
    lines(capfd)
    logging.getLogger("huey").info("Executing something else")
    assert ["run" in line for line in lines(capfd)] == [False]


def test_pauses_failures_and_mishaps_are_said_with_their_run(
    capfd: pytest.CaptureFixture[str],
    connected: Connection,
    practice: PracticeServer,
    open_database: OpenDatabase,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with open_database():
        begun = begin(connected)
    practice.weather.throttle(1, "600")
    work(begun.id)
    with open_database():
        SyncRun.update(not_before=None).execute()
    practice.tenant.expire_secret()
    work(begun.id)
    said = {line["event"]: line for line in lines(capfd)}
    assert said["run throttled"]["seconds"] == 600
    assert said["run taken up"]["run"] == begun.id
    assert (said["run failed"]["error"], said["run failed"]["level"]) == ("AADSTS7000222", "warning")

    with open_database():
        broken = begin(connected)
    monkeypatch.setattr(run, "pull", lambda *_: 1 / 0)
    work(broken.id)
    mishap = lines(capfd)[-1]
    assert (mishap["event"], mishap["run"]) == ("run broken off", broken.id)
    assert "ZeroDivisionError" in mishap["exception"]


def test_no_secret_of_a_sync_is_in_the_log_even_if_every_library_talks(
    capfd: pytest.CaptureFixture[str],
    app: Flask,
    connected: Connection,
    practice: PracticeServer,
    open_database: OpenDatabase,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The talkative are let loose, so that it is our last look that keeps the secrets in."""
    secrets = {practice.client_secret, app.config["SECRET_KEY"]}
    fetch = login.fetch_token

    def overheard(*arguments: Any) -> login.Token:
        token = fetch(*arguments)
        secrets.add(token.access_token)
        return token

    monkeypatch.setattr(graph, "fetch_token", overheard)
    for name in log.TALKATIVE:
        logging.getLogger(name).setLevel(logging.DEBUG)
    try:
        for _ in range(2):
            work(begin_in(open_database, connected))
            with open_database():
                stored = Connection.get_by_id(connected.id)
            for link in (stored.users_delta_link, stored.groups_delta_link):
                secrets.add(re.split("token=", str(link), flags=re.IGNORECASE)[1].partition("&")[0])
        practice.tenant.expire_secret()
        work(begin_in(open_database, connected))
    finally:
        for name in log.TALKATIVE:
            logging.getLogger(name).setLevel(logging.WARNING)
    text = capfd.readouterr().err
    assert len(secrets) >= 6
    assert "deltatoken=[hidden]" in text.casefold(), "the libraries did talk"
    assert [secret for secret in secrets if secret in text] == []


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("Authorization: Bearer eyJhbGciOi.eyJzdWIi.c2ln", "eyJ"),
        ("{'Authorization': 'Basic dXNlcjpwYXNz'}", "dXNl"),
        ("POST body client_id=x&client_secret=a~b.c&grant_type=y", "a~b.c"),
        ('GET "https://graph.microsoft.com/v1.0/users/delta?$deltatoken=AbC_1-2&$select=id"', "AbC_1-2"),
        ("GET /v1.0/users/delta?%24skiptoken=RFNwdAoA", "RFNwdAoA"),
        ('{"access_token": "opaque-token", "id_token": "another"}', "opaque-token"),
        ("GET /sign-in/microsoft/callback?code=0.AXoA&state=Zz9", "0.AXoA"),
        ("GET /sign-in/microsoft/callback?code=0.AXoA&state=Zz9", "Zz9"),
        ("grant_type=authorization_code&code_verifier=abc123def", "abc123def"),
        ("GET /password/Zm9vYmFyYmF6cXV4cXV1eA HTTP/1.1", "Zm9v"),
        ("form was {'code': '123456', 'password': 'hunter2'}", "123456"),
        ("form was {'code': '123456', 'password': 'hunter2'}", "hunter2"),
        ("('UPDATE account SET password_hash = ?', ['$argon2id$v=19$m=1,t=1,p=1$c2FsdA$aGFzaA'])", "aGFzaA"),
        ("Cookie: ppe_session=abcdef", "abcdef"),
    ],
)
def test_what_looks_like_a_secret_is_hidden(
    capfd: pytest.CaptureFixture[str], app: Flask, text: str, secret: str
) -> None:
    logging.getLogger("some.library").warning("%s", text)
    structlog.get_logger("ours").warning("said", words=[text], inside={"deep": text})
    said = capfd.readouterr().err
    assert secret not in said
    assert "[hidden]" in said


def test_what_is_named_after_a_secret_is_hidden_whatever_it_is(capfd: pytest.CaptureFixture[str], app: Flask) -> None:
    structlog.get_logger().warning("said", client_secret="abc", access_token=b"abc", code=12345, error="AADSTS50034")
    (line,) = lines(capfd)
    assert {line[name] for name in ("client_secret", "access_token", "code")} == {"[hidden]"}
    assert line["error"] == "AADSTS50034"


def test_an_exception_s_own_words_are_looked_through_too(capfd: pytest.CaptureFixture[str], app: Flask) -> None:
    try:
        int("no answer from https://x/?$deltatoken=AbC123")
    except ValueError:
        logging.getLogger("some.library").exception("it broke")
    said = capfd.readouterr().err
    assert "ValueError: invalid literal" in said
    assert "AbC123" not in said


def test_as_text_a_line_is_for_people(capfd: pytest.CaptureFixture[str], app: Flask) -> None:
    app.config["SETTINGS"] = replace(app.config["SETTINGS"], log_format="text", log_level="INFO")
    log.init_app(app)
    structlog.get_logger("ppe.sync.run").info("run done", run=7, summary="3 added.")
    structlog.get_logger("ppe.sync.run").debug("not this")
    said = capfd.readouterr().err
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\S+Z \[info\] run done \[ppe.sync.run\] run=7 summary='3 added.'\n", said)


def test_a_second_app_in_a_process_does_not_write_each_line_twice(
    capfd: pytest.CaptureFixture[str], app: Flask
) -> None:
    log.init_app(app)
    structlog.get_logger().warning("once")
    assert [line["event"] for line in lines(capfd)] == ["once"]
