"""What Home tells at a glance: how many there are of everything, how the directory stands, and what waits."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from peewee import fn

from ppe.models import REVIEW, Account, AuditEvent, Connection, Domain, SyncRun
from ppe.signin import fallback
from ppe.sync import connection as connections


@dataclass(frozen=True, slots=True)
class Overview:
    """One organisation at a glance. `counts` has the accounts that are not removed, by type.

    `fallbacks` are the latest local sign-ins although Microsoft sign-in is on.
    """

    counts: dict[str, int]
    domains: int
    connection: Connection
    last_run: SyncRun | None
    waiting: SyncRun | None
    fallbacks: list[AuditEvent]

    @property
    def standing(self) -> str:
        """How the connection stands: failing, working, unverified or missing."""
        if self.connection.error_sentence:
            return "failing"
        if not connections.is_set_up(self.connection):
            return "missing"
        return "working" if connections.last_success(self.connection) else "unverified"


def of(organization_id: int, now: datetime) -> Overview:
    """The organisation as it stands now."""
    runs = SyncRun.select().where(SyncRun.organization == organization_id)
    newest = runs.order_by(SyncRun.created_at.desc(), SyncRun.id.desc())
    return Overview(
        counts=_counts(organization_id),
        domains=Domain.select().where(Domain.organization == organization_id).count(),
        connection=connections.of(organization_id),
        last_run=newest.first(),
        waiting=newest.where(SyncRun.state == REVIEW).first(),
        fallbacks=fallback.lately(organization_id, now),
    )


def _counts(organization_id: int) -> dict[str, int]:
    counted: Any = (
        Account.select(Account.type, fn.COUNT(Account.id))
        .where(Account.organization == organization_id, Account.removed_at.is_null())
        .group_by(Account.type)
        .tuples()
    )
    return dict(counted)
