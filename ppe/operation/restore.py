"""Putting a backup back. Everybody has to sign in anew, and what was at work when it was taken is over."""

import json
import os
import shutil
import sqlite3
import tarfile
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from ppe import audit, outbox
from ppe.config import Settings
from ppe.db import bring_up_to_date, database, is_sqlite, known_migrations, opened, sqlite_file
from ppe.errors import Refused
from ppe.models import (
    FAILED,
    RECOVERY_CODE,
    WORKING_STATES,
    Authenticator,
    Connection,
    Installation,
    Mail,
    Organization,
    SecondFactorCode,
    SyncRun,
)
from ppe.operation import backup, health
from ppe.operation import postgresql_tools as tools
from ppe.operation.backup import ABOUT, KEYS, LEFT_OUT, POSTGRESQL, SQLITE, About
from ppe.sync import schedule, tallies

BY = "the command line"
PATIENCE = 5.0  # seconds to wait for the last who has the database open


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put back: when it was taken, where that which it replaced lies, and whether its secrets can be read."""

    taken_at: str
    kept_aside: Path | None
    is_readable: bool


def restore(settings: Settings, source: Path, now: datetime, *, replace: bool) -> Restored:
    """Put a backup in the place of this installation's database and keys.

    Killed in the middle, the old database is still there whole or the new one is already; doing it again goes on.

    Raises:
        Refused: it is no backup, does not fit, or this installation is in use or not empty. Nothing was changed.
    """
    with TemporaryDirectory(dir=settings.data_dir, prefix=".ppe-restore-") as place:
        folder = Path(place)
        about = _unpacked(source, folder)
        _require_fit(about, settings)
        is_empty = _require_idle(settings, now)
        if not (is_empty or replace):
            raise Refused(
                "There is an organisation here already. With --replace the backup takes its place, and what is here "
                "now is kept aside."
            )
        moment = f"{now:%Y%m%dT%H%M%S.%fZ}"
        aside = None if is_empty else moment
        put = _put_sqlite if is_sqlite(settings) else _put_postgresql
        kept = put(settings, folder / about.database, now, aside)
        _put_keys(settings, folder / KEYS, moment)
        return Restored(about.taken_at, kept, _is_readable(settings, folder / KEYS))


def _unpacked(source: Path, folder: Path) -> About:
    """The parts of a backup, each under its own name and nothing else of whatever the file holds."""
    try:
        with tarfile.open(source) as archive:
            for name in (ABOUT, SQLITE, POSTGRESQL, KEYS):
                with suppress(KeyError):
                    _unpack(archive, name, folder / name)
        about = About(**json.loads((folder / ABOUT).read_text()))
    except FileNotFoundError as missing:
        raise Refused(f"{source} can't be read as a backup: {Path(missing.filename).name} is missing.") from missing
    except (OSError, tarfile.TarError, ValueError, TypeError) as broken:
        raise Refused(f"{source} is not a backup, or only a part of one.") from broken
    if about.database not in (SQLITE, POSTGRESQL) or not (folder / about.database).exists():
        raise Refused(f"{source} holds no database.")
    return about


def _unpack(archive: tarfile.TarFile, name: str, target: Path) -> None:
    content = archive.extractfile(name)
    if content is not None:
        with content, os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            shutil.copyfileobj(content, file)


def _require_fit(about: About, settings: Settings) -> None:
    if (about.database == SQLITE) != is_sqlite(settings):
        kinds = {SQLITE: "SQLite", POSTGRESQL: "PostgreSQL"}
        raise Refused(f"This is the backup of a {kinds[about.database]} database, and PPE_DATABASE_URL names another.")
    if newer := set(about.migrations) - known_migrations():
        raise Refused(f"The backup was taken by a newer version of PPE (it has {max(newer)}). Install that one first.")
    if about.demo and not settings.demo:
        raise Refused("This is a backup of the demo, which holds invented people and a known password.")


def _require_idle(settings: Settings, now: datetime) -> bool:
    """Whether nothing is here yet, which a backup could replace.

    Raises:
        Refused: a worker was seen lately.
    """
    with opened(settings.database_url):
        seen = health.worker_seen(database)
        if seen is not None and now - seen <= health.WORKER_IS_AWAY_AFTER:
            raise Refused(
                f"A worker was seen here at {seen:%H:%M:%S} UTC. Stop the web server and the worker, wait three "
                "minutes, and try again."
            )
        return not Organization.select().exists()


def _put_sqlite(settings: Settings, copy: Path, now: datetime, aside: str | None) -> Path | None:
    """The copy is prepared beside the old file and takes its name at one stroke."""
    backup.check(copy)
    _prepare(f"sqlite:///{copy}", now)
    target = sqlite_file(settings)
    kept = None if aside is None else target.with_name(f"{target.name}.{aside}")
    with closing(sqlite3.connect(copy)) as whole:
        whole.execute("PRAGMA journal_mode=DELETE")  # one file, that can be moved
    staged = target.with_name(f"{target.name}.new")
    shutil.copyfile(copy, staged)
    staged.chmod(0o600)
    with closing(sqlite3.connect(target, timeout=PATIENCE, isolation_level=None)) as old:
        try:
            # A WAL that stayed behind would be read into the new file. This ends it, and fails while others are in it.
            old.execute("PRAGMA locking_mode=EXCLUSIVE")
            old.execute("PRAGMA journal_mode=DELETE")
            old.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            staged.unlink()
            raise Refused(
                "Somebody is using the database. Stop the web server and the worker, and try again."
            ) from None
        if kept is not None:
            os.link(target, kept)
        staged.replace(target)
    return kept


def _put_postgresql(settings: Settings, dump: Path, now: datetime, aside: str | None) -> Path | None:
    """The old tables go and the new ones come in one transaction; the old ones are backed up before."""
    tools.require("pg_restore", "psql")
    script = dump.with_suffix(".sql")
    tools.script(str(dump), str(script), "--no-owner", "--no-privileges", "--schema=public")
    kept = None if aside is None else settings.data_dir / f"before-restore.{aside}.tar"
    if kept is not None:
        backup.take(settings, kept, now)
    tools.run(
        "psql", settings.database_url, "--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1", "--single-transaction",
        f"--command={tools.EMPTY}", f"--file={script}",
    )  # fmt: skip
    _prepare(settings.database_url, now)
    return kept


def _prepare(url: str, now: datetime) -> None:
    """Bring what was put back up to date, and to rest."""
    with opened(url):
        bring_up_to_date()
        with database.atomic():
            _shut_doors()
            _end_runs(now)
            for connection in Connection.select().where(Connection.sync_frequency > 0):
                following = schedule.next_slot(connection.sync_frequency, connection.id, now)
                Connection.update(next_sync_at=following).where(Connection.id == connection.id).execute()
            # What waited then was sent since, or is of no interest any more.
            stale = Mail.sent_at.is_null() & Mail.given_up_at.is_null() & (Mail.created_at < now - outbox.GIVE_UP_AFTER)
            Mail.update(given_up_at=now, error="It was older than three days when a backup was restored.").where(
                stale
            ).execute()
            for organization in Organization.select():
                audit.record(organization.id, BY, "restored from a backup", now=now)


def _shut_doors() -> None:
    """A backup brings no session back to life, no link and no code that was on its way."""
    for table in LEFT_OUT:
        table.delete().execute()
    SecondFactorCode.delete().where(SecondFactorCode.kind != RECOVERY_CODE).execute()
    Installation.update(setup_token_hash=None, setup_token_expires_at=None, worker_seen_at=None).execute()


def _end_runs(now: datetime) -> None:
    """What was at work would go on where things have long moved on; the next sync sees how they stand."""
    over = SyncRun.update(
        state=FAILED,
        holds_connection=False,
        claim=None,
        not_before=None,
        finished_at=now,
        error_sentence="The sync was at work when the backup was taken that was restored since.",
        error_advice="Run the sync again: it does what this one left undone.",
    ).where(SyncRun.state.in_(WORKING_STATES))
    tallies.ended(list(over.returning(SyncRun).execute()))


def _put_keys(settings: Settings, kept: Path, aside: str) -> None:
    """The keys of the backup, readable by their owner alone; those that were here stay beside them."""
    target = settings.data_dir / KEYS
    if not kept.exists() or (target.exists() and target.read_bytes() == kept.read_bytes()):
        return
    if target.exists():
        os.link(target, target.with_name(f"{KEYS}.{aside}"))
    kept.chmod(0o600)
    staged = target.with_name(f"{KEYS}.new")
    shutil.copyfile(kept, staged)
    staged.chmod(0o600)
    staged.replace(target)


def _is_readable(settings: Settings, kept: Path) -> bool:
    """Whether the secrets that were put back can be read: with the backup's own keys, or with those of the settings."""
    keys = json.loads(kept.read_text())["encryption_keys"] if kept.exists() else settings.encryption_keys
    with opened(settings.database_url):
        stored = [row.ad_key for row in Connection.select().where(Connection.ad_key.is_null(False)).limit(1)]
        stored += [row.secret for row in Authenticator.select().limit(1)]
    try:
        for secret in stored:
            MultiFernet([Fernet(key) for key in keys]).decrypt(str(secret).encode())
    except InvalidToken:
        return False
    return True
