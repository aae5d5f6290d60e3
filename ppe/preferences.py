"""What people may change about themselves: their name, unless the directory says it, and what is mailed to them."""

from datetime import datetime

from ppe import audit
from ppe.db import database
from ppe.errors import Refused
from ppe.models import Account

LONGEST_NAME = 200


def save(account: Account, name: str, receives_digest: bool, remote_address: str, now: datetime) -> bool:
    """Keep what was chosen; false when it is what is stored already. The name of a synced account stays as it is.

    Raises:
        Refused: there is no name left, or it is too long.
    """
    wanted = account.display_name if account.is_synced else " ".join(name.split())
    if not account.is_synced and not 1 <= len(wanted) <= LONGEST_NAME:
        raise Refused(f"Write your name, in at most {LONGEST_NAME} characters.", "name")
    before = {"name": account.display_name, "receives digest": account.receives_digest}
    after = {"name": wanted, "receives digest": receives_digest}
    if after == before:
        return False
    with database.atomic():
        Account.update(
            display_name=wanted, receives_digest=receives_digest, version=Account.version + 1
        ).where(Account.id == account.id).execute()  # fmt: skip
        audit.record(
            account.organization_id, account.display_name, "preferences changed", audit.Of(wanted, account.id),
            {"before": before, "after": after}, now=now, remote_address=remote_address,
        )  # fmt: skip
    return True
