"""On which database a test runs: on SQLite, if nobody says otherwise.

A test that matters on both says so with `on_both_databases`, one that is about one of them with its name. `--database`
has every test run on the one that it names, but for those that are about the other.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from ppe import db
from ppe.config import Settings
from tests import postgresql

SQLITE, POSTGRESQL = DATABASES = ("sqlite", "postgresql")
KEY = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG="
on_both_databases = pytest.mark.databases(*DATABASES)
on_sqlite = pytest.mark.databases(SQLITE)
on_postgresql = pytest.mark.databases(POSTGRESQL)
FreshDatabase = Callable[[Path], str]


def settings_on(url: str, folder: Path) -> Settings:
    """Settings of an installation that is tested."""
    return Settings("a secret key for tests alone, long enough", (KEY,), folder, url, testing=True)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--database", choices=DATABASES, help="run every test on this one alone")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test of both databases is two tests."""
    marked = metafunc.definition.get_closest_marker("databases")
    if "database" not in metafunc.fixturenames or metafunc.config.getoption("database") or not marked:
        return
    if len(marked.args) > 1:
        metafunc.parametrize("database", marked.args, indirect=True)


@pytest.fixture
def database(request: pytest.FixtureRequest) -> str:
    """Which one this test runs on."""
    marked = request.node.get_closest_marker("databases")
    told = request.config.getoption("database")
    chosen = str(getattr(request, "param", None) or told or (marked.args[0] if marked else SQLITE))
    if marked and chosen not in marked.args:
        pytest.skip(f"It is about {' and '.join(marked.args)} alone.")
    return chosen


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty SQLite file with the schema in it, to be copied: migrating takes longer than most tests."""
    folder = tmp_path_factory.mktemp("migrated")
    _migrate(settings_on(f"sqlite:///{folder}/ppe.db", folder))
    with db.database.connection_context():
        db.database.execute_sql("PRAGMA journal_mode=delete")
    return folder / "ppe.db"


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[postgresql.Server]:
    """A server of this process. Where there are no programs for it one may go without, but CI may not."""
    programs = postgresql.programs()
    if programs is None:
        if os.environ.get("CI"):
            pytest.fail(postgresql.MISSING)
        pytest.skip(postgresql.MISSING)
    with postgresql.running(programs) as server:
        yield server


@pytest.fixture(scope="session")
def postgresql_template(postgresql_server: postgresql.Server, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of an empty database with the schema in it, to be copied."""
    name = postgresql_server.create()
    _migrate(settings_on(postgresql_server.url(name), tmp_path_factory.mktemp("migrated")))
    return name


@pytest.fixture
def fresh_database(database: str, request: pytest.FixtureRequest) -> Iterator[FreshDatabase]:
    """Makes a database with nothing in it but the schema, and tells its address; SQLite's lies in the folder."""
    if database == SQLITE:
        yield partial(_copied, request.getfixturevalue("migrated"))
        return
    server: postgresql.Server = request.getfixturevalue("postgresql_server")
    with server.lending(request.getfixturevalue("postgresql_template")) as lend:
        yield lend


@pytest.fixture
def schemaless_database(database: str, request: pytest.FixtureRequest) -> Iterator[FreshDatabase]:
    """The same, before the first migration."""
    if database == SQLITE:
        yield lambda folder: f"sqlite:///{folder}/schemaless.db"
        return
    server: postgresql.Server = request.getfixturevalue("postgresql_server")
    with server.lending() as lend:
        yield lend


def _copied(migrated: Path, folder: Path) -> str:
    shutil.copy(migrated, folder / "ppe.db")
    return f"sqlite:///{folder}/ppe.db"


@pytest.fixture
def settings(tmp_path: Path, fresh_database: FreshDatabase) -> Settings:
    """Settings on an empty database."""
    return settings_on(fresh_database(tmp_path), tmp_path)


def _migrate(settings: Settings) -> None:
    db.bind(settings)
    db.migrate(settings)
