import pytest
from flask import Flask

from ppe import audit
from ppe.clock import utcnow
from ppe.db import database
from ppe.models import AuditEvent
from ppe.signin import sessions
from ppe.signin.visitor import Visitor
from tests.conftest import OpenDatabase, People


def test_an_event_says_who_did_what_when_and_from_where(people: People, open_database: OpenDatabase) -> None:
    now = utcnow()
    with open_database():
        audit.record(
            people.contoso.id, "Ada", "domain removed", "old.example", {"kind": "relay"},
            now=now, remote_address="192.0.2.7",
        )  # fmt: skip
        event = AuditEvent.get()
    assert (event.organization_id, event.actor, event.action) == (people.contoso.id, "Ada", "domain removed")
    assert (event.subject, event.details) == ("old.example", {"kind": "relay"})
    assert (event.at, event.remote_address) == (now, "192.0.2.7")


def test_within_a_request_it_says_by_itself_who_asked_and_from_where(
    app: Flask, people: People, open_database: OpenDatabase
) -> None:
    with open_database(), app.test_request_context(environ_base={"REMOTE_ADDR": "203.0.113.9"}):
        audit.record(people.contoso.id, "somebody", "sign-in failed", now=utcnow())
        sessions.begin(people.ada, sessions.FirstStep(), Visitor(""), utcnow())
        audit.record(people.contoso.id, "Ada", "domain removed", now=utcnow())
        before, after = AuditEvent.select().order_by(AuditEvent.id)
    assert (before.actor_address, before.remote_address) == ("", "203.0.113.9")
    assert (after.actor_address, after.remote_address) == ("ada@contoso.example", "203.0.113.9")


def test_an_event_may_belong_to_no_organisation(people: People, open_database: OpenDatabase) -> None:
    with open_database():
        audit.record(None, "somebody", "sign-in failed", now=utcnow())
        assert AuditEvent.get().organization_id is None


def test_a_deed_that_fails_takes_its_record_with_it(people: People, open_database: OpenDatabase) -> None:
    def failing() -> None:
        with database.atomic():
            audit.record(people.contoso.id, "Ada", "domain removed", now=utcnow())
            raise RuntimeError

    with open_database():
        with pytest.raises(RuntimeError):
            failing()
        assert not AuditEvent.select().exists()
