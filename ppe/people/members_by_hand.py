"""Who is in a functional account because an administrator said so: given and taken away here, never by a sync.

Where the directory has a group for the account, the directory decides about its own people (sync/membership.py), and
nothing is given by hand. A mailbox of the directory has no members there, so those of its account are ours to give.
"""

from datetime import datetime

from ppe import audit
from ppe.accounts import Outdated
from ppe.db import database, execute
from ppe.errors import Refused
from ppe.mail_addresses import spelled
from ppe.models import FUNCTIONAL, Account, Address

_IS_OURS = """
    g.organization_id = ? AND g.id = ? AND g.type = ? AND g.removed_at IS NULL AND (g.directory_id IS NULL
        OR EXISTS (SELECT 1 FROM connection c CROSS JOIN directory_object o WHERE c.organization_id = g.organization_id
                   AND o.connection_id = c.id AND o.object_id = g.directory_id AND NOT o.is_group))
"""
_GIVE = f"""
    INSERT INTO membership (group_id, member_id) SELECT g.id, ? FROM account g WHERE {_IS_OURS} ON CONFLICT DO NOTHING
"""
_TAKE = f"""
    DELETE FROM membership WHERE member_id = ? AND group_id IN (SELECT g.id FROM account g WHERE {_IS_OURS})
"""


def are_ours(account: Account) -> bool:
    """Whether the members of this account are given by hand."""
    return execute(f"SELECT 1 FROM account g WHERE {_IS_OURS}", _ours(account)).fetchone() is not None


def give(account: Account, address: str, by: Account, now: datetime) -> str:
    """Put whoever has this address into a functional account.

    Returns:
        The name of who is in it now.

    Raises:
        Refused: nobody here has the address, it is the account itself or in it already, or the directory decides.
    """
    with database.atomic():
        member = _owner(account.organization_id, spelled(address))
        if member.id == account.id:
            raise Refused("It can't be a member of itself.", "address")
        if not execute(_GIVE, (member.id, *_ours(account))).rowcount:
            if are_ours(account):
                raise Refused(f"{member.display_name} is in it already.", "address")
            raise Outdated("The directory decides who is in it, or it was removed meanwhile.")
        _record(account, member, "member added", by, now)
    return str(member.display_name)


def take(account: Account, member_id: int, by: Account, now: datetime) -> None:
    """Take a member out of a functional account; one who is not in it stays out.

    Raises:
        Refused: the directory decides who is in it.
    """
    with database.atomic():
        if not are_ours(account):
            raise Outdated("The directory decides who is in it, or it was removed meanwhile.")
        if execute(_TAKE, (member_id, *_ours(account))).rowcount:
            _record(account, Account.get_by_id(member_id), "member removed", by, now)


def _ours(account: Account) -> tuple[object, ...]:
    return account.organization_id, account.id, FUNCTIONAL


def _owner(organization_id: int, address: str) -> Account:
    if not address:
        raise Refused("Write the address of whoever is to be in it.", "address")
    found: Account | None = (
        Account.select()
        .join(Address)
        .where(Account.organization == organization_id, Address.address == address)
        .first()
    )
    if found is None:
        raise Refused(f"Nobody here has the address {address}.", "address")
    return found


def _record(account: Account, member: Account, deed: str, by: Account, now: datetime) -> None:
    primaries = {
        row.account_id: row.address
        for row in Address.select().where(Address.account.in_([account.id, member.id]), Address.is_primary)
    }
    told = {"member": member.display_name, "address": primaries.get(member.id, "")}
    subject = audit.Of(primaries.get(account.id) or account.display_name, account.id)
    audit.record(account.organization_id, by.display_name, deed, subject, told, now=now)
