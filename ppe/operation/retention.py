"""What is old goes, once a day: ended runs with their rows, removed accounts, and what nobody can use any more.

Everything goes in short transactions, so that a run of 100,000 rows holds nobody up, and each of them looks again
whether the row may go. Killed in the middle, it goes on the next day. Audit events stay.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

import structlog

from ppe import audit
from ppe.csv_import import forgetting as csv_forgetting
from ppe.db import database, execute, marks, stamp
from ppe.mass_update import forgetting as mass_update_forgetting
from ppe.models import (
    CANCELLED,
    DONE,
    FAILED,
    SUPERSEDED,
    Attempt,
    Authenticator,
    HalfSignIn,
    Installation,
    PasswordLink,
    SecondFactorCode,
    SignInSession,
    TrustedBrowser,
)

log = structlog.get_logger()

BY = "the daily clean-up"
EVERY = timedelta(days=1)
REMOVED_FOR = timedelta(days=30)
UNUSED_FOR = timedelta(days=1)
BATCH = 1000
ACCOUNTS_AT_ONCE = 200  # each with its addresses, memberships and credentials, and its name in the audit

OVER = (DONE, FAILED, CANCELLED, SUPERSEDED)
# What a waiting list or an undo was made of stays for as long as that does.
_NEEDED = "EXISTS (SELECT 1 FROM sync_run n WHERE n.undoes_id = r.id OR n.held_from_id = r.id)"
_OLD_RUNS = f"""
    SELECT r.id FROM sync_run r
    WHERE r.state IN ({marks(OVER)}) AND r.finished_at < ? AND NOT {_NEEDED}
        AND r.id NOT IN (SELECT MAX(id) FROM sync_run WHERE state IN ({marks(OVER)}) GROUP BY connection_id)
        AND r.id NOT IN (SELECT MAX(id) FROM sync_run WHERE state = ? GROUP BY connection_id)
    ORDER BY r.id LIMIT 100
"""
_MEMBERS = f"""
    DELETE FROM sync_change_member WHERE (change_id, member_id) IN (
        SELECT m.change_id, m.member_id FROM sync_change_member m JOIN sync_change c ON c.id = m.change_id
        WHERE c.run_id = ? LIMIT {BATCH})
"""
_CHANGES = f"""
    DELETE FROM sync_change WHERE id IN (SELECT id FROM sync_change WHERE run_id = ? LIMIT {BATCH})
"""
_GONE = f"""
    DELETE FROM directory_object WHERE gone_at < ? AND id IN (
        SELECT o.id FROM directory_object o JOIN connection c ON c.id = o.connection_id
        WHERE o.gone_at < ? AND NOT EXISTS (
            SELECT 1 FROM account a WHERE a.organization_id = c.organization_id AND a.directory_id = o.object_id)
        LIMIT {BATCH})
"""


def is_due(now: datetime) -> bool:
    """Whether a day has passed since the last time."""
    return bool(Installation.select().where(_waits(now)).exists())


def sweep(keep_runs_days: int, clock: Callable[[], datetime]) -> None:
    """Remove what is old, if it is time for that and nobody else is at it."""
    now = clock()
    if not Installation.update(swept_at=now).where(_waits(now)).execute():
        return
    runs = sum(_forget_run(run_id) for run_id in _old_runs(now - timedelta(days=keep_runs_days)))
    accounts = _forget_accounts(now)
    _forget_gone(now)
    _forget_expired(now)
    csv_forgetting.forget_old(now)
    mass_update_forgetting.forget_old(now)
    log.info("what was old is removed", runs=runs, accounts=accounts)


def _waits(now: datetime) -> Any:
    return Installation.swept_at.is_null() | (Installation.swept_at <= now - EVERY)


def _old_runs(before: datetime) -> Iterator[int]:
    """Runs that ended before then, but for the last of each connection, and the last that was carried out."""
    tried: set[int] = set()
    while True:
        found = execute(_OLD_RUNS, (*OVER, stamp(before), *OVER, DONE)).fetchall()
        fresh = [run_id for (run_id,) in found if run_id not in tried]
        if not fresh:
            return
        tried.update(fresh)
        yield from fresh


def _forget_run(run_id: int) -> bool:
    """Remove a run with its rows; false when somebody has begun to undo it meanwhile."""
    for statement in (_MEMBERS, _CHANGES):
        removed = BATCH
        while removed == BATCH:
            with database.atomic():
                if execute(f"SELECT 1 FROM sync_run r WHERE r.id = ? AND {_NEEDED}", (run_id,)).fetchone():
                    return False
                removed = execute(statement, (run_id,)).rowcount
    return bool(execute(f"DELETE FROM sync_run AS r WHERE r.id = ? AND NOT {_NEEDED}", (run_id,)).rowcount)


def _forget_accounts(now: datetime) -> int:
    """Remove for good what was removed 30 days ago, unless it has come back at this very moment."""
    before, total = stamp(now - REMOVED_FOR), 0
    while found := execute(
        f"SELECT organization_id, id FROM account WHERE removed_at < ? ORDER BY 1, 2 LIMIT {ACCOUNTS_AT_ONCE}",
        (before,),
    ).fetchall():
        for organization_id, rows in groupby(found, key=lambda row: row[0]):
            ids = [account_id for _, account_id in rows]
            with database.atomic():
                gone = execute(
                    f"DELETE FROM account WHERE id IN ({marks(ids)}) AND removed_at < ? RETURNING display_name",
                    (*ids, before),
                ).fetchall()
                names = sorted(name for (name,) in gone)
                audit.record(
                    organization_id, BY, "removed accounts forgotten", f"{len(names)} accounts", {"names": names},
                    now=now,
                )  # fmt: skip
            total += len(names)
    return total


def _forget_gone(now: datetime) -> None:
    """What the directory said of those who left it is of no use once their account is gone."""
    before = stamp(now - REMOVED_FOR)
    while execute(_GONE, (before, before)).rowcount == BATCH:
        pass


def _forget_expired(now: datetime) -> None:
    """Sessions, links and codes that are worth nothing any more, and counts of attempts that count no more."""
    for table in (SignInSession, HalfSignIn, TrustedBrowser, PasswordLink, SecondFactorCode):
        table.delete().where(table.expires_at <= now).execute()
    Attempt.delete().where(Attempt.at <= now - UNUSED_FOR).execute()
    Authenticator.delete().where(
        Authenticator.confirmed_at.is_null(), Authenticator.created_at <= now - UNUSED_FOR
    ).execute()
