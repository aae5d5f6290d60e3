"""What a list that waits for a review would do to one account, for the page of that account."""

from dataclasses import dataclass

from ppe.models import REVIEW, Account, SyncChange, SyncRun
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
    is_it = SyncChange.account == account.id
    if account.directory_id:
        is_it |= SyncChange.object_id == account.directory_id
    for run in SyncRun.select().where(waiting, SyncRun.undoes.is_null()).order_by(SyncRun.id.desc()):
        change = SyncChange.get_or_none(SyncChange.run == run, is_it)
        if change is not None:
            return Planned(
                change,
                TITLES[change.section],
                fields.differences(change.before, change.after),
                review.members(change, joins=True, limit=MEMBERS_SHOWN),
                review.members(change, joins=False, limit=MEMBERS_SHOWN),
            )
    return None
