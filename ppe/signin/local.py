"""Signing in with an address and a password that are kept here."""

from datetime import datetime

from ppe import audit
from ppe.db import database
from ppe.errors import Refused
from ppe.models import PERSON_TYPES, Account, Address
from ppe.signin import limits, passwords


def account_with(address: str, password: str, remote_address: str, now: datetime) -> Account:
    """Whose address and password these are.

    Raises:
        Refused: they do not fit together, for whatever reason: the sentence does not tell, nor does the time it took.
        limits.TooMany: there were too many failures lately.
    """
    address = address.strip().casefold()
    limits.count_attempt(address, remote_address, now)
    account = _who_may_sign_in(address)
    password_hash = None if account is None else account.password_hash
    if not passwords.matches(password_hash, password) or account is None:
        if account is not None:
            audit.record(
                account.organization_id, account.display_name, "sign-in failed", address,
                now=now, remote_address=remote_address,
            )  # fmt: skip
        raise Refused("This address and this password do not fit together.")
    limits.forgive(address, remote_address)
    _welcome(account, password, address, remote_address, now)
    return account


def _who_may_sign_in(address: str) -> Account | None:
    found: Account | None = (
        Account.select()
        .join(Address)
        .where(
            Address.address == address,
            Account.active,
            Account.removed_at.is_null(),
            Account.type.in_(PERSON_TYPES),
        )
        .get_or_none()
    )
    return found


def _welcome(account: Account, password: str, address: str, remote_address: str, now: datetime) -> None:
    with database.atomic():
        if passwords.is_dated(account.password_hash or ""):
            Account.update(password_hash=passwords.hashed(password)).where(Account.id == account.id).execute()
        audit.record(
            account.organization_id, account.display_name, "signed in", address, now=now, remote_address=remote_address
        )
