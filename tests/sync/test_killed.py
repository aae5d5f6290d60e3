"""Killed at any moment, a run goes on where it was: no change is applied twice, and none is lost."""

import signal
import subprocess
import sys

from flask import current_app

from ppe.clock import utcnow
from ppe.models import Account, Address, AuditEvent, SyncChange, SyncRun
from ppe.sync import review, run
from tests.sync.desk import Desk


def worker(desk: Desk, of: SyncRun, dies_at: int) -> bool:
    """Let a worker at the run; whether it was killed."""
    settings = current_app.config["SETTINGS"]
    arguments = [
        str(settings.data_dir),
        settings.database_url,
        settings.microsoft_login_url,
        settings.graph_url,
        str(of.id),
        str(dies_at),
    ]
    ended = subprocess.run([sys.executable, "-m", "tests.sync.mortal_worker", *arguments], timeout=60, check=False)
    assert ended.returncode in (0, -signal.SIGKILL)
    return ended.returncode != 0


def kill_until_it_gets_through(desk: Desk, of: SyncRun, step: int) -> int:
    """Kill worker after worker, each a little later; how many died."""
    dead = 0
    while worker(desk, of, dies_at=1 + dead * step):
        dead += 1
        assert run.waiting(utcnow()) == [of.id], "the next tick finds the run at once: its worker's process is gone"
    return dead


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
