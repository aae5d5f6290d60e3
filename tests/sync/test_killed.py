"""Killed at any moment, a run goes on where it was: no change is applied twice, and none is lost."""

import signal
import subprocess
import sys

import pytest
from flask import current_app

from ppe.clock import utcnow
from ppe.models import Account, Address, AuditEvent, Exemption, SyncChange, SyncRun
from ppe.sync import review, unattended, undoing
from tests.databases import on_both_databases
from tests.sync.desk import Desk, say_yes
from tests.sync.night import Night, waiting_review
from tests.sync.test_undoing import standing

pytestmark = [pytest.mark.slow, on_both_databases]


def kill_until_it_gets_through(desk: Desk, of: SyncRun, step: int) -> int:
    """Kill worker after worker, each a little later; how many died."""
    command = [sys.executable, "-m", "tests.sync.mortal_worker", *surroundings(), str(of.id), str(step)]
    ended = subprocess.run(command, timeout=60, check=True, stdout=subprocess.PIPE, text=True)
    return int(ended.stdout.splitlines()[-1])


def kill_in_write(of: SyncRun, number: int) -> None:
    """Let one worker begin, and kill it half way through a write."""
    begin = "import sys; from tests.sync.mortal_worker import app_of, work"
    work = "work(app_of(*sys.argv[1:5]), *map(int, sys.argv[5:]))"
    command = [sys.executable, "-c", f"{begin}; {work}", *surroundings(), str(of.id), str(number)]
    assert subprocess.run(command, timeout=60, check=False).returncode == -signal.SIGKILL


def surroundings() -> list[str]:
    """Where a worker in a process of its own finds what this one has."""
    settings = current_app.config["SETTINGS"]
    return [str(settings.data_dir), settings.database_url, settings.microsoft_login_url, settings.graph_url]


def test_pull_plan_and_apply_survive_being_killed_at_every_stage(company: Desk) -> None:
    begun = company.begin()
    assert kill_until_it_gets_through(company, begun, step=2) >= 3
    planned = SyncRun.get_by_id(begun.id)
    assert planned.state == "review"
    assert planned.people == len(company.tenant.people)
    assert planned.groups == len(company.tenant.groups)

    review.accept(planned, "Ada", utcnow())
    assert kill_until_it_gets_through(company, planned, step=1) >= 2
    done = SyncRun.get_by_id(begun.id)
    assert (done.state, done.applied) == ("done", done.to_apply)
    ticked = SyncChange.select().where(SyncChange.run == done, SyncChange.ticked)
    assert {row.outcome for row in ticked} == {"done"}
    assert AuditEvent.select().where(AuditEvent.action == "sync applied").count() == 1
    assert Account.select().where(Account.directory_id.is_null(False)).count() == ticked.count()
    assert {account.version for account in Account.select()} == {1}
    primaries = Address.select().where(Address.is_primary).count()
    assert primaries == Account.select().where(Account.type != "group").count()
    company.nothing_left()


def test_a_scheduled_run_survives_it_too_and_holds_what_it_holds_once(company: Desk) -> None:
    """In the pull, in the plan, while the held rows move to their own list, before, within and after apply."""
    people = list(company.tenant.people)
    night = Night(company)
    company.settings(next_sync_at=night.now)
    (first,) = night.begin_due()
    assert kill_until_it_gets_through(company, SyncRun.get_by_id(first), step=5) >= 3
    assert (waiting_review(), SyncRun.get_by_id(first).state) == (None, "done")
    versions = {account.id: account.version for account in Account.select()}

    gone = [one.id for one in people if one.enabled and not one.guest and one.primary][-12:]
    for somebody in gone:
        company.tenant.delete(somebody)
    renamed = next(one.id for one in people if one.display_name == "Uma Principal")
    company.tenant.rename(renamed, "Uma Renamed")
    hired = company.tenant.hire("New Colleague", "new.colleague@contoso.example")
    for group in list(company.tenant.groups)[:2]:
        company.tenant.add_member(group.id, hired)
    company.settings(next_sync_at=night.now)
    (begun,) = night.begin_due()
    assert kill_until_it_gets_through(company, SyncRun.get_by_id(begun), step=1) >= 8
    done = SyncRun.get_by_id(begun)
    assert (done.state, done.applied, [one["rows"] for one in done.held]) == ("done", done.to_apply, [12])
    ticked = SyncChange.select().where(SyncChange.run == done, SyncChange.ticked)
    assert ({row.outcome for row in ticked}, ticked.count()) == ({"done"}, done.to_apply)

    reviews = list(SyncRun.select().where(SyncRun.state == "review"))
    assert [one.held_from_id for one in reviews] == [done.id]
    assert {row.object_id for row in company.rows(reviews[0]).values()} == set(gone)
    assert night.mails() == ["sync_held"]
    assert AuditEvent.select().where(AuditEvent.action == "sync applied").count() == 2
    amended = {row.account_id for row in ticked}
    for account in Account.select():
        expected = versions.get(account.id, 0) + (account.id in amended)
        assert account.version == expected, account.display_name

    say_yes(reviews[0], utcnow())
    assert unattended.due(night.now) == []
    assert kill_until_it_gets_through(company, reviews[0], step=1) >= 2
    assert Account.select().where(Account.removed_at.is_null(False)).count() == 12
    company.nothing_left()


def test_an_undo_survives_it_too_and_undoes_and_exempts_everything_once(company: Desk) -> None:
    company.sync()
    before = standing()
    people = [one for one in company.tenant.people if one.enabled and not one.guest and one.primary]
    one, other, *rest = people[:12]
    company.tenant.set_addresses(one.id, "between@contoso.example")
    company.tenant.set_addresses(other.id, one.primary or "")
    company.tenant.set_addresses(one.id, other.primary or "")
    for n, somebody in enumerate(rest):
        (company.tenant.delete, company.tenant.block)[n % 2](somebody.id)
    hired = company.tenant.hire("New Colleague", "new.colleague@contoso.example")
    company.tenant.add_member(company.tenant.groups[0].id, hired)
    done = company.sync()
    versions = {account.id: account.version for account in Account.select()}

    begun = undoing.start(done, by=company.admin, by_name="Ada", now=utcnow())
    assert kill_until_it_gets_through(company, begun, step=1) >= 3
    planned = SyncRun.get_by_id(begun.id)
    rows = company.rows(planned)
    assert (planned.state, len(rows), company.counts(planned).get("not_imported")) == (
        "review",
        done.to_apply,
        None,
    )
    assert len({row.link for row in rows.values() if row.link}) == 1

    say_yes(planned, utcnow())
    assert kill_until_it_gets_through(company, planned, step=1) >= 8
    undone = SyncRun.get_by_id(begun.id)
    assert (undone.state, undone.applied) == ("done", undone.to_apply)
    assert {row.outcome for row in company.rows(undone).values()} == {"done"}
    assert standing() == before
    exempt = sorted(str(one.object_id) for one in Exemption.select())
    assert exempt == sorted(row.object_id for row in rows.values())
    assert AuditEvent.select().where(AuditEvent.action == f"run {done.id} undone").count() == 1
    touched = {row.account_id for row in rows.values()}
    for account in Account.select():
        assert account.version == versions[account.id] + (account.id in touched), account.display_name
