"""Whom somebody can ask, and who is told: the tech contact, or where there is none every administrator."""

from ppe.models import ADMIN, Account, Address, Organization


def told(organization: Organization) -> list[tuple[str, str]]:
    """Name and primary address of the tech contact, if it is an active administrator; else of all of those."""
    administrators = (
        (Account.organization == organization.id)
        & (Account.type == ADMIN)
        & Account.active
        & Account.removed_at.is_null()
        & Address.is_primary
    )
    the_contact = administrators & (Account.id == (organization.tech_contact_id or 0))
    for these in (the_contact, administrators):
        rows = Address.select(Address, Account).join(Account).where(these).order_by(Account.id)
        if found := [(row.account.display_name, row.address) for row in rows]:
            return found
    return []


def to_ask(account: Account) -> list[tuple[str, str]]:
    """Whom somebody can ask who can't come in: never themselves."""
    own = primary_of(account.id)
    return [(name, address) for name, address in told(account.organization) if address != own]


def primary_of(account_id: int) -> str:
    """An account's primary address; empty where it has none."""
    primary = Address.get_or_none(Address.account == account_id, Address.is_primary)
    return str(primary.address) if primary else ""
