"""Limits on guessing, and on what costs money: in the database, where no restart and no new session resets them."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from ppe.db import database, one_at_a_time
from ppe.errors import Refused
from ppe.models import Attempt

QUARTER, HOUR, DAY = timedelta(minutes=15), timedelta(hours=1), timedelta(days=1)
WAIT = "There were too many failed attempts. Please wait 15 minutes, then try again."
CODES_WAIT = "There were too many wrong codes. Please wait 15 minutes, then sign in again."
CODES_TOMORROW = "There were too many wrong codes today. Try again tomorrow, or ask an administrator."
TEXTS_WAIT = "Too many text messages were asked for. Use another way, or wait an hour."
MAILS_WAIT = "Too many mails were asked for. Wait an hour, then try again."


class TooMany(Refused):
    """Too many lately: wait."""


@dataclass(frozen=True, slots=True)
class Door:
    """At most `most` attempts pass in `window`, counted under `key`; the next gets the sentence."""

    key: str
    most: int
    window: timedelta
    sentence: str


def password_doors(address: str, remote_address: str) -> tuple[Door, ...]:
    """Guessing a password: per address typed, known or not, and per network address."""
    return (
        Door(f"address {_hashed(address)}", 10, QUARTER, WAIT),
        Door(f"network {remote_address}", 50, QUARTER, WAIT),
    )


def code_doors(account_id: int) -> tuple[Door, ...]:
    """Guessing a second factor: per account, from wherever, and apart from its password."""
    return (
        Door(f"code {account_id}", 5, QUARTER, CODES_WAIT),
        Door(f"code-day {account_id}", 20, DAY, CODES_TOMORROW),
    )


def text_doors(account_id: int, remote_address: str) -> tuple[Door, ...]:
    """Text messages cost money, and a stranger's telephone its peace."""
    return (
        Door(f"text {account_id}", 5, HOUR, TEXTS_WAIT),
        Door(f"text-day {account_id}", 15, DAY, TEXTS_WAIT),
        Door(f"text-network {remote_address}", 20, HOUR, TEXTS_WAIT),
    )


def reset_doors(address: str, remote_address: str) -> tuple[Door, ...]:
    """Mails with a link to choose a password: per address typed, known or not, and per network address."""
    return (
        Door(f"reset {_hashed(address)}", 3, HOUR, MAILS_WAIT),
        Door(f"reset-network {remote_address}", 20, HOUR, MAILS_WAIT),
    )


def issued_code_doors(account_id: int) -> tuple[Door, ...]:
    """Mails with a one-time code, whoever asks for them: nobody's mailbox is to be flooded."""
    return (Door(f"issued {account_id}", 5, HOUR, MAILS_WAIT),)


def count(doors: Iterable[Door], now: datetime) -> None:
    """Count an attempt as failed before it is looked at, so that many at once cannot slip past together.

    Raises:
        TooMany: there were too many already. This one was not looked at and is not counted.
    """
    with database.atomic():
        Attempt.delete().where(Attempt.at <= now - DAY).execute()
        for door in doors:
            one_at_a_time(door.key)
            if _lately(door, now) >= door.most:
                raise TooMany(door.sentence)
            Attempt.create(key=door.key, at=now)


def is_shut(doors: Iterable[Door], now: datetime) -> bool:
    """Whether the next attempt would be refused."""
    return any(_lately(door, now) >= door.most for door in doors)


def forgive(doors: Iterable[Door]) -> None:
    """The attempt was right: what is counted for one person begins anew, a network address loses this attempt alone."""
    for door in doors:
        if "network" not in door.key:
            Attempt.delete().where(Attempt.key == door.key).execute()
            continue
        latest = Attempt.select(Attempt.id).where(Attempt.key == door.key).order_by(Attempt.id.desc()).limit(1)
        Attempt.delete().where(Attempt.id.in_(latest)).execute()


def _lately(door: Door, now: datetime) -> int:
    return int(Attempt.select().where(Attempt.key == door.key, Attempt.at > now - door.window).count())


def _hashed(address: str) -> str:
    """Now and then somebody types a password into the wrong field."""
    return hashlib.sha256(address.strip().casefold().encode()).hexdigest()
