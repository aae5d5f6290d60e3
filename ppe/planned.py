"""What a list that waits for a review would do to one account, and what the last sync did: for the account's page."""

from dataclasses import dataclass

from ppe.models import DONE, REVIEW, Account, SyncChange, SyncRun
from ppe.sync import fields, review
from ppe.sync.report import TITLES

MEMBERS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Planned:
    """A row of a waiting list in words: `differences` are label, before, after; members come with their count."""

    change: SyncChange
    section: str
    differences: list[tuple[str, str, str]]
    joining: tuple[list[str], int]
    leaving: tuple[list[str], int]


def for_account(account: Account) -> Planned | None:
    """The row about this account in the newest list that waits; None where none waits, or none says anything of it."""
    waiting = (SyncRun.organization == account.organization_id) & (SyncRun.state == REVIEW)
    for run in SyncRun.select().where(waiting, SyncRun.undoes.is_null()).order_by(SyncRun.id.desc()):
        change = _row_about(account, run)
        if change is not None:
            return Planned(
                change,
                TITLES[change.section],
                fields.differences(change.before, change.after),
                review.members(change, joins=True, limit=MEMBERS_SHOWN),
                review.members(change, joins=False, limit=MEMBERS_SHOWN),
            )
    return None


def last_finished(account: Account) -> tuple[SyncRun, SyncChange | None] | None:
    """The organisation's last sync that was carried out, and its row about this account if it had one."""
    of_us = (SyncRun.organization == account.organization_id) & (SyncRun.state == DONE) & SyncRun.undoes.is_null()
    run = SyncRun.select().where(of_us).order_by(SyncRun.created_at.desc(), SyncRun.id.desc()).first()
    return (run, _row_about(account, run)) if run else None


def _row_about(account: Account, run: SyncRun) -> SyncChange | None:
    is_it = SyncChange.account == account.id
    if account.directory_id:
        is_it |= SyncChange.object_id == account.directory_id
    found: SyncChange | None = SyncChange.get_or_none(SyncChange.run == run, is_it)
    return found
