"""Choosing a new password: with the present one, or with a mailed link. It ends whatever the old one had opened."""

from datetime import datetime

from ppe import audit, outbox
from ppe.db import database
from ppe.errors import Refused
from ppe.models import Account
from ppe.signin import limits, links, passwords, sessions, trusted_browsers
from ppe.signin.contacts import primary_of
from ppe.signin.visitor import Visitor

LINK_OVER = "This link has been used, or it is too old. Ask for a new one."


def ask_for_link(address: str, visitor: Visitor, now: datetime) -> None:
    """Have a link mailed to an address, if somebody with it may sign in: that is looked up when the mail is written.

    Here a known address and an unknown one take the same steps.

    Raises:
        Refused: this is no mail address.
        limits.TooMany: too many were asked for lately, for this address or from this place.
    """
    if "@" not in address or len(address) > 300:
        raise Refused("Type your whole mail address, such as ada@contoso.com.")
    with database.atomic():
        limits.count(limits.reset_doors(address, visitor.remote_address), now)
        outbox.ask("password_reset", to=address.strip().casefold(), now=now)


def choose_by_link(token: str, password: str, visitor: Visitor, now: datetime) -> None:
    """Set the password that was chosen with a mailed link, and end every session.

    Raises:
        Refused: the link is not good any more, or the password is not good enough.
    """
    account = links.account_of(token, now)
    if account is None:
        raise Refused(LINK_OVER)
    password_hash = _checked(account, password)
    with database.atomic():
        if not links.use(token):
            raise Refused(LINK_OVER)
        _set(account, password_hash, None, visitor, now)


def change(account: Account, present: str, password: str, session_id: int, visitor: Visitor, now: datetime) -> None:
    """Replace a password by its owner, who is signed in and knows it; this session stays, all others end.

    Raises:
        Refused: the present password is wrong, or the new one is not good enough; `field` names which.
        limits.TooMany: there were too many wrong ones lately.
    """
    require_present(account, present, visitor, now)
    password_hash = _checked(account, password)
    with database.atomic():
        _set(account, password_hash, session_id, visitor, now)


def require_present(account: Account, present: str, visitor: Visitor, now: datetime) -> None:
    """Let only somebody on who knows the password; tries are counted like those at the door.

    Raises:
        Refused: it is missing or wrong.
        limits.TooMany: there were too many wrong ones lately.
    """
    if not present:
        raise Refused("Type your present password.", "present")
    doors = limits.password_doors(primary_of(account.id), visitor.remote_address)
    limits.count(doors, now)
    if not passwords.matches(account.password_hash, present):
        raise Refused("This is not your present password.", "present")
    limits.forgive(doors)


def _checked(account: Account, password: str) -> str:
    wrong = passwords.problem(password, address=primary_of(account.id), name=account.display_name)
    if wrong:
        raise Refused(wrong, "password")
    return passwords.hashed(password)  # slow on purpose, so before any write lock


def _set(account: Account, password_hash: str, keep: int | None, visitor: Visitor, now: datetime) -> None:
    Account.update(password_hash=password_hash).where(Account.id == account.id).execute()
    sessions.end_all(account.id, but=keep)
    trusted_browsers.revoke_all(account.id)
    links.void(account.id)
    audit.record(
        account.organization_id, account.display_name, "password changed",
        audit.Of(account.display_name, account.id), now=now, remote_address=visitor.remote_address,
    )  # fmt: skip
    details = {"at": now.isoformat(), "remote_address": visitor.remote_address}
    outbox.ask(
        "password_changed", organization_id=account.organization_id, account_id=account.id, details=details, now=now
    )
