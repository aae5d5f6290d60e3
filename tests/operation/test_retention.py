from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ppe.db import execute
from ppe.models import (
    ADMIN,
    Account,
    Address,
    Attempt,
    AuditEvent,
    Authenticator,
    Connection,
    DirectoryObject,
    HalfSignIn,
    Installation,
    Membership,
    Organization,
    PasswordLink,
    SecondFactorCode,
    SignInSession,
    SyncChange,
    SyncChangeMember,
    SyncRun,
    TrustedBrowser,
)
from ppe.operation import health, retention
from tests.conftest import OpenDatabase, People

NOW = datetime(2026, 11, 25, 3, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def opened(people: People, open_database: OpenDatabase) -> Any:
    with open_database():
        yield


def sweep(now: datetime = NOW) -> None:
    Installation.update(swept_at=None).execute()
    retention.sweep(90, lambda: now)


def run_of(organization: Organization, days_ago: float, state: str = "done", rows: int = 0, **columns: Any) -> int:
    """A run that ended so many days ago, with so many rows of a member each; gives its number."""
    at = NOW - days_ago * DAY
    made = SyncRun.create(
        organization=organization, connection=Connection.get(Connection.organization == organization), state=state,
        holds_connection=False, created_at=at, finished_at=None if state == "review" else at, **columns,
    )  # fmt: skip
    for number in range(rows):
        change = SyncChange.create(
            run=made, object_id=str(number), section="adding", kind="group", name="", sort_key="", search_key=""
        )
        SyncChangeMember.create(change=change, member_id="m", joins=True)
    return int(made.id)


def left() -> set[int]:
    return {run.id for run in SyncRun.select()}


def test_runs_go_with_their_rows_after_ninety_days(people: People) -> None:
    old, young, newest = (run_of(people.contoso, days, rows=2) for days in (90.1, 89.9, 1))
    sweep()
    assert left() == {young, newest}
    assert {change.run_id for change in SyncChange.select()} == {young, newest}
    assert SyncChangeMember.select().count() == 4
    assert old not in left()


def test_rows_go_in_short_transactions(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    run_of(people.contoso, 100, rows=7)
    newest = run_of(people.contoso, 1)
    for name in ("_MEMBERS", "_CHANGES"):
        monkeypatch.setattr(retention, name, getattr(retention, name).replace("1000", "3"))
    monkeypatch.setattr(retention, "BATCH", 3)
    sizes: list[int] = []

    def noted(statement: str, parameters: Any = ()) -> Any:
        cursor = execute(statement, parameters)
        if "DELETE FROM sync_change" in statement:
            sizes.append(cursor.rowcount)
        return cursor

    monkeypatch.setattr(retention, "execute", noted)
    sweep()
    assert (left(), SyncChange.select().count()) == ({newest}, 0)
    assert sizes == [3, 3, 1, 3, 3, 1]


def test_the_last_of_each_connection_and_the_last_that_was_carried_out_stay(people: People) -> None:
    for organization, days, state in (
        (people.contoso, 500, "done"), (people.contoso, 450, "failed"), (people.fabrikam, 600, "superseded"),
    ):  # fmt: skip
        run_of(organization, days, state)
    done = run_of(people.contoso, 400)
    run_of(people.contoso, 350, "cancelled")
    failed, other = run_of(people.contoso, 300, "failed"), run_of(people.fabrikam, 500)
    sweep()
    assert left() == {done, failed, other}


def test_what_waits_for_a_person_and_what_that_needs_stays(people: People) -> None:
    held_back, undone = run_of(people.contoso, 300, rows=1), run_of(people.contoso, 200, rows=1)
    held = run_of(people.contoso, 300, "review", held_from=held_back)
    undo = run_of(people.contoso, 100, "review", undoes=undone)
    newest = run_of(people.contoso, 1)
    sweep()
    assert left() == {held_back, undone, held, undo, newest}
    SyncRun.update(state="cancelled", finished_at=NOW - 95 * DAY).where(SyncRun.id.in_((held, undo))).execute()
    sweep()
    assert left() == {newest}, "first the undo, then what it undid"


def test_a_run_that_somebody_begins_to_undo_meanwhile_stays(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    undone = run_of(people.contoso, 100, rows=2)
    run_of(people.contoso, 1)
    listed = list(retention._old_runs(NOW - 90 * DAY))
    assert listed == [undone]
    run_of(people.contoso, 0, "review", undoes=undone)
    assert not retention._forget_run(undone)
    assert SyncChange.select().where(SyncChange.run == undone).count() == 2


def test_it_is_done_once_a_day_by_one_worker(people: People) -> None:
    health.beat(NOW)
    assert retention.is_due(NOW)
    retention.sweep(90, lambda: NOW)
    assert not retention.is_due(NOW + DAY - timedelta(minutes=1))
    old = run_of(people.contoso, 100)
    run_of(people.contoso, 1)
    retention.sweep(90, lambda: NOW + timedelta(hours=1))
    assert old in left(), "the second worker of the same day leaves it alone"
    assert retention.is_due(NOW + DAY)
    retention.sweep(90, lambda: NOW + DAY)
    assert old not in left()


def test_removed_accounts_go_for_good_after_thirty_days_and_the_audit_says_so(people: People) -> None:
    def removed(name: str, days: float, organization: Organization = people.contoso, **fields: Any) -> Account:
        made: Account = Account.create(
            organization=organization, type="end_user", display_name=name, created_at=NOW, removed_at=NOW - days * DAY,
            **fields,
        )  # fmt: skip
        return made

    group = Account.create(organization=people.contoso, type="group", display_name="G", created_at=NOW)
    gone = removed("Old One", 30.1)
    Membership.create(group=group, member=gone)
    removed("Older", 300)
    removed("Eve's", 31, people.fabrikam)
    removed("Recent", 29.9)
    change = SyncChange.create(
        run=run_of(people.contoso, 31), object_id="x", section="deleting", kind="user", name="Old One", account=gone,
        sort_key="", search_key="",
    )  # fmt: skip
    sweep()
    names = {account.display_name for account in Account.select()}
    assert names == {"Ada", "Bob", "Eve", "Recent", "G"}
    assert Membership.select().count() == 0
    assert Address.select().count() == 3
    assert SyncChange.get_by_id(change.id).account_id is None, "the row of the run stays"
    events = {event.organization_id: event for event in AuditEvent.select()}
    assert events[people.contoso.id].details == {"names": ["Old One", "Older"]}
    assert events[people.fabrikam.id].details == {"names": ["Eve's"]}
    sweep(NOW + timedelta(hours=1))
    assert AuditEvent.select().count() == 2


def test_what_the_directory_said_of_those_who_left_goes_with_their_account(people: People) -> None:
    connection = Connection.get(Connection.organization == people.contoso)
    for name, days in (("forgotten", 31), ("recent", 29), ("kept", 31), ("present", None)):
        DirectoryObject.create(
            connection=connection, object_id=name, is_group=False, fingerprint="", seen_in_run=1,
            gone_at=None if days is None else NOW - days * DAY,
        )  # fmt: skip
    Account.update(directory_id="kept").where(Account.id == people.bob.id).execute()
    sweep()
    assert {row.object_id for row in DirectoryObject.select()} == {"recent", "kept", "present"}, (
        "Bob's removal was not ticked yet: that he is gone has to be known"
    )


@pytest.mark.parametrize("table", [SignInSession, HalfSignIn, TrustedBrowser, PasswordLink, SecondFactorCode])
def test_what_has_expired_goes(people: People, table: Any) -> None:
    columns_of: dict[Any, dict[str, Any]] = {
        SignInSession: {"role": ADMIN, "first_step": "password", "confirmed_at": NOW, "seen_at": NOW},
        HalfSignIn: {"first_step": "password"},
        PasswordLink: {"kind": "reset"},
        SecondFactorCode: {"kind": "text", "code_hash": "x"},
    }
    columns = columns_of.get(table, {})
    for name, expires_at in (("past", NOW), ("future", NOW + DAY)):
        token = {} if table is SecondFactorCode else {"token_hash": name}
        table.create(account=people.ada, created_at=NOW, expires_at=expires_at, **columns, **token)
    if table is SecondFactorCode:
        table.create(account=people.ada, kind="recovery", code_hash="x", created_at=NOW)
    sweep()
    assert {row.expires_at for row in table.select()} - {None} == {NOW + DAY}
    assert table.select().count() == 1 + (table is SecondFactorCode), "a recovery code does not expire"


def test_attempts_and_apps_that_were_never_taken_into_use_go_after_a_day(people: People) -> None:
    for days in (0.9, 1.1):
        at = NOW - days * DAY
        Attempt.create(key="a door", at=at)
        Authenticator.create(account=people.ada, secret="", created_at=at)
        Authenticator.create(account=people.ada, secret="in use", created_at=at, confirmed_at=at)
    sweep()
    assert Attempt.select().count() == 1
    assert Authenticator.select().count() == 3


def test_audit_events_stay_for_ever(people: People) -> None:
    AuditEvent.create(organization=people.contoso, at=NOW - 4000 * DAY, actor="Ada", action="something")
    sweep()
    assert AuditEvent.select().count() == 1
