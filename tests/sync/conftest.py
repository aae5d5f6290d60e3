from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask

from ppe import db
from ppe.config import Settings
from ppe.practice.server import PracticeServer
from ppe.practice.tenant import Tenant
from tests.databases import FreshDatabase
from tests.sync.desk import KEY, Desk

Line = Callable[[PracticeServer], None]


@pytest.fixture
def line(tmp_path: Path, fresh_database: FreshDatabase) -> Iterator[Line]:
    """Point the line at a practice server, with an empty database."""
    with _database(tmp_path, fresh_database) as bound:
        yield bound


class _database:  # noqa: N801
    def __init__(self, folder: Path, fresh: FreshDatabase) -> None:
        self.folder, self.fresh = folder, fresh
        self.bound = 0

    def __enter__(self) -> Line:
        self.app = Flask("ppe")
        self.context = self.app.app_context()
        self.context.push()
        return self.bind

    def bind(self, server: PracticeServer) -> None:
        self.close()
        self.bound += 1
        folder = self.folder / f"ppe{self.bound}"
        folder.mkdir()
        settings = Settings(
            "k" * 40,
            (KEY,),
            folder,
            self.fresh(folder),
            microsoft_login_url=server.login_url,
            graph_url=server.graph_url,
            testing=True,
        )
        self.app.config["SETTINGS"] = settings
        db.bind(settings)
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
