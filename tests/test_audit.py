import pytest

from ppe import audit
from ppe.clock import utcnow
from ppe.db import database
from ppe.models import AuditEvent
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
