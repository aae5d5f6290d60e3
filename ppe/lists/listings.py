"""What the lists show: one page of users, functional accounts, groups or exemptions, filtered, sorted and by key.

A page begins after an account, or ends before one, whose place in the order is looked up: no page costs more than the
first, and an address in the browser holds nobody's name.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from peewee import fn

from ppe import exemptions
from ppe.db import execute, marks
from ppe.errors import NotFound
from ppe.groups import group_kinds, nesting
from ppe.lists import search, walking
from ppe.lists.paging import FIRST, ROWS_PER_PAGE, Page, Position, cut
from ppe.lists.search import ADDRESS, MANY, NAME, NEWEST, REMOVED, Filter, Query, Source
from ppe.mail_addresses import spelled
from ppe.models import ACCOUNT_TYPES, FUNCTIONAL, GROUP, PERSON_TYPES, Account, Exemption, Membership, folded
from ppe.sql_parts import END, every

GROUPS_SHOWN = 200  # of one account, on its own page
MEMBERS_COUNTED = 1_000


@dataclass(slots=True)
class Row:
    """One account with its addresses, those of a removed one included, and how many members it has.

    `path` are the groups through which it is in the one whose members are listed, `kind` what kind of group it is.
    """

    account: Account
    primary: str = ""
    aliases: list[str] = field(default_factory=list)
    members: int = 0
    path: tuple[str, ...] = ()
    kind: str = ""

    @property
    def has_more_members(self) -> bool:
        """Whether counting them stopped there."""
        return self.members >= MEMBERS_COUNTED


def accounts(
    organization_id: int, types: Sequence[str], wanted: Filter, today: date, position: Position = FIRST
) -> Page:
    """One page of the organisation's accounts of these types."""
    sort = NAME if wanted.state == REMOVED and wanted.sort == ADDRESS else wanted.sort  # its addresses are others' now
    return _accounts_page(search.query(organization_id, types, wanted, today), sort, position)


def members(organization_id: int, group: Account, position: Position = FIRST) -> Page:
    """One page of who is in a group or a functional account, by name."""
    return _accounts_page(search.members(organization_id, ACCOUNT_TYPES, group.id), NAME, position)


def everyone_in(
    organization_id: int, group: Account, inside: Mapping[int, tuple[str, ...]], position: Position = FIRST
) -> Page:
    """One page of who is in a group, directly or through groups inside it (groups/nesting.py); each once, by name."""
    asked = search.members_of_all(organization_id, (*PERSON_TYPES, FUNCTIONAL), [group.id, *inside])
    page = _accounts_page(asked, NAME, position)
    paths = nesting.paths([row.account.id for row in page.rows], group, inside)
    return replace(page, rows=[replace(row, path=paths.get(row.account.id, ())) for row in page.rows])


def groups_of(account: Account) -> tuple[list[Account], int]:
    """The first groups and functional accounts that an account is in, by name, and how many there are."""
    query = (
        Account.select()
        .join(Membership, on=Membership.group == Account.id)
        .where(Membership.member == account, Account.organization == account.organization_id)
    )
    return list(query.order_by(Account.name_key, Account.id).limit(GROUPS_SHOWN)), query.count()


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


def exempted(organization_id: int, today: date, text: str, position: Position = FIRST, *, ended: bool = False) -> Page:
    """One page of the exemptions that hold today, or of those that have ended; the newest first."""
    query = exemptions.over(organization_id, today) if ended else exemptions.in_force(organization_id, today)
    if line := " ".join(text.split()):
        beginning, address = folded(line), spelled(line)
        query = query.where(
            ((Exemption.name_key >= beginning) & (Exemption.name_key < beginning + END))
            | (fn.SUBSTR(Exemption.address, 1, len(address)) == address)
        )
    total = query.limit(MANY + 1).count()
    backwards = bool(position.before)
    if position.after:
        query = query.where(Exemption.id < position.after)
    if position.before:
        query = query.where(Exemption.id > position.before)
    order = Exemption.id if backwards else Exemption.id.desc()
    rows = list(query.order_by(order).limit(ROWS_PER_PAGE + 1))
    return cut([(row.id, row) for row in rows], position, min(total, MANY), is_more=total > MANY)


def _accounts_page(asked: Query, sort: str, position: Position) -> Page:
    if not asked.types:
        return Page([], 0)
    source = search.small_source(asked, walks_anyway=sort == NAME and not asked.text)
    page = walking.walked(asked, sort, position) if source is None else _of_few(asked, source, sort, position)
    whole = {account.id: account for account in Account.select().where(Account.id.in_(list(page.rows)))}
    rows = _rows(whole[account_id] for account_id in page.rows if account_id in whole)
    return replace(page, rows=rows)


_KEYS = {NAME: "a.name_key", ADDRESS: f"COALESCE(p.address, '{END}' || a.name_key)", NEWEST: "''"}
_WITH_ADDRESS = " LEFT JOIN address p ON p.account_id = a.id AND p.is_primary"


def _of_few(asked: Query, source: Source, sort: str, position: Position) -> Page:
    """Everything found is at hand: sorted, counted and cut here."""
    holds = every(*source.conditions)
    rows = execute(
        f"SELECT DISTINCT {_KEYS[sort]}, a.id FROM ({source.ids.sql}) m CROSS JOIN account a"
        f"{_WITH_ADDRESS if sort == ADDRESS else ''} WHERE a.id = m.id AND +a.organization_id = ?"
        f" AND a.type || '' IN ({marks(asked.types)}) AND {holds.sql}",
        (*source.ids.parameters, asked.organization_id, *asked.types, *holds.parameters),
    ).fetchall()
    found = sorted(map(tuple, rows), reverse=sort == NEWEST)
    places = {number: place for place, (_, number) in enumerate(found)}
    begin = 0
    if position.after in places:
        begin = places[position.after] + 1
    elif position.before in places:
        begin = max(0, places[position.before] - ROWS_PER_PAGE)
    ids = [number for _, number in found[begin : begin + ROWS_PER_PAGE]]
    return Page(
        ids,
        len(found),
        previous=ids[0] if ids and begin else None,
        next=ids[-1] if begin + ROWS_PER_PAGE < len(found) else None,
    )


def _rows(found: Iterable[Account]) -> list[Row]:
    rows = {account.id: Row(account) for account in found}
    ids = list(rows)
    addresses = execute(
        f"SELECT account_id, address, is_primary FROM address WHERE account_id IN ({marks(ids or [0])})"
        " ORDER BY address",
        ids or [0],
    )
    for account_id, address, is_primary in addresses.fetchall():
        if is_primary:
            rows[account_id].primary = address
        else:
            rows[account_id].aliases.append(address)
    for row in rows.values():
        if row.account.removed_addresses:
            row.primary, *row.aliases = row.account.removed_addresses
    groups = [number for number in ids if rows[number].account.type in (FUNCTIONAL, GROUP)]
    for account_id, count in _member_counts(groups).items():
        rows[account_id].members = count
    for account_id, kind in group_kinds.of(groups).items():
        rows[account_id].kind = kind
    return list(rows.values())


def _member_counts(group_ids: Sequence[int]) -> dict[int, int]:
    """As far as MEMBERS_COUNTED: a page of groups that everybody is in would count for long."""
    if not group_ids:
        return {}
    some = f"SELECT group_id FROM membership WHERE group_id = ? LIMIT {MEMBERS_COUNTED}"
    each = " UNION ALL ".join(f"SELECT * FROM ({some}) t{number}" for number in range(len(group_ids)))
    return dict(execute(f"SELECT group_id, COUNT(*) FROM ({each}) m GROUP BY group_id", group_ids).fetchall())
