"""Signing in with an address and a password that are kept here."""

from datetime import datetime

from ppe import audit
from ppe.errors import Refused
from ppe.models import SIGN_IN_TYPES, Account, Address, Organization
from ppe.signin import limits, passwords
from ppe.signin.visitor import Visitor


def account_with(address: str, password: str, visitor: Visitor, now: datetime) -> Account:
    """Whose address and password these are.

    Raises:
        Refused: one of them is wrong, for whatever reason: the sentence does not tell, nor does the time it took.
        limits.TooMany: there were too many failures lately.
    """
    doors = limits.password_doors(address, visitor.remote_address)
    limits.count(doors, now)
    account = who_may_sign_in(address)
    password_hash = None if account is None else account.password_hash
    if not passwords.matches(password_hash, password) or account is None:
        _note_failure(account, address, visitor, now)
        raise Refused("The address or the password is wrong.")
    limits.forgive(doors)
    if passwords.is_dated(account.password_hash or ""):
        Account.update(password_hash=passwords.hashed(password)).where(Account.id == account.id).execute()
    return account


def who_may_sign_in(address: str) -> Account | None:
    """The account with this address, with its organisation, if it may sign in at all."""
    found: Account | None = (
        Account.select(Account, Organization)
        .join(Organization)
        .switch(Account)
        .join(Address)
        .where(
            Address.address == address.strip().casefold(),
            Account.active,
            Account.removed_at.is_null(),
            Account.type.in_(SIGN_IN_TYPES),
        )
        .get_or_none()
    )
    return found


def _note_failure(account: Account | None, address: str, visitor: Visitor, now: datetime) -> None:
    """On record for an unknown address too, or the time would tell it apart; what was typed there may be a password."""
    audit.record(
        account.organization_id if account else None,
        account.display_name if account else "somebody unknown",
        "sign-in failed",
        audit.Of(address.strip().casefold(), account.id) if account else "",
        now=now,
        remote_address=visitor.remote_address,
    )
