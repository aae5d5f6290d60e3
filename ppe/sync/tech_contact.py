"""The tech contact, without whom no summary can be delivered: missed from the first day, waited for seven."""

from datetime import datetime, timedelta
from typing import Any

from ppe import audit
from ppe.db import database
from ppe.models import Connection, Organization
from ppe.signin import contacts
from ppe.sync.unattended import BY

WAITED_FOR = timedelta(days=7)
REASON = (
    "When to Sync went back to Never by itself, because for 7 days there was no tech contact to send the daily summary"
    " to. Choose one under Profile, then choose a frequency here again."
)


def deadline(connection: Connection, organization: Organization, now: datetime) -> datetime | None:
    """When the frequency goes back to Never; None with a tech contact, and where it is Never already."""
    if not connection.sync_frequency or contacts.tech_contact(organization):
        return None
    since: datetime = connection.contact_missing_since or now
    return since + WAITED_FOR


def due(now: datetime) -> list[int]:
    """The connections with a frequency of which something is to be written down."""
    late = Connection.contact_missing_since.is_null() | _is_over(now)
    news = (_has_none() & late) | (~_has_none() & Connection.contact_missing_since.is_null(False))
    found = Connection.select(Connection.id).where(Connection.sync_frequency > 0, news)
    return [connection.id for connection in found]


def settle(connection_id: int, now: datetime) -> None:
    """Write down that there is no tech contact, that there is one again, or that the time for it is over."""
    with database.atomic():
        organization_id = Connection.get_by_id(connection_id).organization_id
        missed = {"contact_missing_since": now}
        for action, condition, columns in (
            ("frequency set back to Never", _has_none() & _is_over(now), _RESET),
            ("tech contact found", ~_has_none() & Connection.contact_missing_since.is_null(False), _FOUND),
            ("tech contact missed", _has_none() & Connection.contact_missing_since.is_null(), missed),
        ):
            scheduled = (Connection.id == connection_id) & (Connection.sync_frequency > 0)
            if Connection.update(**columns).where(scheduled, condition).execute():
                audit.record(organization_id, BY, action, now=now)


_FOUND: dict[str, Any] = {"contact_missing_since": None}
_RESET = _FOUND | {"sync_frequency": 0, "next_sync_at": None, "frequency_reset_reason": REASON}


def _is_over(now: datetime) -> Any:
    return Connection.contact_missing_since <= now - WAITED_FOR


def _has_none() -> Any:
    return Connection.organization.not_in(contacts.with_tech_contact())
