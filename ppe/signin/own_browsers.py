"""What people end of their own: sessions, and the trust in browsers. Each is on record."""

from datetime import datetime

from ppe import audit
from ppe.db import database
from ppe.models import Account
from ppe.signin import sessions, trusted_browsers
from ppe.signin.visitor import Visitor


def end_session(account: Account, session_id: int, visitor: Visitor, now: datetime) -> bool:
    """End one session; false when this person has no such session, or has it no longer."""
    with database.atomic():
        ended = sessions.end_one(account.id, session_id)
        if ended:
            _record(account, "session ended", 1, visitor, now)
    return ended


def end_other_sessions(account: Account, kept: int, visitor: Visitor, now: datetime) -> int:
    """End all sessions but one; gives how many."""
    with database.atomic():
        ended = sessions.end_all(account.id, but=kept)
        if ended:
            _record(account, "other sessions ended", ended, visitor, now)
    return ended


def revoke(account: Account, browser_id: int, visitor: Visitor, now: datetime) -> bool:
    """Trust one browser no more; false when this person trusts no such browser."""
    with database.atomic():
        revoked = trusted_browsers.revoke(account.id, browser_id)
        if revoked:
            _record(account, "trust in a browser revoked", 1, visitor, now)
    return revoked


def revoke_all(account: Account, visitor: Visitor, now: datetime) -> int:
    """Trust no browser any more; gives how many were trusted."""
    with database.atomic():
        trusted = len(trusted_browsers.of(account.id, now))
        trusted_browsers.revoke_all(account.id)
        if trusted:
            _record(account, "trust in all browsers revoked", trusted, visitor, now)
    return trusted


def _record(account: Account, action: str, count: int, visitor: Visitor, now: datetime) -> None:
    audit.record(
        account.organization_id, account.display_name, action, audit.Of(account.display_name, account.id),
        {"count": count}, now=now, remote_address=visitor.remote_address,
    )  # fmt: skip
