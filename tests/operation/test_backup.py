"""Backup and restore, on either database: taken while everything runs, put back whole, and nobody let in by it."""

import io
import json
import os
import sqlite3
import stat
import tarfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from click.testing import Result
from cryptography.fernet import Fernet
from flask import Flask
from playhouse import migrations

from ppe import create_app, db
from ppe.clock import utcnow
from ppe.config import Settings
from ppe.encryption import encrypt
from ppe.errors import Refused
from ppe.models import (
    TABLES,
    AuditEvent,
    AuditWord,
    Connection,
    HalfSignIn,
    Installation,
    Mail,
    Organization,
    PasswordLink,
    SecondFactorCode,
    SignInSession,
    SyncRun,
    TrustedBrowser,
)
from ppe.operation import postgresql_tools
from ppe.operation import restore as putting_back
from tests.conftest import OpenDatabase, People, sign_in
from tests.databases import POSTGRESQL, SQLITE, FreshDatabase, on_both_databases, on_sqlite

pytestmark = on_both_databases
Fresh = Callable[[], Flask]


@pytest.fixture
def fresh(tmp_path: Path, settings: Settings, fresh_database: FreshDatabase) -> Fresh:
    """Another machine, with nothing on it yet."""

    def made() -> Flask:
        folder = tmp_path / "another"
        folder.mkdir()
        return create_app(replace(settings, data_dir=folder, database_url=fresh_database(folder)))

    return made


@pytest.fixture
def taken(app: Flask, people: People, tmp_path: Path) -> Path:
    """A backup of Contoso and Fabrikam."""
    return back_up(app, tmp_path / "it.tar")


def ask(app: Flask, *words: object) -> Result:
    return app.test_cli_runner().invoke(args=["ppe", *map(str, words)])


def back_up(app: Flask, target: Path) -> Path:
    said = ask(app, "backup", target)
    assert said.exit_code == 0, said.output
    return target


def restore(app: Flask, source: Path, *options: str) -> str:
    said = ask(app, "restore", source, *options)
    assert said.exit_code == 0, said.output
    return said.output


def refusal(app: Flask, source: Path, *options: str) -> str:
    """What is said, when nothing is changed."""
    before = everything()
    said = ask(app, "restore", source, *options)
    assert said.exit_code == 1, said.output
    assert everything() == before
    return said.output


def everything(*but: type) -> dict[str, list[Any]]:
    with db.database.connection_context():
        return {t.__name__: sorted(t.select().tuples(), key=str) for t in TABLES if t not in but}


def changed(source: Path, **parts: bytes | None) -> Path:
    """A backup in which a part is another, or missing."""
    target = source.with_name("changed.tar")
    with tarfile.open(source) as old, tarfile.open(target, "w") as new:
        for member in old.getmembers():
            content = old.extractfile(member)
            assert content is not None
            held = parts.get(member.name.partition(".")[0], content.read())
            if held is not None:
                member.size = len(held)
                new.addfile(member, io.BytesIO(held))
    return target


def about(source: Path, **other: object) -> bytes:
    with tarfile.open(source) as archive:
        content = archive.extractfile("backup.json")
        assert content is not None
        return json.dumps(json.load(content) | other).encode()


def test_what_is_restored_is_what_there_was(app: Flask, people: People, taken: Path, fresh: Fresh) -> None:
    before = everything(AuditEvent, AuditWord)
    other = fresh()
    said = restore(other, taken)
    assert "Everybody has to sign in anew" in said
    assert "is kept in" not in said
    assert everything(AuditEvent, AuditWord) == before
    with db.database.connection_context():
        assert {event.organization_id for event in AuditEvent.select()} == {people.contoso.id, people.fabrikam.id}
    other.config["WTF_CSRF_ENABLED"] = False
    sign_in(other.test_client(), "ada@contoso.example")


def test_a_backup_taken_while_others_write_is_one_moment(
    app: Flask, people: People, tmp_path: Path, fresh: Fresh
) -> None:
    """The writer adds events two by two: none is torn apart, and it is not held up."""
    over, written = Event(), list[int]()

    def write() -> None:
        with db.database.connection_context():
            while not over.is_set():
                with db.database.atomic():
                    for half in ("first", "second"):
                        AuditEvent.create(at=utcnow(), actor=str(len(written)), action=half, details={"x": "y" * 2000})
                written.append(1)

    writer = Thread(target=write)
    writer.start()
    try:
        while len(written) < 20:
            over.wait(0.001)
        at_least = len(written)
        back_up(app, tmp_path / "it.tar")
        at_most = len(written) + 1
        back_up(app, tmp_path / "later.tar")
    finally:
        over.set()
        writer.join()
    assert len(written) > at_least, "it went on writing"
    restore(fresh(), tmp_path / "it.tar")
    with db.database.connection_context():
        events = [(e.actor, e.action) for e in AuditEvent.select().where(AuditEvent.action.in_(("first", "second")))]
    assert at_least <= len(events) / 2 <= at_most
    assert sorted(events) == sorted((str(n), half) for n in range(len(events) // 2) for half in ("first", "second"))


def test_it_is_for_its_owner_s_eyes_and_overwrites_nothing(app: Flask, taken: Path) -> None:
    assert stat.S_IMODE(taken.stat().st_mode) == 0o600
    held = taken.read_bytes()
    said = ask(app, "backup", taken)
    assert (said.exit_code, taken.read_bytes()) == (1, held)
    assert "is there already" in said.output
    assert "can be written to" in ask(app, "backup", taken.parent / "nowhere" / "it.tar").output
    assert not list(taken.parent.glob(".ppe-*")), "nothing is left beside it"


def test_nobody_comes_in_by_a_backup(
    app: Flask, people: People, tmp_path: Path, fresh: Fresh, open_database: OpenDatabase, database: str
) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    ada, now = sign_in(app.test_client(), "ada@contoso.example"), utcnow()
    cookie = ada.get_cookie("ppe_session")
    assert cookie is not None
    common: dict[str, Any] = {"account": people.ada, "created_at": now, "expires_at": now + timedelta(days=7)}
    with open_database():
        HalfSignIn.create(token_hash="half-signed-in-hash", first_step="password", **common)
        TrustedBrowser.create(token_hash="trusted-hash", **common)
        PasswordLink.create(token_hash="link-hash", kind="welcome", **common)
        for kind in ("text", "issued", "recovery"):
            SecondFactorCode.create(kind=kind, code_hash=kind, **common)
        Installation.update(setup_token_hash="a hash", setup_token_expires_at=now).execute()
        session = SignInSession.get().token_hash
    source = back_up(app, tmp_path / "it.tar")
    if database == SQLITE:
        held = source.read_bytes()
        assert not [
            word for word in (session, "half-signed-in-hash", "trusted-hash", "link-hash") if word.encode() in held
        ]
    other = fresh()
    restore(other, source)
    browser = other.test_client()
    browser.set_cookie("ppe_session", cookie.value)
    assert browser.get("/account").status_code == 303
    with open_database():
        assert [table.select().count() for table in (SignInSession, HalfSignIn, TrustedBrowser, PasswordLink)] == [
            0
        ] * 4
        assert [code.kind for code in SecondFactorCode.select()] == ["recovery"]
        assert Installation.get().setup_token_hash is None


def test_what_was_at_work_is_over_and_the_slots_are_new(
    app: Flask, people: People, tmp_path: Path, fresh: Fresh, open_database: OpenDatabase
) -> None:
    now = utcnow()
    with open_database():
        contoso = Connection.get(Connection.organization == people.contoso)
        made = {
            state: SyncRun.create(
                organization=people.contoso, connection=contoso, state=state, created_at=now, claim="host:1:x",
                heartbeat_at=now, holds_connection=state == "applying",
            ).id
            for state in ("applying", "review", "done")
        }  # fmt: skip
        Connection.update(sync_frequency=6, next_sync_at=now - timedelta(days=3)).where(
            Connection.id == contoso.id
        ).execute()
        for days in (1, 4):
            Mail.create(
                kind="welcome", to="", message_id=str(days), created_at=now - timedelta(days=days), not_before=now
            )
    source = back_up(app, tmp_path / "it.tar")
    restore(fresh(), source)
    with open_database():
        assert {run.id: run.state for run in SyncRun.select()} == {
            made["applying"]: "failed", made["review"]: "review", made["done"]: "done",
        }  # fmt: skip
        failed = SyncRun.get_by_id(made["applying"])
        assert (failed.holds_connection, failed.claim) == (False, None)
        assert "when the backup was taken" in str(failed.error_sentence)
        slot = Connection.get_by_id(contoso.id).next_sync_at
        assert now < slot <= utcnow() + timedelta(hours=6)
        assert {mail.message_id: mail.given_up_at is None for mail in Mail.select()} == {"1": True, "4": False}


def test_who_is_in_use_is_not_replaced(app: Flask, people: People, taken: Path, open_database: OpenDatabase) -> None:
    with open_database():
        Installation.update(worker_seen_at=utcnow() - timedelta(minutes=2)).execute()
    assert "A worker was seen here" in refusal(app, taken, "--replace")
    with open_database():
        Installation.update(worker_seen_at=utcnow() - timedelta(minutes=4)).execute()
    assert "There is an organisation here already. With --replace" in refusal(app, taken)


def test_what_was_here_is_kept_aside(
    app: Flask, people: People, taken: Path, open_database: OpenDatabase, database: str
) -> None:
    with open_database():
        AuditEvent.create(at=utcnow(), actor="Ada", action="after the backup")
    said = restore(app, taken, "--replace")
    kept = Path(said.partition("is kept in ")[2].partition("\n")[0].rstrip("."))
    with open_database():
        assert not AuditEvent.select().where(AuditEvent.action == "after the backup").exists()
    if database == POSTGRESQL:
        restore(app, kept, "--replace")
        with open_database():
            assert AuditEvent.select().where(AuditEvent.action == "after the backup").exists()
        return
    with closing(sqlite3.connect(kept)) as old:
        assert old.execute("SELECT actor FROM audit_event WHERE action = 'after the backup'").fetchall() == [("Ada",)]
    assert not list(kept.parent.glob(".ppe-*"))
    assert not list(kept.parent.glob("*.new"))


def test_what_is_no_backup_changes_nothing(
    app: Flask, people: People, taken: Path, tmp_path: Path, database: str
) -> None:
    name = "ppe.dump" if database == POSTGRESQL else "ppe.db"
    nonsense = tmp_path / "nonsense"
    nonsense.write_text("nonsense")
    assert "is not a backup" in refusal(app, nonsense, "--replace")
    half = tmp_path / "half"
    half.write_bytes(taken.read_bytes()[: taken.stat().st_size // 2])
    assert "is not a backup" in refusal(app, half, "--replace")
    assert "backup.json is missing" in refusal(app, changed(taken, backup=None), "--replace")
    assert "holds no database" in refusal(app, changed(taken, ppe=None), "--replace")
    with tarfile.open(taken) as archive:
        content = archive.extractfile(name)
        assert content is not None
        held = bytearray(content.read())
    held[len(held) // 3 : len(held) // 3 * 2] = os.urandom(len(held) // 3 * 2 - len(held) // 3)
    said = refusal(app, changed(taken, ppe=bytes(held)), "--replace")
    assert ("did not succeed" if database == POSTGRESQL else "The database is damaged") in said


def test_what_does_not_fit_changes_nothing(app: Flask, people: People, taken: Path, database: str) -> None:
    newer = about(taken, migrations=["0001_initial", "9999_from_the_future"])
    assert "by a newer version of PPE" in refusal(app, changed(taken, backup=newer), "--replace")
    assert "backup of the demo" in refusal(app, changed(taken, backup=about(taken, demo=True)), "--replace")
    kind = "ppe.db" if database == POSTGRESQL else "ppe.dump"
    other = changed(taken, backup=about(taken, database=kind))
    with tarfile.open(other, "a") as archive:
        archive.addfile(tarfile.TarInfo(kind))
    assert "PPE_DATABASE_URL names another" in refusal(app, other, "--replace")


def test_the_keys_come_back_with_the_database(
    app: Flask, people: People, tmp_path: Path, fresh: Fresh, open_database: OpenDatabase
) -> None:
    keys = {"secret_key": "k" * 40, "encryption_keys": list(app.config["SETTINGS"].encryption_keys)}
    (tmp_path / "keys.json").write_text(json.dumps(keys))
    with app.app_context(), open_database():
        Connection.update(ad_key=encrypt("the client secret")).execute()
    source = back_up(app, tmp_path / "it.tar")
    other = fresh()
    others_keys = tmp_path / "another" / "keys.json"
    others_keys.write_text("those of before")
    other.config["SETTINGS"] = replace(other.config["SETTINGS"], encryption_keys=(Fernet.generate_key().decode(),))
    assert "can't be read" not in restore(other, source)
    assert json.loads(others_keys.read_text()) == keys
    assert stat.S_IMODE(others_keys.stat().st_mode) == 0o600
    assert [kept.read_text() for kept in others_keys.parent.glob("keys.json.*")] == ["those of before"]
    without = restore(other, changed(source, keys=None), "--replace")
    assert "The stored secrets can't be read" in without


@on_sqlite
def test_a_database_that_somebody_has_open_is_not_replaced(
    app: Flask, people: People, taken: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(putting_back, "PATIENCE", 0.1)
    with closing(sqlite3.connect(taken.parent / "ppe.db")) as somebody:
        somebody.execute("BEGIN")
        somebody.execute("SELECT * FROM account").fetchone()
        assert "Somebody is using the database" in refusal(app, taken, "--replace")
    assert not list(taken.parent.glob("*.new"))


@on_sqlite
@pytest.mark.parametrize("dies_at", [1, 2])
def test_killed_while_a_file_takes_its_place_it_is_one_or_the_other_and_done_again_it_goes_on(
    app: Flask,
    people: People,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    open_database: OpenDatabase,
    dies_at: int,
) -> None:
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps({"encryption_keys": list(app.config["SETTINGS"].encryption_keys)}))
    source = back_up(app, tmp_path / "it.tar")
    keys.write_text("others")
    with open_database():
        AuditEvent.create(at=utcnow(), actor="Ada", action="after the backup")
    before, left = everything(), [dies_at]
    take_place = Path.replace

    def mortal(self: Path, target: Path) -> Path:
        left[0] -= 1
        if left[0] == 0:
            raise KeyboardInterrupt
        return take_place(self, target)

    monkeypatch.setattr(Path, "replace", mortal)
    assert ask(app, "restore", source, "--replace").exit_code == 1
    assert (everything() == before) == (dies_at == 1), "first the database, then the keys"
    assert keys.read_text() == "others"
    restore(app, source, "--replace")
    assert keys.read_text() != "others"
    with open_database():
        assert not AuditEvent.select().where(AuditEvent.action == "after the backup").exists()
    assert not list(tmp_path.glob("*.new"))


@on_sqlite
def test_a_backup_of_an_older_version_is_brought_up_to_date(
    app: Flask, taken: Path, tmp_path: Path, fresh: Fresh
) -> None:
    old = db.connect(f"sqlite:///{tmp_path}/old.db")
    with old.connection_context():
        migrations.Runner(old, str(db.MIGRATIONS)).up("0002_sign_in")
        old.execute_sql("INSERT INTO organization (name, time_zone, second_factor, second_factor_after_microsoft,"
                        " created_at) VALUES ('Old', 'UTC', 'off', 0, '2026-01-01')")  # fmt: skip
        old.execute_sql("PRAGMA journal_mode=DELETE")
    early = about(taken, migrations=["0001_initial", "0002_sign_in"])
    restore(fresh(), changed(taken, backup=early, ppe=(tmp_path / "old.db").read_bytes()))
    with db.database.connection_context():
        assert set(db.applied_migrations()) == db.known_migrations()
        assert [row.name for row in Organization.select()] == ["Old"]


def test_the_database_s_password_is_on_no_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "pg_dump"
    program.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/said; echo "$PGPASSWORD" > {tmp_path}/told\n')
    program.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    postgresql_tools.run("pg_dump", "postgresql://ppe:geheim@db.example:5433/ppe?sslmode=require", "--format=custom")
    said = (tmp_path / "said").read_text()
    assert "geheim" not in said
    assert all(word in said for word in ("host=db.example", "port=5433", "sslmode=require", "--format=custom"))
    assert (tmp_path / "told").read_text() == "geheim\n"


def test_a_program_that_is_missing_or_fails_is_told_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Refused, match=r"no_such_program can't be found\. Install PostgreSQL's client programs"):
        postgresql_tools.require("sh", "no_such_program")
    program = tmp_path / "pg_dump"
    program.write_text("#!/bin/sh\necho 'server version mismatch' >&2; exit 1\n")
    program.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with pytest.raises(Refused, match="pg_dump did not succeed: server version mismatch"):
        postgresql_tools.run("pg_dump", "postgresql://ppe@127.0.0.1/ppe")
