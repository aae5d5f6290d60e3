from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask

from ppe.clock import utcnow
from ppe.models import PASSWORD, AuditEvent, Organization
from ppe.signin import entrance, fallback
from ppe.signin.sessions import FirstStep
from ppe.signin.visitor import Visitor
from tests.conftest import OpenDatabase, People

NOW = utcnow()


@pytest.fixture(autouse=True)
def _database(people: People, open_database: OpenDatabase) -> Iterator[None]:
    with open_database():
        yield


def _event(organization: Organization, **ago: float) -> None:
    AuditEvent.create(organization=organization, at=NOW - timedelta(**ago), actor="Zoe", action=fallback.ACTION)


def test_what_the_entrance_puts_on_record_is_what_is_shown(app: Flask, people: People) -> None:
    with app.test_request_context():
        step = FirstStep(PASSWORD, fallback=True)
        entrance.after_first_step(people.ada, step, "", "", Visitor("203.0.113.9"), NOW)
    (event,) = fallback.lately(people.contoso.id, NOW)
    assert (event.actor, event.subject) == ("Ada", "ada@contoso.example")


def test_a_sign_in_where_the_password_is_the_way_is_none(app: Flask, people: People) -> None:
    with app.test_request_context():
        entrance.after_first_step(people.ada, FirstStep(PASSWORD), "", "", Visitor("203.0.113.9"), NOW)
    assert fallback.lately(people.contoso.id, NOW) == []


def test_the_newest_ten_of_seven_days_and_of_this_organisation(people: People) -> None:
    _event(people.fabrikam)
    _event(people.contoso, days=7, minutes=1)
    assert fallback.lately(people.contoso.id, NOW) == []
    for hours in range(12):
        _event(people.contoso, hours=hours)
    shown = fallback.lately(people.contoso.id, NOW)
    assert [event.at for event in shown] == [NOW - timedelta(hours=hours) for hours in range(10)]
