"""The authenticator app: a secret shown once as a picture, and codes of six digits that each work once."""

from datetime import datetime, timedelta

import pyotp
import segno
from flask import session
from pyotp.utils import strings_equal

from ppe.db import database, one_at_a_time
from ppe.encryption import decrypt, encrypt
from ppe.models import Authenticator

STEP = 30  # seconds
NEIGHBOURS = (-1, 0, 1)  # steps: a telephone's clock may be off by half a minute
PROPOSED_FOR = timedelta(minutes=30)
PROPOSED = "proposed_app"  # which of them this browser was shown
UNREADABLE = "This authenticator app can no longer be read with the keys of this installation. Set up another."


def propose(account_id: int, now: datetime) -> str:
    """A secret to scan: what this browser was shown within the last half hour, so that a reload voids no scanned one.

    Never the one that another browser was shown: whoever looks there first must not know what the owner then scans.
    """
    with database.atomic():
        waiting = _proposed(account_id, now)
        if waiting is not None:
            return decrypt(waiting.secret, UNREADABLE)
        Authenticator.delete().where(
            Authenticator.account == account_id,
            Authenticator.confirmed_at.is_null(),
            Authenticator.created_at <= now - PROPOSED_FOR,
        ).execute()
        secret = pyotp.random_base32()
        made = Authenticator.create(account=account_id, secret=encrypt(secret), created_at=now)
    session[PROPOSED] = made.id
    return secret


def confirm(account_id: int, code: str, now: datetime) -> bool:
    """Take the secret that this browser was shown into use if this is its code, which is spent with that.

    It replaces the app before it, and every other proposal.
    """
    with database.atomic():
        one_at_a_time(f"app {account_id}")
        waiting = _proposed(account_id, now)
        step = None if waiting is None else _step_of(decrypt(waiting.secret, UNREADABLE), code, now)
        if waiting is None or step is None:
            return False
        taken = (
            Authenticator.update(confirmed_at=now, last_step=step)
            .where(Authenticator.id == waiting.id, Authenticator.confirmed_at.is_null())
            .execute()
        )
        Authenticator.delete().where(Authenticator.account == account_id, Authenticator.id != waiting.id).execute()
    return bool(taken)


def is_set_up(account_id: int) -> bool:
    """Whether the account has an app in use."""
    return bool(_in_use(account_id))


def spend(account_id: int, code: str, now: datetime) -> bool:
    """Whether this is a code of the app in use, not spent before; a conditional update lets each pass once."""
    for app in _in_use(account_id):
        step = _step_of(decrypt(app.secret, UNREADABLE), code, now)
        if step is not None:
            fresh = Authenticator.update(last_step=step).where(
                Authenticator.id == app.id, Authenticator.last_step < step
            )
            return bool(fresh.execute())
    return False


def remove(account_id: int) -> None:
    """Forget the app, in use or proposed."""
    Authenticator.delete().where(Authenticator.account == account_id).execute()


def address_of(secret: str, account_name: str, issuer: str) -> str:
    """The otpauth address that apps understand."""
    return pyotp.TOTP(secret).provisioning_uri(name=account_name, issuer_name=issuer)


def picture_of(address: str) -> str:
    """The address as a QR code, drawn here: an inline SVG without scripts or styles."""
    return str(segno.make(address, error="m").svg_inline(border=3, dark="#000", light="#fff", omitsize=True))


def _step_of(secret: str, code: str, now: datetime) -> int | None:
    totp = pyotp.TOTP(secret)
    for neighbour in NEIGHBOURS:
        if strings_equal(code, totp.at(now, counter_offset=neighbour)):
            return int(now.timestamp()) // STEP + neighbour
    return None


def _in_use(account_id: int) -> list[Authenticator]:
    confirmed = Authenticator.confirmed_at.is_null(False)
    return list(Authenticator.select().where(Authenticator.account == account_id, confirmed))


def _proposed(account_id: int, now: datetime) -> Authenticator | None:
    found: Authenticator | None = Authenticator.get_or_none(
        Authenticator.id == session.get(PROPOSED, 0),
        Authenticator.account == account_id,
        Authenticator.confirmed_at.is_null(),
        Authenticator.created_at > now - PROPOSED_FOR,
    )
    return found
