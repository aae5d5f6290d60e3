"""A backup: one file with the database as it was at one moment, and the keys to read it. Taken while everything runs.

Sessions, and whatever else would let somebody in, are not part of it.
"""

import json
import os
import sqlite3
import tarfile
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ppe.config import Settings
from ppe.db import applied_migrations, database, is_sqlite, sqlite_file
from ppe.errors import Refused
from ppe.models import HalfSignIn, Installation, PasswordLink, SignInSession, TrustedBrowser
from ppe.operation import postgresql_tools as tools

ABOUT, KEYS = "backup.json", "keys.json"
SQLITE, POSTGRESQL = "ppe.db", "ppe.dump"
LEFT_OUT = (SignInSession, HalfSignIn, TrustedBrowser, PasswordLink)


@dataclass(frozen=True, slots=True)
class About:
    """What a backup says of itself: which file holds the database, when it was taken, and with which schema."""

    database: str
    taken_at: str
    migrations: list[str]
    demo: bool


def take(settings: Settings, target: Path, now: datetime) -> None:
    """Write a backup to a new file, for its owner's eyes alone; it appears whole or not at all.

    Raises:
        Refused: the file is there already, or can't be written, or PostgreSQL's programs are missing.
    """
    if target.exists():
        raise Refused(f"{target} is there already, and is not overwritten. Name another file.")
    if not os.access(target.parent, os.W_OK):
        raise Refused(f"{target.parent} is not a folder that can be written to.")
    with TemporaryDirectory(dir=target.parent, prefix=".ppe-backup-") as place:
        folder = Path(place)
        name = SQLITE if is_sqlite(settings) else POSTGRESQL
        (_copy_sqlite if is_sqlite(settings) else _dump_postgresql)(settings, folder / name)
        with database.connection_context():
            demo = Installation.select().where(Installation.demo).exists()
            about = About(name, now.isoformat(), applied_migrations(), bool(demo))
        (folder / ABOUT).write_text(json.dumps(asdict(about)))
        parts = [folder / ABOUT, folder / name]
        if (settings.data_dir / KEYS).exists():
            parts.append(settings.data_dir / KEYS)
        _pack(parts, folder / "whole", now)
        try:
            os.link(folder / "whole", target)
        except FileExistsError:
            raise Refused(f"{target} was made meanwhile, and is not overwritten. Name another file.") from None


def check(file: Path) -> None:
    """See whether a SQLite file is whole.

    Raises:
        Refused: it is not.
    """
    try:
        with closing(sqlite3.connect(file)) as copy:
            found = copy.execute("PRAGMA integrity_check").fetchone()[0]
            torn = copy.execute("PRAGMA foreign_key_check").fetchone()
    except sqlite3.DatabaseError as error:
        found, torn = str(error), None
    if found != "ok" or torn:
        raise Refused(f"The database is damaged: {found if found != 'ok' else 'rows refer to rows that are missing'}.")


def _copy_sqlite(settings: Settings, target: Path) -> None:
    """As it is at one moment: readers of a WAL hold up no writer, and see nothing of what is written meanwhile."""
    with (
        closing(sqlite3.connect(sqlite_file(settings), timeout=30)) as source,
        closing(sqlite3.connect(target)) as copy,
    ):
        source.backup(copy, pages=-1)
        copy.execute("PRAGMA journal_mode=DELETE")
        copy.execute("PRAGMA secure_delete=ON")
        for table in LEFT_OUT:
            copy.execute(f"DELETE FROM {_name(table)}")
        copy.commit()
    check(target)


def _dump_postgresql(settings: Settings, target: Path) -> None:
    tools.require("pg_dump")
    options = ["--format=custom", "--no-owner", "--no-privileges", "--exclude-table=huey_*", f"--file={target}"]
    left_out = [f"--exclude-table-data={_name(table)}" for table in LEFT_OUT]
    tools.run("pg_dump", settings.database_url, *options, *left_out)


def _name(table: Any) -> str:
    return str(table._meta.table_name)


def _pack(parts: list[Path], target: Path, now: datetime) -> None:
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        with tarfile.open(fileobj=file, mode="w") as archive:
            for part in parts:
                entry = tarfile.TarInfo(part.name)
                entry.size, entry.mtime, entry.mode = part.stat().st_size, int(now.timestamp()), 0o600
                with part.open("rb") as content:
                    archive.addfile(entry, content)
        file.flush()
        os.fsync(file.fileno())
