"""Whom the exemptions on a page are about: where the account is, and which of several namesakes it is."""

from collections.abc import Sequence

from ppe.models import Account, Address, Exemption


def of(organization_id: int, rows: Sequence[Exemption]) -> dict[int, tuple[Account, str]]:
    """The account that each of these exemptions is about, if it is here, with its primary address or ""."""
    ours = (Account.organization == organization_id) & Account.removed_at.is_null()
    objects = [row.object_id for row in rows if row.object_id]
    linked = {
        account.directory_id: account for account in Account.select().where(ours, Account.directory_id.in_(objects))
    }
    having = Address.select(Address, Account).join(Account).where(ours)
    addresses = [row.address for row in rows if row.address and not row.object_id]
    at = {one.address: one.account for one in having.where(Address.address.in_(addresses))}
    found = {row.id: linked.get(row.object_id) or at.get(row.address or "") for row in rows}
    here = {row_id: account for row_id, account in found.items() if account is not None}
    named = having.where(Address.is_primary, Address.account.in_([account.id for account in here.values()]))
    primaries = {one.account_id: one.address for one in named}
    return {row_id: (account, primaries.get(account.id, "")) for row_id, account in here.items()}
