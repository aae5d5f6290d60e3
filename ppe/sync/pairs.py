"""Which objects of the mirror differ from which accounts: the joins that leave only little to decide."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ppe.db import batches, execute, marks
from ppe.sync.change import ADMIN, Known
from ppe.sync.entry import Entry
from ppe.sync.mirror import COLUMNS, entry_from

Pair = tuple[Entry, Known | None]

_OBJECT = ", ".join(f"o.{name.strip()}" for name in COLUMNS.split(","))
_WIDTH = len(COLUMNS.split(","))
_ACCOUNT = (
    "a.id, a.version, a.type, a.display_name, a.first_name, a.last_name, a.mobile, a.active, a.deactivated_by,"
    " a.converted_at IS NOT NULL, a.directory_id, a.directory_tenant, a.directory_fingerprint"
)
_DIFFERS = (
    "o.gone_at IS NULL AND (a.id IS NULL OR a.removed_at IS NOT NULL OR a.directory_fingerprint IS NULL"
    " OR a.directory_fingerprint <> o.fingerprint)"
)
_FROM = f"""
    FROM directory_object o LEFT JOIN account a ON a.organization_id = ? AND a.directory_id = o.object_id
    WHERE o.connection_id = ? AND {_DIFFERS}
"""
_PAIRS = f"SELECT {_OBJECT}, {_ACCOUNT}, a.removed_at IS NOT NULL {_FROM}"
_LINKED = f"""
    SELECT {_ACCOUNT}, a.removed_at IS NOT NULL,
        EXISTS (SELECT 1 FROM directory_object o
                WHERE o.connection_id = ? AND o.object_id = a.directory_id AND o.gone_at IS NOT NULL),
        a.organization_id
    FROM account a
"""


class Pairs:
    """Reads pairs and accounts of one organisation and its connection."""

    def __init__(self, organization_id: int, connection_id: int) -> None:
        self.organization_id = organization_id
        self.connection_id = connection_id

    def among(self, object_ids: Iterable[str]) -> list[Pair]:
        """Of these objects, those in the directory whose account is missing or was last told something else."""
        rows: list[Sequence[Any]] = []
        for some in batches(object_ids):
            statement = f"{_PAIRS} AND o.object_id IN ({marks(some)})"
            rows += execute(statement, (self.organization_id, self.connection_id, *some)).fetchall()
        return self._pairs(rows)

    def of_page(self, entries: Mapping[str, Entry]) -> list[Pair]:
        """The same for entries at hand, which need not be read again."""
        rows: list[Sequence[Any]] = []
        for some in batches(entries):
            statement = (
                f"SELECT o.object_id, {_ACCOUNT}, a.removed_at IS NOT NULL {_FROM} AND o.object_id IN ({marks(some)})"
            )
            rows += execute(statement, (self.organization_id, self.connection_id, *some)).fetchall()
        known = [_known(row[1:]) if row[1] is not None else None for row in rows]
        complete = self._completed([account for account in known if account])
        return [
            (entries[row[0]], complete[account.id] if account else None)
            for row, account in zip(rows, known, strict=True)
        ]

    def unplanned(self, run_id: int, after: int, limit: int) -> tuple[list[Pair], int | None]:
        """The next such objects of the whole mirror without a row in this run, and where to go on after them."""
        ids = execute(
            f"SELECT o.id {_FROM} AND o.id > ? AND NOT EXISTS"
            " (SELECT 1 FROM sync_change c WHERE c.run_id = ? AND c.object_id = o.object_id)"
            " ORDER BY o.id LIMIT ?",
            (self.organization_id, self.connection_id, after, run_id, limit),
        ).fetchall()
        if not ids:
            return [], None
        statement = (
            f"{_PAIRS.replace('o.connection_id', '+o.connection_id')} AND o.id IN ({marks(ids)})"  # by id, please
        )
        asked = (self.organization_id, self.connection_id, *(number for (number,) in ids))
        return self._pairs(execute(statement, asked).fetchall()), ids[-1][0] if len(ids) == limit else None

    def gone(self, run_id: int, after: int, limit: int) -> list[tuple[Entry, Known]]:
        """The next accounts, by id, whose object is gone and which no row of this run is about."""
        statement = f"""
            SELECT {_OBJECT}, {_ACCOUNT}, a.removed_at IS NOT NULL FROM directory_object o CROSS JOIN account a
            WHERE o.connection_id = ? AND o.gone_at IS NOT NULL AND a.directory_id = o.object_id
              AND a.organization_id = ? AND a.removed_at IS NULL AND a.id > ?
              AND NOT EXISTS (SELECT 1 FROM sync_change c WHERE c.run_id = ? AND c.account_id = a.id)
            ORDER BY a.id LIMIT ?"""
        rows = execute(statement, (self.connection_id, self.organization_id, after, run_id, limit)).fetchall()
        return [(entry, account) for entry, account in self._pairs(rows) if account is not None]

    def objects(self, object_ids: Iterable[str], addresses: Iterable[str]) -> list[Entry]:
        """The objects in the directory that have one of these ids, or one of these primary addresses."""
        rows: list[Sequence[Any]] = []
        for column, values in (("object_id", object_ids), ("primary_address", addresses)):
            for some in batches(values):
                statement = f"SELECT {COLUMNS} FROM directory_object WHERE connection_id = ? AND gone_at IS NULL"
                rows += execute(f"{statement} AND {column} IN ({marks(some)})", (self.connection_id, *some)).fetchall()
        return [entry_from(row) for row in rows]

    def linked(self, object_ids: Iterable[str], addresses: Iterable[str]) -> dict[str, Known]:
        """The synced accounts that are linked to one of these objects or have one of these addresses, by object id."""
        ids = [account.id for account in self.holders(addresses).values() if not account.foreign]
        for some in batches(object_ids):
            rows = execute(
                f"SELECT id FROM account WHERE organization_id = ? AND directory_id IN ({marks(some)})",
                (self.organization_id, *some),
            )
            ids += [account_id for (account_id,) in rows.fetchall()]
        return {known.directory_id: known for known in self.accounts(ids).values() if known.directory_id}

    def holders(self, addresses: Iterable[str]) -> dict[str, Known]:
        """Which account has which of these addresses, in whatever organisation."""
        held: dict[str, int] = {}
        for some in batches(addresses):
            rows = execute(f"SELECT address, account_id FROM address WHERE address IN ({marks(some)})", some)
            held.update(rows.fetchall())
        accounts = self.accounts(held.values())
        return {address: accounts[account_id] for address, account_id in held.items()}

    def accounts(self, account_ids: Iterable[int]) -> dict[int, Known]:
        """Accounts by their ids."""
        found: list[Known] = []
        for some in batches(dict.fromkeys(account_ids)):
            rows = execute(f"{_LINKED} WHERE a.id IN ({marks(some)})", (self.connection_id, *some)).fetchall()
            found += self._accounts(rows)
        return {account.id: account for account in found}

    def _pairs(self, rows: Sequence[Sequence[Any]]) -> list[Pair]:
        known = [_known(row[_WIDTH:]) if row[_WIDTH] is not None else None for row in rows]
        complete = self._completed([account for account in known if account])
        return [
            (entry_from(row), complete[account.id] if account else None)
            for row, account in zip(rows, known, strict=True)
        ]

    def _accounts(self, rows: Sequence[Sequence[Any]]) -> list[Known]:
        known = [
            replace(_known(row), object_gone=bool(row[14]), foreign=row[15] != self.organization_id) for row in rows
        ]
        complete = self._completed(known)
        return [complete[account.id] for account in known]

    def _completed(self, known: Sequence[Known]) -> dict[int, Known]:
        """The accounts with their addresses, the last active administrator marked."""
        addresses = _addresses_of([account.id for account in known])
        last_admin = self._last_admin() if any(account.type == ADMIN for account in known) else None
        return {
            account.id: replace(
                account,
                primary=addresses.get(account.id, (None, ()))[0],
                aliases=addresses.get(account.id, (None, ()))[1],
                last_admin=account.id == last_admin,
            )
            for account in known
        }

    def _last_admin(self) -> int | None:
        rows = execute(
            "SELECT id FROM account WHERE organization_id = ? AND type = ? AND active AND NOT read_only"
            " AND removed_at IS NULL LIMIT 2",
            (self.organization_id, ADMIN),
        ).fetchall()
        return int(rows[0][0]) if len(rows) == 1 else None


def _known(row: Sequence[Any]) -> Known:
    account_id, version, kind, name, first, last, mobile, active, by, converted, linked, tenant, fingerprint = row[:13]
    return Known(
        account_id, version, kind, name, first, last, mobile, bool(active), by, bool(converted), linked, tenant,
        fingerprint, removed=bool(row[13]),
    )  # fmt: skip


def _addresses_of(account_ids: Sequence[int]) -> Mapping[int, tuple[str | None, tuple[str, ...]]]:
    """The primary address and the sorted aliases of each account."""
    found: dict[int, tuple[str | None, tuple[str, ...]]] = {}
    for some in batches(account_ids):
        rows = execute(
            f"SELECT account_id, address, is_primary FROM address WHERE account_id IN ({marks(some)}) ORDER BY address",
            some,
        )
        for account_id, address, is_primary in rows.fetchall():
            primary, aliases = found.get(account_id, (None, ()))
            found[account_id] = (address, aliases) if is_primary else (primary, (*aliases, address))
    return found
