"""Browsers that showed a second factor and asked to be spared the next one for 12 hours."""

import secrets
from datetime import datetime, timedelta

from ppe.models import TrustedBrowser
from ppe.signin.sessions import hashed
from ppe.signin.visitor import Visitor

LIFETIME = timedelta(hours=12)


def trust(account_id: int, visitor: Visitor, now: datetime) -> str:
    """Trust this browser; gives the token that its cookie is to hold."""
    token = secrets.token_urlsafe(32)
    TrustedBrowser.delete().where(TrustedBrowser.expires_at <= now).execute()
    TrustedBrowser.create(
        account=account_id,
        token_hash=hashed(token),
        created_at=now,
        expires_at=now + LIFETIME,
        browser=visitor.browser,
        remote_address=visitor.remote_address,
    )
    return token


def is_trusted(account_id: int, token: str, now: datetime) -> bool:
    """Whether this account trusts the browser with that token."""
    found = TrustedBrowser.select().where(
        TrustedBrowser.account == account_id,
        TrustedBrowser.token_hash == hashed(token),
        TrustedBrowser.expires_at > now,
    )
    return bool(found.exists())


def of(account_id: int, now: datetime) -> list[TrustedBrowser]:
    """The browsers that an account trusts, the latest first."""
    found = TrustedBrowser.select().where(TrustedBrowser.account == account_id, TrustedBrowser.expires_at > now)
    return list(found.order_by(TrustedBrowser.id.desc()))


def revoke(account_id: int, browser_id: int) -> bool:
    """Trust one browser no more; false when there is no such browser of theirs."""
    mine = (TrustedBrowser.account == account_id) & (TrustedBrowser.id == browser_id)
    return bool(TrustedBrowser.delete().where(mine).execute())


def revoke_all(account_id: int) -> None:
    """Trust no browser any more."""
    TrustedBrowser.delete().where(TrustedBrowser.account == account_id).execute()
