"""Sessions: a row for each signed-in browser, known by the hash of a random token that only its cookie holds."""

import hashlib
import secrets
from datetime import datetime, timedelta

from flask import session
from flask_login import login_user, logout_user

from ppe.db import database
from ppe.models import PERSON_TYPES, Account, Organization, SignInSession

LIFETIME = timedelta(hours=12)


def begin(account: Account, remote_address: str, now: datetime) -> None:
    """Sign this browser in, with a new id: whatever its cookie held before is worth nothing afterwards."""
    token = secrets.token_urlsafe(32)
    with database.atomic():
        SignInSession.delete().where(SignInSession.expires_at <= now).execute()
        SignInSession.create(
            account=account.id,
            token_hash=_hash(token),
            created_at=now,
            expires_at=now + LIFETIME,
            remote_address=remote_address,
        )
    session.clear()
    login_user(_as_user(account, token))


def account_of(token: str, now: datetime) -> Account | None:
    """Whose token this is; None when it has expired or its account may not sign in any more."""
    account: Account | None = (
        Account.select(Account, Organization)
        .join(Organization)
        .switch(Account)
        .join(SignInSession)
        .where(
            SignInSession.token_hash == _hash(token),
            SignInSession.expires_at > now,
            Account.active,
            Account.removed_at.is_null(),
            Account.type.in_(PERSON_TYPES),
        )
        .get_or_none()
    )
    return None if account is None else _as_user(account, token)


def end() -> None:
    """Sign this browser out: its token is worth nothing any more, wherever a copy of the cookie may lie."""
    SignInSession.delete().where(SignInSession.token_hash == _hash(session.get("_user_id", ""))).execute()
    logout_user()
    session.clear()


def _as_user(account: Account, token: str) -> Account:
    """The account with what Flask-Login asks of a user: the tables know nothing of it."""
    vars(account).update(is_authenticated=True, is_active=True, is_anonymous=False, get_id=lambda: token)
    return account


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
