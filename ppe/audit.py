"""Who did what, when and from where."""

from datetime import datetime
from typing import Any, NamedTuple

from flask import has_request_context, request
from flask_login import current_user

from ppe import audit_words
from ppe.models import Address, AuditEvent


class Of(NamedTuple):
    """An account as the subject of an event: under which words, and which one."""

    words: str
    account_id: int


def record(
    organization_id: int | None,
    actor: str,
    action: str,
    subject: str | Of = "",
    details: dict[str, Any] | None = None,
    *,
    now: datetime,
    remote_address: str = "",
) -> None:
    """Add one event, in the caller's transaction, so that neither the deed nor its record stands alone.

    Args:
        subject: what it was about; an account is named and pointed at, because names and addresses find new owners.

    From where, and by whose address, is read off the request where there is one: nobody has to hand it down.
    """
    about = subject if isinstance(subject, Of) else Of(subject, 0)
    event = AuditEvent.create(
        organization=organization_id,
        at=now,
        actor=actor,
        actor_address=_acting_address(),
        action=action,
        subject=about.words,
        subject_account=about.account_id or None,
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
