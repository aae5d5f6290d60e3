"""The database: one handle, a connection per request and per task, and the schema brought up to date at start."""

import fcntl
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from json import JSONEncoder
from pathlib import Path
from typing import Any, TypeVar

from flask import Flask, current_app, g, request
from peewee import Database, DatabaseProxy, SqliteDatabase, __exception_wrapper__  # type: ignore[attr-defined] # documented nowhere, used by execute_sql
from playhouse import db_url, migrations

from ppe.config import Settings

database = DatabaseProxy()

MIGRATIONS = Path(__file__).parent / "migrations"
_ONE_MIGRATION_AT_A_TIME = 7_737_101  # any number, as long as every process of an installation takes the same

Row = TypeVar("Row")

_ENCODER = JSONEncoder(ensure_ascii=False)  # json.dumps would make a new one for every value
_EMPTY: dict[type, str] = {dict: "{}", list: "[]", tuple: "[]"}


def init_app(app: Flask) -> None:
    """Bind the handle to this app's database, bring its schema up to date and give each request a connection."""
    settings: Settings = app.config["SETTINGS"]
    bind(settings)
    migrate(settings)
    app.before_request(_open_for_request)
    app.teardown_request(_close_after_request)


def bind(settings: Settings) -> None:
    """Point the handle, and with it every model, at the database of `settings`."""
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    database.initialize(connect(settings.database_url))


def connect(url: str) -> Database:
    """A closed database for a sqlite or postgresql address.

    On SQLite a transaction takes the write lock when it begins: one that took it later could not wait for it.
    """
    if url.startswith("sqlite"):
        pragmas = {
            "journal_mode": "wal",
            "foreign_keys": 1,
            "busy_timeout": 5000,
            "synchronous": "normal",
            "wal_autocheckpoint": 10_000,  # pages; at the default of 1,000 a first sync copies the same ones ten times
            "cache_size": -16_000,  # kB; the default of 2 MB writes index pages again and again in a first sync
        }
        return SqliteDatabase(url.removeprefix("sqlite:///"), pragmas=pragmas, lock_type="IMMEDIATE", autoconnect=False)
    server: Database = db_url.connect(url, unquote_user=True, unquote_password=True, autoconnect=False)
    return server


def is_sqlite(settings: Settings) -> bool:
    """Whether the data lives in a file of SQLite's, and not on a server."""
    return settings.database_url.startswith("sqlite")


def sqlite_file(settings: Settings) -> Path:
    """The file in which the data lives."""
    return Path(settings.database_url.removeprefix("sqlite:///"))


def migrate(settings: Settings) -> None:
    """Bring the schema up to date, one process at a time."""
    with _alone(settings), database.connection_context():
        bring_up_to_date()


def bring_up_to_date() -> None:
    """Migrate the open database, which nobody else does at the same time."""
    migrations.run(database.obj, str(MIGRATIONS))


def applied_migrations() -> list[str]:
    """The migrations that the open database has been through."""
    return sorted(migrations.Runner(database.obj, str(MIGRATIONS)).applied())


def known_migrations() -> set[str]:
    """The migrations that this version knows."""
    return {path.stem for path in MIGRATIONS.glob("[0-9]*.py")}


@contextmanager
def opened(url: str) -> Iterator[None]:
    """Point the handle at another database for a while, and open it: for a copy that is prepared before it is used."""
    before = database.obj
    database.initialize(connect(url))
    try:
        with database.connection_context():
            yield
    finally:
        database.initialize(before)


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    if isinstance(database.obj, SqliteDatabase):
        with (settings.data_dir / "migrate.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        return
    # The lock lives as long as its own connection: a killed process frees it.
    guard = connect(settings.database_url)
    guard.connect()
    try:
        guard.execute_sql("SELECT pg_advisory_lock(%s)", (_ONE_MIGRATION_AT_A_TIME,))
        yield
    finally:
        guard.close()


def _open_for_request() -> None:
    endpoint = request.endpoint or ""
    view = current_app.view_functions.get(endpoint)
    if endpoint.rpartition(".")[2] == "static" or hasattr(view, "opens_no_database"):
        return
    g.connection = database.connection_context()
    g.connection.__enter__()


def _close_after_request(_: BaseException | None) -> None:
    connection = g.pop("connection", None)
    if connection is not None:
        connection.__exit__(None, None, None)


def execute(statement: str, parameters: Sequence[object] = ()) -> Any:
    """Run one statement, written with `?` for each parameter on either database; gives the cursor."""
    return database.execute_sql(_dialect(statement), tuple(parameters))


def execute_many(statement: str, rows: Sequence[Sequence[object]]) -> int:
    """Run one statement for many rows, past the query builder that would cost more than the database.

    Returns:
        How many rows the database says it changed.
    """
    if not rows:
        return 0
    cursor = database.cursor()
    with __exception_wrapper__:  # so that the driver's own errors arrive as peewee's, as they do from execute
        cursor.executemany(_dialect(statement), rows)
    return int(cursor.rowcount)


def one_at_a_time(key: str) -> None:
    """Until the caller's transaction ends, nobody else passes here with the same key.

    On SQLite a transaction has the only pen from its beginning, so there is nothing to wait for.
    """
    if not isinstance(database.obj, SqliteDatabase):
        execute("SELECT pg_advisory_xact_lock(hashtext(?))", (key,))


def _dialect(statement: str) -> str:
    return statement if database.param == "?" else statement.replace("%", "%%").replace("?", "%s")


def marks(values: Sequence[object]) -> str:
    """As many placeholders as there are values, for `IN (…)`, which of none finds nothing on either database."""
    return ",".join("?" * len(values)) or "NULL"


def as_json(value: object) -> str:
    """A JSON column's text."""
    return _ENCODER.encode(value) if value else _EMPTY[type(value)]


def stamp(moment: datetime) -> str:
    """A moment as both databases store it: in UTC, without its zone."""
    if moment.tzinfo is None:
        raise ValueError("a moment without a zone could mean any of two dozen")
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(" ")


def moment(stored: str | datetime | None) -> datetime | None:
    """The moment behind a raw column value, with its zone."""
    if stored is None:
        return None
    read = datetime.fromisoformat(stored) if isinstance(stored, str) else stored
    return read.replace(tzinfo=UTC)


def batches(rows: Iterable[Row], size: int = 500) -> Iterator[list[Row]]:
    """The rows in lists of at most `size`, far below either database's limit of parameters per statement."""
    left = iter(rows)
    while batch := list(islice(left, size)):
        yield batch
