"""Whom somebody can ask, and who is told: the tech contact, or where there is none every administrator."""

from typing import Any

from ppe.models import ADMIN, Account, Address, Organization


def told(organization: Organization) -> list[tuple[str, str]]:
    """Name and primary address of the tech contact, if it is an active administrator; else of all of those."""
    the_contact = tech_contact(organization)
    return [the_contact] if the_contact else _named(_administrators_of(organization))


def tech_contact(organization: Organization) -> tuple[str, str] | None:
    """Name and primary address of the tech contact; None where it is nobody, or no active administrator any more."""
    found = _named(_administrators_of(organization) & (Account.id == (organization.tech_contact_id or 0)))
    return found[0] if found else None


def with_tech_contact() -> Any:
    """The ids of the organisations that have a tech contact, as a query."""
    is_it = (Account.id == Organization.tech_contact) & (Account.organization == Organization.id)
    return Organization.select(Organization.id).join(Account, on=is_it).join(Address).where(_is_administrator())


def to_ask(account: Account) -> list[tuple[str, str]]:
    """Whom somebody can ask who can't come in: never themselves."""
    own = primary_of(account.id)
    return [(name, address) for name, address in told(account.organization) if address != own]


def primary_of(account_id: int) -> str:
    """An account's primary address; empty where it has none."""
    primary = Address.get_or_none(Address.account == account_id, Address.is_primary)
    return str(primary.address) if primary else ""


def _administrators_of(organization: Organization) -> Any:
    return (Account.organization == organization.id) & _is_administrator()


def _is_administrator() -> Any:
    return (Account.type == ADMIN) & Account.active & Account.removed_at.is_null() & Address.is_primary


def _named(these: Any) -> list[tuple[str, str]]:
    rows = Address.select(Address, Account).join(Account).where(these).order_by(Account.id)
    return [(row.account.display_name, row.address) for row in rows]
