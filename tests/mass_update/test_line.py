"""A mass update on its way through the worker: each account once, whatever happens meanwhile."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from ppe import accounts, db, exemptions, outbox, tasks, work
from ppe.clock import utcnow
from ppe.db import execute
from ppe.errors import Refused
from ppe.lists.paging import FIRST, Position
from ppe.lists.search import Filter
from ppe.mass_update import applying, forgetting, line, preparing, review
from ppe.models import (
    END_USER,
    ROW_STANDINGS,
    Account,
    AuditEvent,
    Exemption,
    Mail,
    MassUpdate,
    MassUpdateRow,
)
from ppe.operation import retention
from ppe.people import switching
from tests.conftest import People, add_account
from tests.databases import on_both_databases
from tests.dying import killed_at_every_write
from tests.mass_update.steps import again, applied, begun, crowd, proceed

pytestmark = on_both_databases


def test_two_clicks_on_apply_are_one(desk: People) -> None:
    ready = proceed(begun(desk, desk.bob.id, digest="on"))
    review.accept(ready, desk.ada, utcnow())
    with pytest.raises(Refused, match="not open any more"):
        review.accept(ready, desk.ada, utcnow())
    assert proceed(ready).changed == 1
    assert (again(desk.bob).version, AuditEvent.select().count()) == (2, 2)


def test_nothing_to_change_is_nothing_to_apply(desk: People) -> None:
    ready = proceed(begun(desk, desk.bob.id, state="active"))
    with pytest.raises(Refused):
        review.accept(ready, desk.ada, utcnow())


def test_stopped_in_the_middle_what_is_done_stays_and_the_rest_is_not_begun(
    desk: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowd(desk, 7)
    monkeypatch.setattr(applying, "BATCH", 2)
    ready = proceed(begun(desk, wanted=Filter(text="p0"), digest="on"))
    review.accept(ready, desk.ada, utcnow())
    change, batches = applying._change, []

    def stopped_after_the_second(*arguments: Any) -> None:
        change(*arguments)
        batches.append(1)
        if len(batches) == 3:
            MassUpdate.update(state="cancelled", claim=None).where(MassUpdate.id == ready.id).execute()

    monkeypatch.setattr(applying, "_change", stopped_after_the_second)
    stopped = proceed(ready)
    assert (stopped.changed, Account.select().where(Account.receives_digest).count()) == (4, 4)
    assert review.counts(stopped) == {"to_do": 3, "changed": 4, "not_changed": 0, "left_out": 0}


def test_cancelling_is_on_record_once_something_was_applied(desk: People) -> None:
    review.cancel(begun(desk, desk.bob.id, digest="on"), desk.ada, utcnow())
    assert AuditEvent.select().count() == 0, "nothing had changed"
    ready = proceed(begun(desk, desk.bob.id, digest="on"))
    review.accept(ready, desk.ada, utcnow())
    review.cancel(ready, desk.ada, utcnow())
    assert [event.action for event in AuditEvent.select().order_by(AuditEvent.id)] == [
        "mass update", "mass update stopped",
    ]  # fmt: skip
    with pytest.raises(Refused, match="over already"):
        review.cancel(ready, desk.ada, utcnow())
    assert proceed(ready).changed == 0


def test_rows_are_paged_by_name_and_key_in_both_directions(desk: People) -> None:
    crowd(desk, 120)
    one = proceed(begun(desk, wanted=Filter(text="p"), digest="on"))
    first = review.page(one, "to_do", FIRST)
    assert [row.name for row in first.rows] == [f"P{n:03}" for n in range(50)]
    assert (first.total, first.previous) == (120, None)
    second = review.page(one, "to_do", Position(after=first.next or 0))
    assert [row.name for row in second.rows] == [f"P{n:03}" for n in range(50, 100)]
    back = review.page(one, "to_do", Position(before=second.previous or 0))
    assert [row.name for row in back.rows] == [row.name for row in first.rows]
    assert [row.name for row in review.every_row(one)] == [f"P{n:03}" for n in range(120)]


def killed(one: MassUpdate) -> int:
    """How many workers died at it."""

    def waits_for_another() -> None:
        assert work.waiting(MassUpdate, utcnow()) == [one.id]

    writers = (accounts, applying, exemptions, outbox, preparing, switching)
    return killed_at_every_write(lambda: line.proceed(one.id, utcnow), writers, waits_for_another)


def test_killed_at_every_write_each_account_is_looked_at_and_changed_once(
    people: People, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparing, "BATCH", 4)
    monkeypatch.setattr(applying, "BATCH", 4)
    with app.app_context(), db.database.connection_context():
        for n in range(10):
            add_account(people.contoso, END_USER, f"Q{n}", f"q{n}@contoso.example")
        one = begun(people, wanted=Filter(text="q"), digest="on", exemption="exempt", welcome="everybody")
    assert killed(one) >= 2
    with app.app_context(), db.database.connection_context():
        ready = MassUpdate.get_by_id(one.id)
        assert (ready.state, ready.to_change, ready.left_out) == ("review", 10, 0)
        review.accept(ready, people.ada, utcnow())
    assert killed(one) >= 8
    with app.app_context(), db.database.connection_context():
        done = MassUpdate.get_by_id(one.id)
        assert (done.state, done.changed, done.not_changed) == ("done", 10, 0)
        versions = Account.select(Account.version).where(Account.name_key.startswith("q"), Account.receives_digest)
        assert [account.version for account in versions] == [2] * 10
        assert Exemption.select().count() == Mail.select().count() == 10
        assert AuditEvent.select().where(AuditEvent.action == "mass update finished").count() == 1


def test_a_worker_that_lost_its_claim_writes_nothing(desk: People) -> None:
    one = begun(desk, desk.bob.id, digest="on")
    assert work.claim(MassUpdate, one.id, utcnow()) is not None
    assert proceed(one).state == "preparing", "somebody is at it"
    late = utcnow() + timedelta(minutes=4)
    line.proceed(one.id, lambda: late)
    assert MassUpdate.get_by_id(one.id).state == "review", "whose heart has stopped"


def test_the_tick_finds_a_mass_update_whose_task_was_lost(desk: People) -> None:
    one = begun(desk, desk.bob.id, digest="on")
    assert work.waiting(MassUpdate, utcnow()) == [one.id]
    tasks.ring_all()
    assert any(task.name == "mass update" for task in tasks.huey.pending())


def test_previews_that_nobody_applied_go_after_a_month_and_what_was_applied_stays_with_the_audit_log(
    desk: People,
) -> None:
    preview = proceed(begun(desk, desk.bob.id, digest="on"))
    done = applied(begun(desk, desk.bob.id, desk.ada.id, digest="on", role="silent_user"), desk.ada)
    forgetting.forget_old(utcnow())
    assert MassUpdate.select().count() == 2
    forgetting.forget_old(utcnow() + timedelta(days=31))
    assert [one.id for one in MassUpdate.select()] == [done.id]
    assert not MassUpdateRow.select().where(MassUpdateRow.mass_update == preview.id).exists()
    retention.sweep(90, lambda: utcnow() + timedelta(days=4000))
    assert {(row.name, row.standing) for row in review.every_row(done)} == {("Bob", "changed"), ("Ada", "left_out")}


def test_a_preview_that_is_applied_while_old_ones_go_stays(desk: People, monkeypatch: pytest.MonkeyPatch) -> None:
    old, late = (proceed(begun(desk, desk.bob.id, digest="on")) for _ in range(2))

    def meanwhile(statement: str, parameters: Sequence[object]) -> Any:
        if parameters == (old.id,) and MassUpdate.get_by_id(late.id).accepted_at is None:
            review.accept(late, desk.ada, utcnow())
        return execute(statement, parameters)

    monkeypatch.setattr(forgetting, "execute", meanwhile)
    forgetting.forget_old(utcnow() + timedelta(days=31))
    assert [one.id for one in MassUpdate.select()] == [late.id]
    assert MassUpdateRow.select().where(MassUpdateRow.mass_update == late.id).exists()


def test_a_forgotten_account_leaves_its_row(desk: People) -> None:
    done = applied(begun(desk, desk.bob.id, digest="on"), desk.ada)
    desk.bob.delete_instance(recursive=True)
    assert [(row.name, row.account_id) for row in review.page(done, "changed", FIRST).rows] == [("Bob", None)]


def test_every_standing_is_counted(desk: People) -> None:
    assert set(review.counts(begun(desk, desk.bob.id, digest="on"))) == set(ROW_STANDINGS) == set(review.IN_ORDER)
