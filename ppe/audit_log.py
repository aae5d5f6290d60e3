"""The audit log as it is read: newest first, filtered, page by page by key, so that the millionth row costs as little
as the first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from peewee import fn

from ppe import audit
from ppe.db import execute
from ppe.models import AuditEvent

ROWS_PER_PAGE = 50
NEWEST_FIRST = (AuditEvent.at.desc(), AuditEvent.id.desc())  # as the index has them


@dataclass(frozen=True, slots=True)
class Filter:
    """What somebody looks for: words in who and what it was about, one kind of deed, and days of the organisation's
    own calendar, both included."""

    text: str = ""
    action: str = ""
    first_day: date | None = None
    last_day: date | None = None

    @property
    def is_narrowed(self) -> bool:
        """Whether it leaves anything out."""
        return self != Filter()


@dataclass(frozen=True, slots=True)
class Page:
    """One page; `older` is the key with which the next one begins, None on the last."""

    rows: Sequence[AuditEvent]
    older: int | None


def page(organization_id: int, time_zone: str, wanted: Filter, before: int | None = None) -> Page:
    """The newest events, or those before one of them."""
    query = _narrowed(organization_id, time_zone, wanted)
    last = AuditEvent.get_or_none(AuditEvent.organization == organization_id, AuditEvent.id == (before or 0))
    if last is not None:
        earlier = (AuditEvent.at < last.at) | ((AuditEvent.at == last.at) & (AuditEvent.id < last.id))
        query = query.where(AuditEvent.at <= last.at, earlier)
    found = list(query.order_by(*NEWEST_FIRST).limit(ROWS_PER_PAGE + 1))
    rows = found[:ROWS_PER_PAGE]
    return Page(rows, rows[-1].id if len(found) > ROWS_PER_PAGE else None)


def export(organization_id: int, time_zone: str, wanted: Filter) -> Iterator[AuditEvent]:
    """Every event that the filter finds, the newest first, without holding them all."""
    yield from _narrowed(organization_id, time_zone, wanted).order_by(*NEWEST_FIRST).iterator()


def record_export(organization_id: int, by_name: str, now: datetime) -> None:
    """Taking the log home is on record too."""
    audit.record(organization_id, by_name, "audit log exported", now=now)


def actions(organization_id: int) -> list[str]:
    """The kinds of deeds that there are on record, by name."""
    found: list[str] = []
    statement = "SELECT MIN(action) FROM audit_event WHERE organization_id = ? AND action > ?"
    # From one to the next along the index: a million events are not looked at for a handful of deeds.
    while (following := execute(statement, (organization_id, found[-1] if found else "")).fetchone()[0]) is not None:
        found.append(following)
    return sorted(found, key=str.casefold)


def _narrowed(organization_id: int, time_zone: str, wanted: Filter) -> Any:
    query = AuditEvent.select().where(AuditEvent.organization == organization_id)
    if wanted.action:
        query = query.where(AuditEvent.action == wanted.action)
    if wanted.first_day:
        query = query.where(AuditEvent.at >= _midnight(wanted.first_day, time_zone))
    if wanted.last_day:
        query = query.where(AuditEvent.at < _midnight(wanted.last_day + timedelta(days=1), time_zone))
    for word in wanted.text.split():
        said = AuditEvent.actor.concat(" ").concat(AuditEvent.actor_address).concat(" ").concat(AuditEvent.subject)
        query = query.where(fn.LOWER(said).contains(word.lower()))
    return query


def _midnight(day: date, time_zone: str) -> datetime:
    return datetime.combine(day, time(0), ZoneInfo(time_zone))
