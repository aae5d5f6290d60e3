"""What Home tells at a glance: how many there are of everything, how the directory stands, what changed, what waits."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from peewee import fn

from ppe import chart
from ppe.chart import Chart
from ppe.db import execute, moment, stamp
from ppe.models import (
    REVIEW,
    Account,
    AuditEvent,
    Connection,
    CsvImport,
    Domain,
    Mail,
    MassUpdate,
    Organization,
    SyncRun,
)
from ppe.signin import contacts, fallback
from ppe.sync import connection as connections
from ppe.sync import secret
from ppe.sync.apply import DONE

UNDELIVERED_FOR = timedelta(days=7)
MOST_UNDELIVERED = 5
MOST_WAITING = 10

Work = TypeVar("Work", SyncRun, CsvImport, MassUpdate)


@dataclass(frozen=True, slots=True)
class Overview:
    """One organisation at a glance. `counts` has the accounts that are not removed, by type.

    `waiting` are the newest syncs that wait for a review, and so are the CSV imports and the mass updates.

    `fallbacks` are the latest local sign-ins although Microsoft sign-in is on, `undelivered` the latest mails that
    were given up. `secret_days` is None where nobody knows when the secret ends.
    """

    counts: dict[str, int]
    domains: int
    connection: Connection
    at_work: SyncRun | None
    last_run: SyncRun | None
    waiting: list[SyncRun]
    csv_imports: list[CsvImport]
    mass_updates: list[MassUpdate]
    secret_days: int | None
    has_contact: bool
    undelivered: list[Mail]
    fallbacks: list[AuditEvent]
    changes: Chart

    @property
    def is_set_up(self) -> bool:
        """Whether there is a directory to sync with."""
        return connections.is_set_up(self.connection)


def of(organization: Organization, now: datetime) -> Overview:
    """The organisation as it stands now."""
    connection, zone = connections.of(organization.id), ZoneInfo(organization.time_zone)
    return Overview(
        counts=_counts(organization.id),
        domains=Domain.select().where(Domain.organization == organization.id).count(),
        connection=connection,
        at_work=connections.run_at_work(connection),
        last_run=connections.last_run(connection),
        waiting=_waiting(SyncRun, organization.id),
        csv_imports=_waiting(CsvImport, organization.id),
        mass_updates=_waiting(MassUpdate, organization.id),
        secret_days=secret.days_left(connection, now),
        has_contact=contacts.tech_contact(organization) is not None,
        undelivered=_undelivered(organization.id, now),
        fallbacks=fallback.lately(organization.id, now),
        changes=chart.draw(_changes(organization.id, zone, now), now.astimezone(zone).date()),
    )


def _counts(organization_id: int) -> dict[str, int]:
    counted: Any = (
        Account.select(Account.type, fn.COUNT(Account.id))
        .where(Account.organization == organization_id, Account.removed_at.is_null())
        .group_by(Account.type)
        .tuples()
    )
    return dict(counted)


def _waiting(kind: type[Work], organization_id: int) -> list[Work]:
    lists = kind.select().where(kind.organization == organization_id, kind.state == REVIEW)
    return list(lists.order_by(kind.id.desc()).limit(MOST_WAITING))


def _undelivered(organization_id: int, now: datetime) -> list[Mail]:
    given_up = (Mail.organization == organization_id) & (Mail.given_up_at > now - UNDELIVERED_FOR)
    return list(Mail.select().where(given_up).order_by(Mail.given_up_at.desc(), Mail.id.desc()).limit(MOST_UNDELIVERED))


def _changes(organization_id: int, zone: ZoneInfo, now: datetime) -> Iterator[tuple[date, str, int]]:
    """What was carried out, by the day in the organisation's own time on which it was accepted."""
    since = now - timedelta(days=chart.DAYS + 1)
    rows = execute(
        "SELECT r.accepted_at, c.section, COUNT(*) FROM sync_run r JOIN sync_change c ON c.run_id = r.id"
        " WHERE r.organization_id = ? AND r.accepted_at > ? AND c.outcome = ?"
        " GROUP BY r.id, r.accepted_at, c.section",
        (organization_id, stamp(since), DONE),
    ).fetchall()
    for accepted_at, section, count in rows:
        at = moment(accepted_at)
        if at is not None:
            yield at.astimezone(zone).date(), section, count
