"""One-time codes that an administrator has mailed to somebody who has no other second factor at hand.

The administrator never sees the code: it is made when the mail is sent.
"""

from datetime import datetime

from ppe import audit, outbox
from ppe.db import database
from ppe.errors import NotFound, Refused
from ppe.models import PERSON_TYPES, SIGN_IN_TYPES, Account
from ppe.signin import limits
from ppe.signin.contacts import primary_of
from ppe.signin.visitor import Visitor


def may_get(account: Account, asker: Account) -> bool:
    """Whether it makes sense: somebody else, who may sign in."""
    may_sign_in = account.active and account.removed_at is None and account.type in SIGN_IN_TYPES
    return bool(may_sign_in and account.id != asker.id)


def ask_for(account_id: int, asker: Account, visitor: Visitor, now: datetime) -> str:
    """Have a code mailed to an account of the asker's organisation; gives the address.

    Raises:
        NotFound: the organisation has no such account.
        Refused: it is the asker's own, it may not sign in, or it has no address.
        limits.TooMany: too many were mailed to it lately.
    """
    account = Account.get_or_none(
        Account.organization == asker.organization_id, Account.id == account_id, Account.type.in_(PERSON_TYPES)
    )
    if account is None:
        raise NotFound("There is no such account.")
    if account.id == asker.id:
        raise Refused("A one-time code for yourself has to come from another administrator.")
    address = primary_of(account.id)
    if not may_get(account, asker) or not address:
        raise Refused("This account can't sign in, so a one-time code would be of no use to it.")
    with database.atomic():
        limits.count(limits.issued_code_doors(account.id), now)
        outbox.ask(
            "one_time_code", organization_id=account.organization_id, account_id=account.id,
            details={"issued_by": asker.display_name}, now=now,
        )  # fmt: skip
        audit.record(
            account.organization_id, asker.display_name, "one-time code mailed", audit.Of(address, account.id),
            now=now, remote_address=visitor.remote_address,
        )  # fmt: skip
    return address
