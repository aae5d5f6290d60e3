"""What a waiting list would do to one account or its groups, and what the last sync did: for its page."""

from dataclasses import dataclass

from ppe.models import (
    DONE,
    REVIEW,
    TICKABLE,
    Account,
    DirectoryMember,
    Membership,
    SyncChange,
    SyncChangeMember,
    SyncRun,
)
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


@dataclass(frozen=True, slots=True)
class OfGroup:
    """A waiting row of a group that an account would join by it, or leave."""

    change: SyncChange
    joins: bool


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


def of_groups(account: Account) -> list[OfGroup]:
    """The rows of groups that would take an account in or out, of the newest list that waits and names it, by name.

    Only the groups that it is in, here or in the directory, can have such a row: a few, of a list of any length.
    """
    if not account.directory_id:
        return []
    waiting = (SyncRun.organization == account.organization_id) & (SyncRun.state == REVIEW)
    for run in SyncRun.select().where(waiting, SyncRun.undoes.is_null()).order_by(SyncRun.id.desc()):
        there = DirectoryMember.select(DirectoryMember.group_id).where(
            DirectoryMember.connection == run.connection_id, DirectoryMember.member_id == account.directory_id
        )
        here = Account.select(Account.directory_id).join(Membership, on=Membership.group == Account.id)
        groups = there | here.where(Membership.member == account)
        rows = (
            SyncChangeMember.select(SyncChangeMember, SyncChange)
            .join(SyncChange)
            .where(
                SyncChange.run == run, SyncChange.section.in_(TICKABLE), SyncChange.object_id.in_(groups),
                SyncChangeMember.member_id == account.directory_id,
            )
            .order_by(SyncChange.sort_key, SyncChange.id)
        )  # fmt: skip
        if rows:
            return [OfGroup(row.change, row.joins) for row in rows]
    return []


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
