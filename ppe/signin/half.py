"""Half signed in: good for nothing but trying a code, for ten minutes, in one browser."""

import secrets
from datetime import datetime, timedelta

from flask import session

from ppe.db import database
from ppe.models import SIGN_IN_TYPES, Account, HalfSignIn, Organization
from ppe.signin.sessions import FirstStep, hashed

LIFETIME = timedelta(minutes=10)
KEY = "half"


def begin(account: Account, step: FirstStep, wanted: str, now: datetime) -> None:
    """Remember on this side who passed the first step; the browser gets a token and nothing to change."""
    token = secrets.token_urlsafe(32)
    with database.atomic():
        HalfSignIn.delete().where(HalfSignIn.expires_at <= now).execute()
        HalfSignIn.create(
            account=account.id,
            token_hash=hashed(token),
            first_step=step.name,
            fallback=step.fallback,
            microsoft_sid=step.microsoft_sid,
            wanted=wanted,
            created_at=now,
            expires_at=now + LIFETIME,
        )
    session.clear()
    session[KEY] = token


def current(now: datetime) -> HalfSignIn | None:
    """Who is half signed in in this browser, with account and organisation; None when it took too long, or when the
    account may not sign in any more."""
    found: HalfSignIn | None = (
        HalfSignIn.select(HalfSignIn, Account, Organization)
        .join(Account)
        .join(Organization)
        .where(
            HalfSignIn.token_hash == hashed(session.get(KEY, "")),
            HalfSignIn.expires_at > now,
            Account.active,
            Account.removed_at.is_null(),
            Account.type.in_(SIGN_IN_TYPES),
        )
        .get_or_none()
    )
    return found


def finish(half: HalfSignIn) -> FirstStep | None:
    """Turn it into the first step it was, once: of two at the same instant the second gets None."""
    if not HalfSignIn.delete().where(HalfSignIn.id == half.id).execute():
        return None
    return FirstStep(half.first_step, half.fallback, half.microsoft_sid)


def forget() -> None:
    """Begin anew in this browser."""
    HalfSignIn.delete().where(HalfSignIn.token_hash == hashed(session.pop(KEY, ""))).execute()
