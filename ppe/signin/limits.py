"""Limits on guessing: failures are counted in the database, for each address typed and for each network address."""

import hashlib
from datetime import datetime, timedelta

from ppe.db import database
from ppe.errors import Refused
from ppe.models import Attempt

WINDOW = timedelta(minutes=15)
PER_ADDRESS, PER_NETWORK = 10, 50


class TooMany(Refused):
    """Too many failures lately: wait."""


def count_attempt(address: str, remote_address: str, now: datetime) -> None:
    """Count an attempt as failed before it is looked at, so that many at once cannot slip past together.

    Raises:
        TooMany: there were too many already. This one was not looked at and is not counted.
    """
    with database.atomic():
        Attempt.delete().where(Attempt.at <= now - WINDOW).execute()
        for key, most in ((_address_key(address), PER_ADDRESS), (_network_key(remote_address), PER_NETWORK)):
            Attempt.create(key=key, at=now)
            if Attempt.select().where(Attempt.key == key).count() > most:
                raise TooMany("There were too many failed attempts. Please wait 15 minutes, then try again.")


def forgive(address: str, remote_address: str) -> None:
    """The attempt was right: the address begins anew, and the network address loses the one just counted."""
    Attempt.delete().where(Attempt.key == _address_key(address)).execute()
    latest = (
        Attempt.select(Attempt.id)
        .where(Attempt.key == _network_key(remote_address))
        .order_by(Attempt.id.desc())
        .limit(1)
    )
    Attempt.delete().where(Attempt.id.in_(latest)).execute()


def _address_key(address: str) -> str:
    """Hashed: now and then somebody types a password into the wrong field."""
    return "address " + hashlib.sha256(address.encode()).hexdigest()


def _network_key(remote_address: str) -> str:
    return f"network {remote_address}"
