from datetime import UTC, datetime
from pathlib import Path

import pytest
from playhouse import migrations
from playhouse.schema_diff import diff_models

from ppe import audit, audit_words, db, models
from ppe.db import database
from ppe.models import Account, AuditEvent, AuditWord, Exemption, MassUpdate, MassUpdateRow, Organization, folded
from tests.conftest import OpenDatabase
from tests.databases import FreshDatabase, on_both_databases, settings_on

pytestmark = on_both_databases


def test_the_migrations_make_what_the_models_say(open_database: OpenDatabase) -> None:
    with open_database():
        difference = diff_models(database.obj, list(models.TABLES))
    assert not difference, f"make a migration (pwmigrate generate):\n{difference}"


def test_what_was_folded_before_is_folded_as_it_is_now(
    schemaless_database: FreshDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_on(schemaless_database(tmp_path), tmp_path)
    monkeypatch.setattr(database, "obj", db.connect(settings.database_url))
    now, long = datetime(2026, 11, 25, tzinfo=UTC), "æ" * 150
    names = ["Søren Ærø", "Đorđe Łuński", "Œuvre Þór", "Guðrún", "Işıl", "Straße", "Émile", "Ada"]
    with database.connection_context():
        runner = migrations.Runner(database.obj, str(db.MIGRATIONS))
        runner.up("0018_audited_accounts")
        monkeypatch.setattr(models, "_LETTERS", {})
        contoso = Organization.create(name="Contoso", created_at=now)
        update = MassUpdate.create(organization=contoso, created_by_name="", types=[], choices={}, created_at=now)
        for name in names:
            Account.create(organization=contoso, type="end_user", display_name=name, last_name=name, created_at=now)
            Exemption.create(organization=contoso, name=name, created_at=now, created_by_name="Ada")
            MassUpdateRow.create(
                mass_update=update, account_version=1, standing="changed", name=name, name_key=folded(name)
            )
            audit.record(contoso.id, name, "user changed", f"{long} {name} soren søren", now=now)
        assert Account.get(Account.display_name == names[0]).name_key == "søren ærø"
        monkeypatch.undo()
        monkeypatch.setattr(database, "obj", runner.database)
        db.bring_up_to_date()
        for account in Account.select():
            assert (account.name_key, account.surname_key) == (folded(account.display_name),) * 2
        for table in (Exemption, MassUpdateRow):
            assert all(row.name_key == folded(row.name) for row in table.select())
        for event in AuditEvent.select():
            words = {row.word for row in AuditWord.select().where(AuditWord.event == event)}
            assert words == audit_words.of(event.actor, event.actor_address, event.subject)
        assert not AuditWord.select().where(AuditWord.at != now).exists()


def test_no_table_is_forgotten() -> None:
    """What is missing from TABLES would escape the comparison above."""
    assert set(models.TABLES) == set(models.Table.__subclasses__())
