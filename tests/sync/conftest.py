import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask

from ppe import db
from ppe.config import Settings
from ppe.practice.server import PracticeServer
from ppe.practice.tenant import Tenant
from tests.sync.desk import KEY, Desk

Line = Callable[[PracticeServer], None]


@pytest.fixture(scope="session")
def fresh_schema(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A migrated, empty SQLite file; migrating it anew for each test would cost more than most tests."""
    folder = tmp_path_factory.mktemp("schema")
    settings = Settings("k" * 40, (KEY,), folder, f"sqlite:///{folder}/ppe.db")
    db.bind(settings)
    db.migrate(settings)
    with db.database.connection_context():
        db.database.execute_sql("PRAGMA journal_mode=delete")
    return (folder / "ppe.db").read_bytes()


@pytest.fixture
def line(tmp_path: Path, fresh_schema: bytes) -> Iterator[Line]:
    """Point the line at a practice server, with an empty database."""
    with _database(tmp_path, fresh_schema) as bound:
        yield bound


class _database:  # noqa: N801
    def __init__(self, folder: Path, schema: bytes) -> None:
        self.folder, self.schema = folder, schema
        self.bound = 0

    def __enter__(self) -> Line:
        self.app = Flask("ppe")
        self.context = self.app.app_context()
        self.context.push()
        return self.bind

    def bind(self, server: PracticeServer) -> None:
        self.close()
        self.bound += 1
        path = self.folder / f"ppe{self.bound}.db"
        url = os.environ.get("TEST_DATABASE_URL") or f"sqlite:///{path}"
        settings = Settings(
            "k" * 40,
            (KEY,),
            self.folder,
            url,
            microsoft_login_url=server.login_url,
            graph_url=server.graph_url,
            testing=True,
        )
        self.app.config["SETTINGS"] = settings
        if url.startswith("sqlite"):
            path.write_bytes(self.schema)
            db.bind(settings)
        else:
            db.bind(settings)
            with db.database.connection_context():
                db.database.execute_sql("DROP SCHEMA public CASCADE")
                db.database.execute_sql("CREATE SCHEMA public")
            db.migrate(settings)
        db.database.connect()

    def close(self) -> None:
        if self.bound and not db.database.is_closed():
            db.database.close()

    def __exit__(self, *_: object) -> None:
        self.close()
        self.context.pop()


@pytest.fixture
def desk(line: Line) -> Iterator[Desk]:
    """An empty practice tenant and an organisation with one local administrator."""
    with PracticeServer(Tenant.empty(domains=("fabrikam.example",)), delta_page=4, member_slice=3) as server:
        line(server)
        yield Desk(server)


@pytest.fixture
def company(line: Line) -> Iterator[Desk]:
    """The believable company of about 60."""
    with PracticeServer(Tenant.company()) as server:
        line(server)
        yield Desk(server)
