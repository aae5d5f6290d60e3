"""Whom the exemptions on a page are about: where the account is, and which of several namesakes it is."""

from collections.abc import Sequence

from ppe.models import Account, Address, Exemption


def of(organization_id: int, rows: Sequence[Exemption]) -> dict[int, tuple[Account, str]]:
    """The account that each of these exemptions is about, if it is here, with its primary address or ""."""
    ours = Account.select().where(Account.organization == organization_id, Account.removed_at.is_null())
    objects = [row.object_id for row in rows if row.object_id]
    linked = {account.directory_id: account for account in ours.where(Account.directory_id.in_(objects))}
    # Address by address and account by account: a join would begin with everybody.
    addresses = [row.address for row in rows if row.address and not row.object_id]
    holders = {one.address: one.account_id for one in Address.select().where(Address.address.in_(addresses))}
    holding = {account.id: account for account in ours.where(Account.id.in_(list(holders.values())))}
    found = {row.id: linked.get(row.object_id) or holding.get(holders.get(row.address or "", 0)) for row in rows}
    here = {row_id: account for row_id, account in found.items() if account is not None}
    numbers = [account.id for account in here.values()]
    primary = Address.select().where(Address.account.in_(numbers), Address.is_primary)
    primaries = {one.account_id: one.address for one in primary}
    return {row_id: (account, primaries.get(account.id, "")) for row_id, account in here.items()}
