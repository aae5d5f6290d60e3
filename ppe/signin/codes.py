"""Codes that work once: recovery codes, those of text messages, and those that an administrator had mailed.

Only their hashes are stored, made with this installation's secret key, so that six digits can't be found by trial from
a copy of the database alone.
"""

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta

from flask import current_app

from ppe.db import database
from ppe.models import ISSUED_CODE, RECOVERY_CODE, TEXT_CODE, SecondFactorCode

HOW_MANY = 10
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that a reader could take for something else
TEXT_FOR, ISSUED_FOR = timedelta(minutes=10), timedelta(hours=1)


def new_recovery_codes(account_id: int, now: datetime) -> list[str]:
    """Ten new recovery codes, to be shown once; those before them are void."""
    made = [_readable() for _ in range(HOW_MANY)]
    _replace(account_id, RECOVERY_CODE, made, now, None)
    return made


def new_text_code(account_id: int, now: datetime) -> str:
    """Six digits for a text message, good for ten minutes; one sent before is void."""
    code = f"{secrets.randbelow(10**6):06}"
    _replace(account_id, TEXT_CODE, [code], now, now + TEXT_FOR)
    return code


def issue(account_id: int, now: datetime) -> str:
    """A code that stands in for the second factor once, good for an hour; one issued before is void."""
    code = _readable()
    _replace(account_id, ISSUED_CODE, [code], now, now + ISSUED_FOR)
    return code


def spend(account_id: int, typed: str, now: datetime) -> str | None:
    """The kind of code this was, if it is good; a conditional update lets each pass once."""
    good = (
        (SecondFactorCode.account == account_id)
        & (SecondFactorCode.code_hash == _hash(account_id, typed))
        & SecondFactorCode.used_at.is_null()
        & (SecondFactorCode.expires_at.is_null() | (SecondFactorCode.expires_at > now))
    )
    for code in SecondFactorCode.select().where(good):
        if SecondFactorCode.update(used_at=now).where(SecondFactorCode.id == code.id, good).execute():
            return str(code.kind)
    return None


def recovery_codes_left(account_id: int) -> int:
    """How many recovery codes have not been used."""
    unused = SecondFactorCode.select().where(
        SecondFactorCode.account == account_id,
        SecondFactorCode.kind == RECOVERY_CODE,
        SecondFactorCode.used_at.is_null(),
    )
    return int(unused.count())


def void(account_id: int) -> None:
    """No code of this account is good any more."""
    SecondFactorCode.delete().where(SecondFactorCode.account == account_id).execute()


def _replace(account_id: int, kind: str, made: list[str], now: datetime, expires_at: datetime | None) -> None:
    with database.atomic():
        SecondFactorCode.delete().where(SecondFactorCode.account == account_id, SecondFactorCode.kind == kind).execute()
        for code in made:
            SecondFactorCode.create(
                account=account_id, kind=kind, code_hash=_hash(account_id, code), created_at=now, expires_at=expires_at
            )


def _readable() -> str:
    """Twelve characters in groups of four: 59 bits."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(4)) for _ in range(3))


def _hash(account_id: int, typed: str) -> str:
    plain = "".join(typed.split()).replace("-", "").casefold()
    key = str(current_app.config["SECRET_KEY"]).encode()
    return hmac.new(key, f"second factor {account_id} {plain}".encode(), hashlib.sha256).hexdigest()
