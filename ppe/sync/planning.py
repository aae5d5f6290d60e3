"""The plan as rows: a page's worth behind each page, and what only the whole mirror can tell at the end."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from ppe.db import as_json, batches, execute, execute_many, marks
from ppe.models import Connection, Exemption, SyncRun
from ppe.sync import plan
from ppe.sync.change import (
    DELETING,
    NOT_IMPORTED,
    OFFER_FUNCTIONAL,
    OFFER_REGISTER,
    Change,
    Domains,
    Known,
    Nothing,
    Options,
    Question,
)
from ppe.sync.contest import belongs_to
from ppe.sync.entry import Entry
from ppe.sync.mirror import Stored
from ppe.sync.pairs import Pair, Pairs

BATCH = 500
_INSERT = f"""
    INSERT INTO sync_change (run_id, object_id, section, kind, name, address, before, after, reason, notes, ticked,
                             account_id, account_version, fingerprint, offer, moves_primary, outcome_reason,
                             sort_key, search_key)
    VALUES ({",".join("?" * 16)}, '', ?, ?)
"""

Exemptions = tuple[dict[str, str], dict[str, str]]


class Planner:
    """Plans for one run: its connection's options, as they stand now, and the exemptions in force today."""

    def __init__(self, run: SyncRun, connection: Connection, now: datetime) -> None:
        self.run = run
        self.options = options_of(connection)
        self.today = run.organization.today(now)
        self.pairs = Pairs(run.organization_id, connection.id)
        self.connection_id = connection.id

    def plan_page(self, page: Stored) -> None:
        """Plan what a page of the directory said; what this run met before replaces its row."""
        self._drop_rows(page.met)
        self._plan_pairs(self.pairs.of_page(page.entries), {})

    def plan_objects(self, object_ids: Iterable[str], withheld: Mapping[str, Mapping[str, str]] | None = None) -> None:
        """Plan these objects anew: their rows are replaced, or dropped where nothing is to do any more."""
        ids = list(dict.fromkeys(object_ids))
        self._drop_rows(ids)
        self._plan_pairs(self.pairs.among(ids), withheld or {})

    def plan_rest(self, after: int) -> int | None:
        """Plan the next batch of the whole mirror that no row is about; gives where to go on, or None at the end."""
        pairs, last = self.pairs.unplanned(self.run.id, after, BATCH)
        self._plan_pairs(pairs, {})
        return last

    def plan_gone(self, after: int) -> int | None:
        """Plan the removal of the next accounts whose object is gone; gives where to go on, or None at the end."""
        pairs = self.pairs.gone(self.run.id, after, BATCH)
        changes = [
            (entry.object_id, plan.remove(entry, account, "is gone from the directory", self.options))
            for entry, account in pairs
        ]
        self.store([(object_id, change) for object_id, change in changes if isinstance(change, Change)])
        return pairs[-1][1].id if pairs else None

    def list_exempt(self) -> None:
        """A row for everything that an exemption keeps the sync away from, changed or not."""
        by_id, by_address = self._exemptions()
        listed = self.pairs.objects(set(by_id), set(by_address))
        accounts = self.pairs.linked(set(by_id) | {entry.object_id for entry in listed}, set(by_address))
        entries = {entry.object_id: entry for entry in listed}
        for account in accounts.values():
            if account.directory_id and account.directory_id not in entries:
                entries[account.directory_id] = _entry_of(account)
        rows = []
        for object_id, entry in entries.items():
            found = accounts.get(object_id)
            reason = _exemption(entry, found, (by_id, by_address))
            if reason is not None:
                rows.append((object_id, plan.exempted(entry, found, reason)))
        self._drop_rows([object_id for object_id, _ in rows])
        self.store(rows)

    def drop_gone(self) -> None:
        """Forget what was planned for objects that left while the pull was under way."""
        execute(
            "DELETE FROM sync_change WHERE run_id = ? AND section <> ? AND object_id IN"
            " (SELECT object_id FROM directory_object WHERE connection_id = ? AND gone_at IS NOT NULL)",
            (self.run.id, DELETING, self.connection_id),
        )

    def functional_change(self, object_id: str) -> Change | None:
        """The change that imports a blocked mailbox as a functional account, without addresses that others have.

        One under Not imported says why it can't be; None where it is no such mailbox any more.
        """
        domains = self.domains()
        for entry, account in self.pairs.among([object_id]):
            question = Question(entry, account, withheld=self._withheld(entry))
            decided = plan.decide(question, self.options, domains)
            if isinstance(decided, Change) and decided.section == NOT_IMPORTED:
                is_offered = decided.offer == OFFER_FUNCTIONAL
                return plan.add_as_functional(question, domains) if is_offered else decided
        return None

    def _withheld(self, entry: Entry) -> dict[str, str]:
        """Of the addresses of an object without an account, those that somebody has now, each with the reason."""
        primary, aliases = entry.mailbox
        held = self.pairs.holders((primary, *aliases) if primary else ())
        return {
            address: belongs_to(address, None if holder.foreign else holder.display_name)
            for address, holder in held.items()
        }

    def exempt_among(self, things: Iterable[tuple[str, str, Known | None]]) -> bool:
        """Whether an exemption covers any of these: object id, primary address, account."""
        by_id, by_address = self._exemptions()
        return any(
            object_id in by_id or address in by_address or (account is not None and account.primary in by_address)
            for object_id, address, account in things
        )

    def unknown_domains(self) -> list[dict[str, Any]]:
        """Domains of the tenant that importable people use and that nobody registered here, with how many use them."""
        rows = execute(
            "SELECT offer, COUNT(*) FROM sync_change WHERE run_id = ? AND offer LIKE ? GROUP BY offer ORDER BY offer",
            (self.run.id, OFFER_REGISTER + "%"),
        ).fetchall()
        return [{"name": offer.removeprefix(OFFER_REGISTER), "people": count} for offer, count in rows]

    def _plan_pairs(self, pairs: Sequence[Pair], withheld: Mapping[str, Mapping[str, str]]) -> None:
        if not pairs:
            return
        domains, exemptions = self.domains(), self._exemptions()
        lonely = [entry for entry, account in pairs if account is None or account.removed]
        holders = self.pairs.holders(primary for entry in lonely if (primary := entry.mailbox[0]))
        rows: list[tuple[str, Change]] = []
        same: list[tuple[str, int, int]] = []
        for entry, account in pairs:
            reason = _exemption(entry, account, exemptions)
            if reason is not None:
                rows.append((entry.object_id, plan.exempted(entry, account, reason)))
                continue
            holder = holders.get(entry.mailbox[0] or "")
            question = Question(entry, account, holder, withheld.get(entry.object_id, {}))
            decided = plan.decide(question, self.options, domains)
            if isinstance(decided, Change):
                rows.append((entry.object_id, decided))
            elif decided is Nothing.SAME and account is not None:
                same.append((entry.fingerprint, account.id, account.version))
        execute_many("UPDATE account SET directory_fingerprint = ? WHERE id = ? AND version = ?", same)
        self.store(rows)

    def _drop_rows(self, object_ids: Iterable[str]) -> None:
        for some in batches(object_ids):
            execute(f"DELETE FROM sync_change WHERE run_id = ? AND object_id IN ({marks(some)})", (self.run.id, *some))

    def store(self, rows: Sequence[tuple[str, Change]]) -> None:
        """Keep rows, each with the id of its object."""
        execute_many(_INSERT, [_row(self.run.id, object_id, change) for object_id, change in rows])

    def domains(self) -> Domains:
        """The domains registered here now, and those that the tenant owned when the pull began."""
        names = execute("SELECT name FROM domain WHERE organization_id = ?", (self.run.organization_id,)).fetchall()
        return Domains(frozenset(name for (name,) in names), frozenset(self.run.cursor.get("domains", ())))

    def _exemptions(self) -> Exemptions:
        """The reasons of the exemptions in force, by object id and by address."""
        by_id: dict[str, str] = {}
        by_address: dict[str, str] = {}
        for exemption in Exemption.select().where(
            Exemption.organization == self.run.organization_id, Exemption.ended_at.is_null()
        ):
            if not exemption.is_in_force(self.today):
                continue
            if exemption.object_id:
                by_id[exemption.object_id] = exemption.reason
            if exemption.address:
                by_address[exemption.address] = exemption.reason
        return by_id, by_address


def options_of(connection: Connection) -> Options:
    """What the settings page says under What to Sync and How to Sync."""
    return Options(
        role=connection.default_user_role_name,
        users=connection.sync_active_users,
        distribution_groups=connection.sync_distribution_groups,
        security_groups=connection.sync_security_groups,
        add_users=connection.add_users,
        update_users=connection.update_users,
        remove_users=connection.remove_deleted_users,
        add_groups=connection.add_groups,
        update_groups=connection.update_groups,
        remove_groups=connection.remove_deleted_groups,
    )


def _exemption(entry: Entry, account: Known | None, exemptions: Exemptions) -> str | None:
    """The reason of the exemption that covers an object, by its id or by a primary address it has here or there."""
    by_id, by_address = exemptions
    if entry.object_id in by_id:
        return by_id[entry.object_id]
    for address in (entry.mailbox[0], account.primary if account else None):
        if address in by_address:
            return by_address[address]
    return None


def _entry_of(account: Known) -> Entry:
    """An entry for an account whose object the directory no longer has: only its name is shown."""
    return Entry(account.directory_id or "", None if account.is_person else "security", account.display_name)


def _row(run_id: int, object_id: str, change: Change) -> tuple[object, ...]:
    account = change.account
    words = [change.name, change.address, *change.after.get("aliases", ()), *change.before.get("aliases", ())]
    return (
        run_id, object_id, change.section, change.kind, change.name, change.address,
        as_json(change.before), as_json(change.after), change.reason, as_json(change.notes), change.ticked,
        account.id if account else None, account.version if account else None, change.fingerprint, change.offer,
        bool(change.before.get("primary") and "primary" in change.after),
        change.name.casefold(), " ".join(words).casefold(),
    )  # fmt: skip
