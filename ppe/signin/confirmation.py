"""Before a factor is changed: show the strongest thing the account has, if this browser did not do so just now."""

from datetime import datetime

from ppe.models import Account, SignInSession
from ppe.signin import new_password, second_factor, sessions
from ppe.signin.visitor import Visitor

CODE, PASSWORD, SIGN_IN = "code", "password", "sign_in"


def asked_for(account: Account, now: datetime) -> str:
    """What has to be shown: a code, else the password, else a new sign-in with Microsoft."""
    if second_factor.of(account, now).any:
        return CODE
    return PASSWORD if account.password_hash else SIGN_IN


def is_needed(row: SignInSession, now: datetime) -> bool:
    """Whether it was longer than ten minutes ago."""
    return not sessions.is_confirmed(row, now)


def give(account: Account, row: SignInSession, typed: str, visitor: Visitor, now: datetime) -> None:
    """Take what was typed for it.

    Raises:
        Refused: it is wrong, or only a new sign-in helps.
        limits.TooMany: there were too many wrong ones lately.
    """
    if asked_for(account, now) == CODE:
        second_factor.verify(account, typed, visitor, now)
    else:
        new_password.require_present(account, typed, visitor, now)
    sessions.confirm(row, now)
