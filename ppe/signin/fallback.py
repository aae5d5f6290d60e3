"""Break-glass use: a local password where Microsoft would have been the way in. Allowed, on record, and shown."""

from datetime import datetime, timedelta

from ppe.models import AuditEvent

ACTION = "signed in locally although Microsoft sign-in is on"  # as `entrance` writes it
SHOWN_FOR = timedelta(days=7)
MOST_SHOWN = 10


def lately(organization_id: int, now: datetime) -> list[AuditEvent]:
    """The newest uses of the last seven days."""
    found = AuditEvent.select().where(
        AuditEvent.organization == organization_id, AuditEvent.action == ACTION, AuditEvent.at > now - SHOWN_FOR
    )
    return list(found.order_by(AuditEvent.at.desc(), AuditEvent.id.desc()).limit(MOST_SHOWN))
