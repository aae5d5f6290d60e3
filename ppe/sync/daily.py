"""The Daily Azure AD Summary: when is one due, and who asks for it. Composing and sending is the outbox's.

A period is closed by moving `summary_until` on, in the transaction that asks for its mail: killed at any moment, it is
told or still to be told, and whoever comes second finds it moved. While there is no tech contact none is closed.
"""

from datetime import datetime, timedelta

from ppe import outbox
from ppe.db import database
from ppe.models import Connection, Mail, Organization
from ppe.signin import contacts
from ppe.sync import schedule

KIND = "azure_ad_summary"
SETTLED = timedelta(minutes=1)  # what ended in the second before six is written down by then
DAY = timedelta(days=1)


def due(now: datetime) -> list[int]:
    """The organisations with a frequency and a tech contact whose day is over."""
    query = (
        Organization.select()
        .join(Connection, on=(Connection.organization == Organization.id))
        .where(Connection.sync_frequency > 0, Organization.id.in_(contacts.with_tech_contact()))
    )
    return [organization.id for organization in query if _is_over(organization, now)]


def ask(organization_id: int, now: datetime) -> None:
    """Close the organisation's period and ask for its mail, once, whoever else does."""
    with database.atomic():
        organization = Organization.get_by_id(organization_id)
        until, since = _end(organization, now), organization.summary_until
        if not _is_over(organization, now):
            return
        unchanged = Organization.summary_until.is_null() if since is None else Organization.summary_until == since
        closed = (
            Organization.update(summary_until=until)
            .where(Organization.id == organization_id, Organization.id.in_(contacts.with_tech_contact()), unchanged)
            .execute()
        )
        if closed:
            begin = min([since or until - DAY, *_never_delivered(organization_id)])
            period = {"since": begin.isoformat(), "until": until.isoformat()}
            outbox.ask(KIND, organization_id=organization_id, details=period, now=now)


def _end(organization: Organization, now: datetime) -> datetime:
    return schedule.summary_moment(organization.time_zone, now - SETTLED)


def _is_over(organization: Organization, now: datetime) -> bool:
    return organization.summary_until is None or organization.summary_until < _end(organization, now)


def _never_delivered(organization_id: int) -> list[datetime]:
    """Where the periods began whose mails were given up: this one takes their place."""
    given_up = (Mail.organization == organization_id) & (Mail.kind == KIND) & Mail.given_up_at.is_null(False)
    begun = [datetime.fromisoformat(mail.details["since"]) for mail in Mail.select().where(given_up)]
    Mail.delete().where(given_up).execute()
    return begun
