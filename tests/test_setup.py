from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask

from ppe import create_app, setup
from ppe.clock import utcnow
from ppe.config import Settings
from ppe.db import database
from ppe.errors import Refused, SettingsError
from ppe.models import ADMIN, Account, Address, AuditEvent, Connection, Domain, Installation, Organization
from tests.conftest import PASSWORD, OpenDatabase
from tests.databases import on_both_databases

pytestmark = on_both_databases

NOW = utcnow()
BEGINNING = setup.Beginning("Contoso", "Ada", "Ada@Contoso.example", PASSWORD)


def test_it_makes_everything_that_is_needed_to_begin(open_database: OpenDatabase) -> None:
    with open_database():
        assert setup.is_open()
        setup.complete(BEGINNING, NOW)
        admin = Account.get()
        domain = Domain.get()
        assert (admin.type, admin.display_name, admin.organization.name) == (ADMIN, "Ada", "Contoso")
        assert PASSWORD not in str(admin.password_hash)
        assert (domain.name, domain.kind, domain.proof) == ("contoso.example", "management", "set-up")
        assert Address.get().address == "ada@contoso.example"
        assert Connection.get().organization == admin.organization
        assert AuditEvent.get().action == "set-up completed"
        assert Organization.get().tech_contact == admin
        assert not setup.is_open()


def test_it_stays_closed_whoever_is_deleted_later(open_database: OpenDatabase) -> None:
    with open_database():
        setup.complete(BEGINNING, NOW)
        Account.delete().execute()
        assert not setup.is_open()
        with pytest.raises(Refused, match="complete"):
            setup.complete(BEGINNING, NOW)
        with pytest.raises(Refused, match="complete"):
            setup.new_token(NOW)


def test_of_many_at_once_one_wins(app: Flask) -> None:
    def attempt(number: int) -> bool:
        with database.connection_context():
            try:
                setup.complete(replace(BEGINNING, organization_name=f"Contoso {number}"), NOW)
            except Refused:
                return False
            return True

    with ThreadPoolExecutor(4) as crowd:
        assert sum(crowd.map(attempt, range(4))) == 1
    with database.connection_context():
        assert Organization.select().count() == 1


def test_the_token_is_good_once_renewed_for_a_day(open_database: OpenDatabase) -> None:
    with open_database():
        first = setup.new_token(NOW)
        second = setup.new_token(NOW)
        setup.require_token(f" {second} ", NOW + timedelta(hours=23))
        for token, at in ((first, NOW), ("", NOW), (second, NOW + timedelta(hours=24))):
            with pytest.raises(Refused) as refused:
                setup.require_token(token, at)
            assert refused.value.field == "token"
        assert second not in str(Installation.get().__data__)


def test_without_any_token_none_is_right(open_database: OpenDatabase) -> None:
    with open_database(), pytest.raises(Refused):
        setup.require_token("", NOW)


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("organization_name", ""),
        ("name", "x" * 201),
        ("address", "ada"),
        ("address", "ada@localhost"),
        ("password", "too short"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_field(open_database: OpenDatabase, field: str, text: str) -> None:
    wrong = replace(BEGINNING, **{field: text})
    assert list(setup.problems(wrong)) == [field]
    with open_database():
        with pytest.raises(Refused) as refused:
            setup.complete(wrong, NOW)
        assert refused.value.field == field
        assert setup.is_open()
        assert Organization.select().count() == 0


def test_the_demo_database_is_refused_outside_the_demo(settings: Settings) -> None:
    demo = replace(settings, demo=True)
    create_app(demo)
    with database.connection_context():
        setup.complete(BEGINNING, NOW, demo=True)
    create_app(demo)
    with pytest.raises(SettingsError, match="PPE_DATABASE_URL names the database of the demo"):
        create_app(settings)
