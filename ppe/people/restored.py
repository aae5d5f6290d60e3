"""What was removed by hand or by a sync comes back within 30 days, with its groups, its members, and those of its
addresses that are still free."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from peewee import IntegrityError

from ppe import accounts, audit, domains, removed_memberships
from ppe.accounts import Outdated
from ppe.db import database
from ppe.errors import Refused
from ppe.models import MAIL_TYPES, Account
from ppe.people import by_hand, details
from ppe.people.by_hand import Seen

KEPT_FOR = timedelta(days=30)


def lost_addresses(account: Account) -> dict[str, str]:
    """The addresses of a removed account that do not come back, each with the reason."""
    return details.unavailable(account.organization_id, account.removed_addresses or [], account.id)


def restore(organization_id: int, seen: Sequence[Seen], by: Account, now: datetime) -> None:
    """Bring removed accounts back with their groups, and with those of their addresses that nobody has meanwhile.

    Raises:
        Outdated: somebody changed one of them meanwhile.
        Refused: the 30 days are over, or not one address is left.
    """
    try:
        with database.atomic():
            by_hand.alone(organization_id)
            domains.keep_all(organization_id)
            for one in seen:
                _restore(organization_id, one, by, now)
            removed_memberships.give_back(organization_id, [one.account_id for one in seen], by_hand_only=False)
    except IntegrityError:
        raise Refused(by_hand.TAKEN) from None


def _restore(organization_id: int, one: Seen, by: Account, now: datetime) -> None:
    account = Account.get_or_none(
        Account.organization == organization_id, Account.type.in_(MAIL_TYPES), Account.id == one.account_id
    )
    if account is None or account.removed_at is None or account.version != one.version:
        raise Outdated(by_hand.CHANGED)
    if account.removed_at + KEPT_FOR <= now:
        raise Refused("It was removed more than 30 days ago and can't be restored any more.")
    lost = lost_addresses(account)
    kept = [address for address in account.removed_addresses or [] if address not in lost]
    if lost and not kept:
        raise Refused("Not one of its addresses is free. " + " ".join(lost.values()))
    Account.update(
        removed_at=None, removed_addresses=None, directory_fingerprint=None, version=Account.version + 1
    ).where(Account.id == account.id).execute()
    accounts.give_addresses([(account.id, by_hand.with_addresses(kept[0] if kept else None, tuple(kept[1:])))])
    told = {"before": {}, "after": {"addresses": kept}, "addresses left out": list(lost)}
    subject = audit.Of(kept[0] if kept else account.display_name, account.id)
    audit.record(organization_id, by.display_name, by_hand.deed(account.type, "restored"), subject, told, now=now)
