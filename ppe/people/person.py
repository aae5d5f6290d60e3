"""What the page of a person shows besides the account: the directory's words beside ours, and what happened to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ppe import domains
from ppe.db import execute
from ppe.models import (
    CHANGED,
    Account,
    AuditEvent,
    Connection,
    CsvImport,
    CsvRow,
    MassUpdate,
    MassUpdateRow,
    SyncChange,
    SyncRun,
)
from ppe.sync import fields, shared_mailbox
from ppe.sync.entry import Entry, domain_of
from ppe.sync.mirror import COLUMNS, entry_from

SHOWN = 20


@dataclass(frozen=True, slots=True)
class Compared:
    """One field: what the directory says, and what we have; and why it stays so, where no sync will make them agree."""

    label: str
    theirs: str
    ours: str
    note: str = ""

    @property
    def differs(self) -> bool:
        """Whether they say different things."""
        return self.theirs != self.ours


def compared(account: Account, primary: str, aliases: Sequence[str]) -> list[Compared] | None:
    """The directory's words beside ours, field by field; None where the directory says nothing of this account."""
    entry = _entry_of(account)
    if entry is None:
        return None
    their_primary, their_aliases = entry.mailbox
    names = ("display_name", "first_name", "last_name", "mobile")
    theirs: dict[str, Any] = {name: getattr(entry, name) for name in names}
    theirs |= {"primary": their_primary or "", "aliases": sorted(their_aliases), "active": entry.enabled}
    ours: dict[str, Any] = {name: getattr(account, name) for name in names}
    ours |= {"primary": primary, "aliases": sorted(aliases), "active": account.active}
    notes = {fields.LABELS["aliases"]: _left_out(account, set(their_aliases) - set(aliases))}
    different = fields.differences(ours, theirs)
    return [Compared(label, after, before, notes.get(label, "")) for label, before, after in different]


def _left_out(account: Account, missing: set[str]) -> str:
    """Which addresses a sync leaves out, because their domains are not registered here."""
    registered = {domain.name for domain in domains.registered(account.organization_id)}
    left = sorted(address for address in missing if domain_of(address) not in registered)
    if not left:
        return ""
    names = sorted({domain_of(address) for address in left})
    return f"Left out by every sync: {', '.join(left)}. Not registered here: {', '.join(names)}."


def suggestion(account: Account) -> str:
    """That the directory shows the marks of a shared mailbox, or knows it to be one; empty where it does not.

    Whom a sync has deactivated long ago has no row in a review any more, so their page is where it can be said.
    """
    entry = _entry_of(account)
    return shared_mailbox.suggestion(entry) if entry else ""


def _entry_of(account: Account) -> Entry | None:
    """What the directory says of this account, None where it says nothing."""
    connection = Connection.get_or_none(Connection.organization == account.organization_id)
    if connection is None or not account.directory_id:
        return None
    row = execute(
        f"SELECT {COLUMNS} FROM directory_object WHERE connection_id = ? AND object_id = ? AND gone_at IS NULL",
        (connection.id, account.directory_id),
    ).fetchone()
    return entry_from(row) if row else None


def sync_changes(account: Account) -> list[SyncChange]:
    """What syncs did to this account or would have done, the newest first."""
    query = SyncChange.select(SyncChange, SyncRun).join(SyncRun)
    mine = query.where(SyncChange.account == account.id, SyncRun.organization == account.organization_id)
    return list(mine.order_by(SyncChange.id.desc()).limit(SHOWN))


def csv_line(account: Account) -> CsvRow | None:
    """The line of a CSV file that the account was made of."""
    query = CsvRow.select(CsvRow, CsvImport).join(CsvImport)
    mine = query.where(CsvRow.account == account.id, CsvImport.organization == account.organization_id)
    found: CsvRow | None = mine.first()
    return found


def mass_updates(account: Account) -> list[MassUpdateRow]:
    """What mass updates changed on this account, the newest first."""
    query = MassUpdateRow.select(MassUpdateRow, MassUpdate).join(MassUpdate)
    mine = query.where(
        MassUpdateRow.account == account.id, MassUpdateRow.standing == CHANGED,
        MassUpdate.organization == account.organization_id,
    )  # fmt: skip
    return list(mine.order_by(MassUpdateRow.mass_update.desc()).limit(SHOWN))


def events(account: Account) -> list[AuditEvent]:
    """What the audit log says about this account, the newest first.

    Nothing from before it was made: SQLite gives the number of an account that was forgotten to another.
    """
    about = (AuditEvent.organization == account.organization_id) & (AuditEvent.subject_account == account.id)
    since = AuditEvent.at >= account.created_at
    return list(
        AuditEvent.select().where(about, since).order_by(AuditEvent.at.desc(), AuditEvent.id.desc()).limit(SHOWN)
    )
