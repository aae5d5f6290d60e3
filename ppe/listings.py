"""What the lists show: one page of users, functional accounts, groups or exemptions, filtered."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from peewee import fn

from ppe import exemptions
from ppe.errors import NotFound
from ppe.models import Account, Address, Exemption, Membership

ROWS_PER_PAGE = 50
GROUPS_SHOWN = 200  # of one account, on its own page

ACTIVE, NOT_ACTIVE, REMOVED = STATES = ("active", "not_active", "removed")
DIRECTORY, BY_HAND = SOURCES = ("directory", "by_hand")


@dataclass(frozen=True, slots=True)
class Filter:
    """What somebody looks for. Empty means everybody; removed accounts show only when they are asked for."""

    text: str = ""
    role: str = ""
    state: str = ""
    source: str = ""


@dataclass(slots=True)
class Row:
    """One account with its addresses, those of a removed one included, and how many members it has."""

    account: Account
    primary: str = ""
    aliases: list[str] = field(default_factory=list)
    members: int = 0


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list."""

    rows: Sequence[Any]
    total: int
    number: int
    last: int


def accounts(organization_id: int, types: Sequence[str], wanted: Filter, page: int = 1) -> Page:
    """One page of the organisation's accounts of these types, by name."""
    query = Account.select(Account.id).where(Account.organization == organization_id, Account.type.in_(types))
    return _accounts_page(_narrowed(query, wanted), page)


def members(organization_id: int, group: Account, page: int = 1) -> Page:
    """One page of who is in a group or a functional account, by name."""
    query = (
        Account.select(Account.id)
        .join(Membership, on=Membership.member == Account.id)
        .where(Membership.group == group, Account.organization == organization_id)
    )
    return _accounts_page(query, page)


def groups_of(account: Account) -> tuple[list[Account], int]:
    """The first groups and functional accounts that an account is in, by name, and how many there are."""
    query = (
        Account.select()
        .join(Membership, on=Membership.group == Account.id)
        .where(Membership.member == account, Account.organization == account.organization_id)
    )
    return list(query.order_by(fn.LOWER(Account.display_name), Account.id).limit(GROUPS_SHOWN)), query.count()


def one(organization_id: int, types: Sequence[str], account_id: int) -> Row:
    """One account of these types, removed or not.

    Raises:
        NotFound: the organisation has no such account.
    """
    found = Account.get_or_none(
        Account.organization == organization_id, Account.type.in_(types), Account.id == account_id
    )
    if found is None:
        raise NotFound("There is no such account.")
    return _rows([found])[0]


def exempted(organization_id: int, today: date, text: str, page: int = 1, *, ended: bool = False) -> Page:
    """One page of the exemptions that hold today, or of those that have ended; the newest first."""
    query = exemptions.over(organization_id, today) if ended else exemptions.in_force(organization_id, today)
    for word in text.split():
        query = query.where(Exemption.name.contains(word) | Exemption.address.contains(word.casefold()))
    return _page(query.order_by(Exemption.created_at.desc(), Exemption.id.desc()), page)


def _accounts_page(query: Any, page: int) -> Page:
    """The ids are sorted and counted off first: whole accounts are read for the one page alone."""
    found = _page(query.order_by(fn.LOWER(Account.display_name), Account.id).tuples(), page)
    ids = [account_id for (account_id,) in found.rows]
    whole = {account.id: account for account in Account.select().where(Account.id.in_(ids))}
    return replace(found, rows=_rows(whole[account_id] for account_id in ids))


def _page(query: Any, page: int) -> Page:
    total = query.count()
    last = max(1, -(-total // ROWS_PER_PAGE))
    number = min(max(1, page), last)
    return Page(list(query.paginate(number, ROWS_PER_PAGE)), total, number, last)


def _narrowed(query: Any, wanted: Filter) -> Any:
    if wanted.role:
        query = query.where(Account.type == wanted.role)
    query = query.where(Account.removed_at.is_null(wanted.state != REMOVED))
    if wanted.state in (ACTIVE, NOT_ACTIVE):
        query = query.where(Account.active == (wanted.state == ACTIVE))
    if wanted.source in SOURCES:
        query = query.where(Account.directory_id.is_null(wanted.source == BY_HAND))
    for word in wanted.text.split():
        query = query.where(_has(word))
    return query


def _has(word: str) -> Any:
    """Whether a name or any address contains the word; SQLite itself ignores the case of plain letters alone."""
    addressed = Address.select(Address.account).where(Address.address.contains(word.casefold()))
    found = Account.id.in_(addressed) | Account.removed_addresses.cast("text").contains(word.casefold())
    for spelling in {word, word.casefold(), word.title(), word.upper()}:
        found |= Account.display_name.contains(spelling)
    return found


def _rows(found: Iterable[Account]) -> list[Row]:
    rows = {account.id: Row(account) for account in found}
    ids = list(rows)
    columns = (Address.account, Address.address, Address.is_primary)
    addresses: Any = Address.select(*columns).where(Address.account.in_(ids)).order_by(Address.address).tuples()
    for account_id, address, is_primary in addresses:
        if is_primary:
            rows[account_id].primary = address
        else:
            rows[account_id].aliases.append(address)
    for row in rows.values():
        if row.account.removed_addresses:
            row.primary, *row.aliases = row.account.removed_addresses
    for account_id, count in _member_counts(ids).items():
        rows[account_id].members = count
    return list(rows.values())


def _member_counts(group_ids: Sequence[int]) -> dict[int, int]:
    counted: Any = (
        Membership.select(Membership.group, fn.COUNT(Membership.member))
        .where(Membership.group.in_(group_ids))
        .group_by(Membership.group)
        .tuples()
    )
    return defaultdict(int, counted)
