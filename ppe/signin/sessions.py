"""Sessions: a row for each signed-in browser, known by the hash of a random token that only its cookie holds."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import session
from flask_login import login_user, logout_user

from ppe.db import database
from ppe.models import PASSWORD, SIGN_IN_TYPES, Account, HalfSignIn, Organization, SignInSession
from ppe.signin.visitor import Visitor

LIFETIME = timedelta(hours=12)
SEEN_EVERY = timedelta(minutes=5)  # a write for every click would be too many
CONFIRMED_FOR = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class FirstStep:
    """How somebody came in: by password or with Microsoft, under which id Microsoft will sign them out, and whether
    it was by password where Microsoft would have been the way."""

    name: str = PASSWORD
    fallback: bool = False
    microsoft_sid: str | None = None


def begin(account: Account, step: FirstStep, visitor: Visitor, now: datetime, *, confirmed: bool = True) -> None:
    """Sign this browser in, with a new id: whatever its cookie held before is worth nothing afterwards.

    `confirmed` says that it has just shown the strongest thing its account has.
    """
    token = secrets.token_urlsafe(32)
    with database.atomic():
        SignInSession.delete().where(SignInSession.expires_at <= now).execute()
        row = SignInSession.create(
            account=account.id,
            token_hash=hashed(token),
            role=account.type,
            first_step=step.name,
            fallback=step.fallback,
            microsoft_sid=step.microsoft_sid,
            created_at=now,
            confirmed_at=now if confirmed else now - CONFIRMED_FOR,
            seen_at=now,
            expires_at=now + LIFETIME,
            browser=visitor.browser,
            remote_address=visitor.remote_address,
        )
    session.clear()
    login_user(_as_user(account, row, token))


def account_of(token: str, now: datetime) -> Account | None:
    """Whose token this is; None when it has expired, or its account may not sign in any more or has another role."""
    row = (
        SignInSession.select(SignInSession, Account, Organization)
        .join(Account)
        .join(Organization)
        .where(SignInSession.token_hash == hashed(token), SignInSession.expires_at > now)
        .get_or_none()
    )
    if row is None:
        return None
    if not _is_good_for(row, row.account):
        SignInSession.delete().where(SignInSession.id == row.id).execute()  # for good, should the role come back
        return None
    if row.seen_at < now - SEEN_EVERY:
        SignInSession.update(seen_at=now).where(SignInSession.id == row.id).execute()
    return _as_user(row.account, row, token)


def end() -> None:
    """Sign this browser out: its token is worth nothing any more, wherever a copy of the cookie may lie."""
    SignInSession.delete().where(SignInSession.token_hash == hashed(session.get("_user_id", ""))).execute()
    logout_user()
    session.clear()


def of(account_id: int, now: datetime) -> list[SignInSession]:
    """Where somebody is signed in, the latest first."""
    found = SignInSession.select().where(SignInSession.account == account_id, SignInSession.expires_at > now)
    return list(found.order_by(SignInSession.seen_at.desc(), SignInSession.id.desc()))


def end_one(account_id: int, session_id: int) -> bool:
    """End one of somebody's own sessions; false when there is no such session of theirs."""
    mine = (SignInSession.account == account_id) & (SignInSession.id == session_id)
    return bool(SignInSession.delete().where(mine).execute())


def end_all(account_id: int, but: int | None = None) -> int:
    """End all of somebody's sessions, but for one where it is named, and what is half signed in; gives how many."""
    HalfSignIn.delete().where(HalfSignIn.account == account_id).execute()
    ended = SignInSession.delete().where(SignInSession.account == account_id, SignInSession.id != (but or 0)).execute()
    return int(ended)


def end_from_afar(microsoft_sid: str) -> int:
    """Microsoft has signed somebody out: end what was opened under that id; gives how many."""
    return int(SignInSession.delete().where(SignInSession.microsoft_sid == microsoft_sid).execute())


def is_confirmed(row: SignInSession, now: datetime) -> bool:
    """Whether this browser showed the strongest thing its account has within the last ten minutes."""
    confirmed_at: datetime = row.confirmed_at
    return confirmed_at > now - CONFIRMED_FOR


def confirm(row: SignInSession, now: datetime) -> None:
    """This browser has just shown it."""
    SignInSession.update(confirmed_at=now).where(SignInSession.id == row.id).execute()


def hashed(token: str) -> str:
    """What is stored of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def _is_good_for(row: SignInSession, account: Account) -> bool:
    return bool(
        account.active and account.removed_at is None and account.type in SIGN_IN_TYPES and account.type == row.role
    )


def _as_user(account: Account, row: SignInSession, token: str) -> Account:
    """The account with what Flask-Login asks of a user, and its session: the tables know nothing of either."""
    vars(account).update(
        is_authenticated=True, is_active=True, is_anonymous=False, get_id=lambda: token, sign_in_session=row
    )
    return account
