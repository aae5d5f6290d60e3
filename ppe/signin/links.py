"""Mailed links to choose a password: the mail holds a random token, the table its hash; each works once."""

import secrets
from datetime import datetime, timedelta

from ppe.db import database
from ppe.models import SIGN_IN_TYPES, Account, Organization, PasswordLink
from ppe.signin.sessions import hashed

WELCOME, RESET = "welcome", "reset"
LIFETIMES = {WELCOME: timedelta(days=7), RESET: timedelta(hours=1)}


def issue(account: Account, kind: str, now: datetime) -> str:
    """The token of a new link; those of the same kind before it are void."""
    token = secrets.token_urlsafe(32)
    with database.atomic():
        PasswordLink.delete().where(PasswordLink.account == account.id, PasswordLink.kind == kind).execute()
        PasswordLink.create(
            account=account.id,
            token_hash=hashed(token),
            kind=kind,
            created_at=now,
            expires_at=now + LIFETIMES[kind],
        )
    return token


def account_of(token: str, now: datetime) -> Account | None:
    """Whose link this is, without using it: mail scanners open links too."""
    found = (
        PasswordLink.select(PasswordLink, Account, Organization)
        .join(Account)
        .join(Organization)
        .where(
            PasswordLink.token_hash == hashed(token),
            PasswordLink.expires_at > now,
            Account.active,
            Account.removed_at.is_null(),
            Account.type.in_(SIGN_IN_TYPES),
        )
        .get_or_none()
    )
    account: Account | None = found.account if found else None
    return account


def use(token: str) -> bool:
    """Use the link up; of two at the same instant the second gets false."""
    return bool(PasswordLink.delete().where(PasswordLink.token_hash == hashed(token)).execute())


def void(account_id: int) -> None:
    """No link of this account works any more."""
    PasswordLink.delete().where(PasswordLink.account == account_id).execute()
