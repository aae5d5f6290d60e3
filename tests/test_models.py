from playhouse.schema_diff import diff_models

from ppe import models
from ppe.db import database
from tests.conftest import OpenDatabase
from tests.databases import on_both_databases

pytestmark = on_both_databases


def test_the_migrations_make_what_the_models_say(open_database: OpenDatabase) -> None:
    with open_database():
        difference = diff_models(database.obj, list(models.TABLES))
    assert not difference, f"make a migration (pwmigrate generate):\n{difference}"


def test_no_table_is_forgotten() -> None:
    """What is missing from TABLES would escape the comparison above."""
    assert set(models.TABLES) == set(models.Table.__subclasses__())
