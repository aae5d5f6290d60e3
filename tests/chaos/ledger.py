"""What has to be true when it is over: in step with the directory, each change once, no mail lost."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from ppe.models import Account, Address, AuditEvent, Mail, Membership, SyncChange, SyncRun
from ppe.sync import daily
from tests.chaos.directory import Directory
from tests.chaos.house import House

Words = tuple[str, str | None, frozenset[str], str, bool]  # name, primary address, aliases, mobile, active

_DONE = SyncChange.outcome == "done"


def check(house: House, directory: Directory, summaries: int) -> list[str]:
    """Every promise that was broken, in a sentence each."""
    return [
        *_in_step(directory),
        *_members_in_step(directory),
        *_each_change_once(),
        *_each_run_once(),
        *_told(summaries),
        *_delivered(house),
    ]


def _in_step(directory: Directory) -> Iterable[str]:
    """The accounts are those of the directory, word for word."""
    expected: dict[str, Words] = {
        one.id: (one.name, one.primary, frozenset(one.aliases), one.mobile, one.enabled)
        for one in directory.people.values()
        if one.here
    } | {
        group.id: (group.name, group.address, frozenset(), "", True)
        for group in directory.groups.values()
        if group.here
    }
    aliases: dict[int, set[str]] = {}
    primaries: dict[int, str] = {}
    for account_id, address, is_primary in _rows(Address.select(Address.account, Address.address, Address.is_primary)):
        if is_primary:
            primaries[account_id] = address
        else:
            aliases.setdefault(account_id, set()).add(address)
    found: dict[str, Words] = {
        str(one.directory_id): (
            one.display_name, primaries.get(one.id), frozenset(aliases.get(one.id, ())), one.mobile, one.active,
        )
        for one in Account.select().where(Account.directory_id.is_null(False), Account.removed_at.is_null())
    }  # fmt: skip
    for object_id in expected.keys() | found.keys():
        if expected.get(object_id) != found.get(object_id):
            yield f"{object_id}: the directory has {expected.get(object_id)}, we have {found.get(object_id)}"


def _members_in_step(directory: Directory) -> Iterable[str]:
    objects = dict(_rows(Account.select(Account.id, Account.directory_id).where(Account.removed_at.is_null())))
    found: dict[str, set[str]] = {}
    for group_id, member_id in _rows(Membership.select(Membership.group, Membership.member)):
        found.setdefault(objects[group_id], set()).add(objects[member_id])
    for group in directory.groups.values():
        if group.here and group.members != found.get(group.id, set()):
            yield f"{group.name} has other members: {group.members ^ found.get(group.id, set())}"


def _each_change_once() -> Iterable[str]:
    """An account's version counts what was done to it; and no new name or number was given twice."""
    done = Counter(account_id for (account_id,) in _rows(SyncChange.select(SyncChange.account).where(_DONE)))
    for account in Account.select().where(Account.directory_id.is_null(False)):
        if account.version != done[account.id]:
            yield f"{account.display_name}: {done[account.id]} changes are noted, {account.version} were carried out"
    given: Counter[tuple[str, str, str]] = Counter()
    changed = SyncChange.select(SyncChange.object_id, SyncChange.after).where(
        _DONE, SyncChange.section.in_(("updating", "disabling"))
    )
    for object_id, after in _rows(changed):
        given.update((object_id, name, after[name]) for name in ("display_name", "mobile") if after.get(name))
    yield from (f"{what} was applied {times} times" for what, times in given.items() if times > 1)


def _each_run_once() -> Iterable[str]:
    """A run says once that it began and once that it was applied, and a list of held rows is made once."""
    said = Counter((event.action, event.subject) for event in AuditEvent.select())
    for run in SyncRun.select():
        began, applied = said["sync started", f"run {run.id}"], said["sync applied", f"run {run.id}"]
        if began != (run.held_from_id is None) or applied != (run.state == "done"):
            yield f"run {run.id} ({run.state}) says {began} times that it began, {applied} times that it was applied"
        if run.state == "done" and (run.applied != run.to_apply or _unfinished(run)):
            yield f"run {run.id} carried out {run.applied} of {run.to_apply}; {_unfinished(run)} have no outcome"
    lists = Counter(run.held_from_id for run in SyncRun.select().where(SyncRun.held_from.is_null(False)))
    yield from (f"run {run_id} made {times} lists" for run_id, times in lists.items() if times > 1)


def _unfinished(run: SyncRun) -> int:
    open_rows = SyncChange.select().where(SyncChange.run == run, SyncChange.ticked, SyncChange.outcome.is_null())
    return int(open_rows.count())


def _told(summaries: int) -> Iterable[str]:
    """Exactly the mails that these runs call for were asked for: none is missing, none is there twice."""
    asked = Counter(mail.kind for mail in Mail.select())
    failing = holding = False
    expected: Counter[str] = Counter({daily.KIND: summaries})
    began_failing = []
    ended = SyncRun.select().where(SyncRun.state.in_(("done", "failed")))
    for run in sorted(ended, key=lambda run: run.accepted_at or run.finished_at):
        if run.scheduled and run.state == "failed":
            began_failing += [] if failing else [run.id]
            failing = True
        elif run.scheduled:
            expected["sync_recovered"] += failing
            expected["sync_held"] += bool(run.held) and not holding
            failing, holding = False, bool(run.held)
        elif run.state == "done":
            holding = False
    for kind, times in expected.items():
        if asked[kind] != times:
            yield f"{times} mails {kind} were called for, {asked[kind]} were asked for"
    about = {mail.details.get("run") for mail in Mail.select().where(Mail.kind.in_(("sync_failed", "secret_refused")))}
    yield from (f"nobody was told of the failure of run {run_id}" for run_id in began_failing if run_id not in about)


def _delivered(house: House) -> Iterable[str]:
    """Whatever was asked for arrived; what arrived twice did so under the same Message-ID."""
    arrived = Counter(mail.message_id.strip("<>").partition("@")[0] for mail in house.mails)
    asked = {mail.message_id: mail for mail in Mail.select()}
    yield from (f"a mail {mail.kind} never arrived: {mail.error}" for key, mail in asked.items() if not arrived[key])
    yield from (f"a mail arrived that nobody asked for: {key}" for key in arrived.keys() - asked.keys())


def _rows(query: Any) -> list[Any]:
    return list(query.tuples())
