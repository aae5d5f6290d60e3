"""Who did what, when and from where."""

from datetime import datetime
from typing import Any

from flask import has_request_context, request
from flask_login import current_user

from ppe import audit_words
from ppe.models import Address, AuditEvent


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
    """Add one event, in the caller's transaction, so that neither the deed nor its record stands alone.

    From where, and by whose address, is read off the request where there is one: nobody has to hand it down.
    """
    event = AuditEvent.create(
        organization=organization_id,
        at=now,
        actor=actor,
        actor_address=_acting_address(),
        action=action,
        subject=subject,
        details=details or {},
        remote_address=remote_address or _from_where(),
    )
    audit_words.keep(event)


def _from_where() -> str:
    return (request.remote_addr or "") if has_request_context() else ""


def _acting_address() -> str:
    """The primary address of whoever is signed in: names are not unique."""
    if not has_request_context() or not current_user.is_authenticated:
        return ""
    primary = Address.get_or_none(Address.account == current_user.id, Address.is_primary)
    return str(primary.address) if primary else ""
