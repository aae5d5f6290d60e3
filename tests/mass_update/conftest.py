"""Ada's organisation, with the database open."""

from collections.abc import Iterator

import pytest
from flask import Flask

from ppe import db
from tests.conftest import People


@pytest.fixture
def desk(app: Flask, people: People) -> Iterator[People]:
    with app.app_context(), db.database.connection_context():
        yield people
