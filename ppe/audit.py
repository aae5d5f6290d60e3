"""Who did what, when and from where."""

from datetime import datetime
from typing import Any

from ppe.models import AuditEvent


def record(
    organization_id: int | None,
    actor: str,
    action: str,
    subject: str = "",
    details: dict[str, Any] | None = None,
    *,
    now: datetime,
    remote_address: str = "",
) -> None:
    """Add one event, in the caller's transaction, so that neither the deed nor its record stands alone."""
    AuditEvent.create(
        organization=organization_id,
        at=now,
        actor=actor,
        action=action,
        subject=subject,
        details=details or {},
        remote_address=remote_address,
    )
