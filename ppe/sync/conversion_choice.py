"""Chosen in the review: these people are to be functional accounts. It becomes true with the rest of the list."""

from collections.abc import Sequence
from datetime import datetime

from ppe import audit
from ppe.db import database
from ppe.errors import Refused
from ppe.models import NOT_IMPORTED, TICKABLE, Account, Connection, SyncChange, SyncRun
from ppe.sync.acceptance import keep_open
from ppe.sync.as_functional import as_functional, obstacle
from ppe.sync.change import OFFER_FUNCTIONAL, Change, Known
from ppe.sync.planning import Planner

YOURSELF = "You can't convert yourself. Another administrator can."


def choose(run: SyncRun, change_ids: Sequence[int], by: Account, now: datetime) -> tuple[int, dict[str, str]]:
    """Turn rows into those of functional accounts.

    Returns:
        How many were turned, and the names of those that can't be, each with the reason.

    Raises:
        Refused: the list is not complete yet, or not open any more, or it undoes a sync.
    """
    if run.undoes_id is not None:
        raise Refused("Nobody is converted by an undo. Convert them on their own pages.")
    planner = Planner(run, Connection.get_by_id(run.connection_id), now)
    with database.atomic():
        keep_open(run)
        rows = list(SyncChange.select().where(SyncChange.run == run, SyncChange.id.in_(list(change_ids))))
        known = planner.pairs.accounts(row.account_id for row in rows if row.account_id is not None)
        left_out = {}
        for row in rows:
            if why := YOURSELF if row.account_id == by.id else _convert(row, known.get(row.account_id), planner):
                left_out[row.name] = why
            else:
                deed = "conversion to functional account chosen"
                subject = audit.Of(row.address or row.name, row.account_id or 0)
                audit.record(run.organization_id, by.display_name, deed, subject, now=now)
    return len(rows) - len(left_out), left_out


def _convert(row: SyncChange, account: Known | None, planner: Planner) -> str:
    """Why not; empty where it is done."""
    if row.section == NOT_IMPORTED and row.offer == OFFER_FUNCTIONAL:
        decided = planner.functional_change(row.object_id)
        if decided is None or decided.section == NOT_IMPORTED:
            return decided.reason if decided else "It is no blocked mailbox any more: run the sync again."
        SyncChange.delete().where(SyncChange.id == row.id).execute()
        planner.store([(row.object_id, decided)])
        return ""
    change = Change(
        row.section, row.kind, row.name, row.address, row.before, row.after, row.reason, tuple(row.notes), row.ticked,
        account, row.fingerprint, row.offer,
    )  # fmt: skip
    why = obstacle(change, is_linked=row.link is not None) if row.section in TICKABLE else "It is not to be changed."
    if not why:
        _rewrite(row, as_functional(change))
    return why


def _rewrite(row: SyncChange, change: Change) -> None:
    names = ("section", "kind", "before", "after", "reason", "ticked", "fingerprint", "offer")
    for name in names:
        setattr(row, name, getattr(change, name))
    row.save(only=[getattr(SyncChange, name) for name in names])
