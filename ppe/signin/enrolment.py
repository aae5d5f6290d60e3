"""Setting up a second factor, changing it and giving it up: each on record, and told to its owner."""

from datetime import datetime

from ppe import audit, outbox
from ppe.db import database
from ppe.errors import Refused
from ppe.models import Account
from ppe.signin import authenticator, codes, second_factor, trusted_browsers
from ppe.signin.visitor import Visitor

SET_UP = "An authenticator app was set up as your second factor."
REMOVED = "Your authenticator app was removed."
RENEWED = "New recovery codes were made; the ones before them are void."


def complete(account: Account, typed: str, visitor: Visitor, now: datetime) -> list[str]:
    """Take the proposed app into use with its first code; gives new recovery codes, to be shown once.

    Raises:
        Refused: it is not the proposed app's code.
    """
    code = "".join(typed.split())
    with database.atomic():
        if not authenticator.confirm(account.id, code, now):
            raise Refused("This is not the app's present code. Check that the telephone's clock is right.", "code")
        second_factor.mark_shown(account.id, now)
        trusted_browsers.revoke_all(account.id)
        made = codes.new_recovery_codes(account.id, now)
        _report(account, "authenticator app set up", SET_UP, visitor, now)
    return made


def remove(account: Account, visitor: Visitor, now: datetime) -> None:
    """Give the app up, and with it the recovery codes that came with it."""
    with database.atomic():
        second_factor.forget(account.id)
        _report(account, "authenticator app removed", REMOVED, visitor, now)


def renew_recovery_codes(account: Account, visitor: Visitor, now: datetime) -> list[str]:
    """New recovery codes, to be shown once."""
    with database.atomic():
        made = codes.new_recovery_codes(account.id, now)
        _report(account, "recovery codes renewed", RENEWED, visitor, now)
    return made


def _report(account: Account, action: str, sentence: str, visitor: Visitor, now: datetime) -> None:
    audit.record(
        account.organization_id, account.display_name, action, audit.Of(account.display_name, account.id),
        now=now, remote_address=visitor.remote_address,
    )  # fmt: skip
    outbox.ask(
        "second_factor_changed", organization_id=account.organization_id, account_id=account.id,
        details={"what": sentence, "at": now.isoformat(), "remote_address": visitor.remote_address}, now=now,
    )  # fmt: skip
