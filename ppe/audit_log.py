"""The audit log as it is read: newest first, filtered, page by page by key, so that the millionth row costs as little
as the first."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from ppe import audit, audit_words
from ppe.db import execute, stamp
from ppe.models import Account, AuditEvent
from ppe.sql_parts import Part, every

ROWS_PER_PAGE = 50
ROWS_AT_ONCE = 1_000  # of a file, which is as long as the log


@dataclass(frozen=True, slots=True)
class Filter:
    """What somebody looks for: words of who or of what it was about, or their beginnings; one account that it was
    about; one kind of deed; and days of the organisation's own calendar, both included."""

    text: str = ""
    account_id: int = 0
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


def page(
    organization_id: int, time_zone: str, wanted: Filter, before: int | None = None, size: int = ROWS_PER_PAGE
) -> Page:
    """The newest events, or those before one of them."""
    last = AuditEvent.get_or_none(AuditEvent.organization == organization_id, AuditEvent.id == (before or 0))
    asked = audit_words.Wanted(wanted.action, wanted.account_id, partial(_when, wanted, time_zone, last))
    numbers = audit_words.newest(organization_id, audit_words.asked(wanted.text), asked, size + 1)
    found = {event.id: event for event in AuditEvent.select().where(AuditEvent.id.in_(numbers[:size]))}
    rows = [found[number] for number in numbers[:size]]
    return Page(rows, rows[-1].id if len(numbers) > size else None)


def export(organization_id: int, time_zone: str, wanted: Filter) -> Iterator[AuditEvent]:
    """Every event that the filter finds, the newest first, without holding them all."""
    before = None
    while True:
        some = page(organization_id, time_zone, wanted, before, ROWS_AT_ONCE)
        yield from some.rows
        before = some.older
        if before is None:
            return


def record_export(organization_id: int, by_name: str, wanted: Filter, about: Account | None, now: datetime) -> None:
    """Taking the log home is on record too, with the filter that said what of it."""
    subject = audit.Of(about.display_name, about.id) if about else ""
    asked = {name: str(value) for name, value in asdict(wanted).items() if value and name != "account_id"}
    audit.record(organization_id, by_name, "audit log exported", subject, {"filter": asked} if asked else {}, now=now)


def actions(organization_id: int) -> list[str]:
    """The kinds of deeds that there are on record, by name."""
    found: list[str] = []
    statement = "SELECT MIN(action) FROM audit_event WHERE organization_id = ? AND action > ?"
    # From one to the next along the index: a million events are not looked at for a handful of deeds.
    while (following := execute(statement, (organization_id, found[-1] if found else "")).fetchone()[0]) is not None:
        found.append(following)
    return sorted(found, key=str.casefold)


def _when(wanted: Filter, time_zone: str, last: AuditEvent | None, at: str, number: str) -> Part:
    """Within the days that are asked for, and before the last one that was shown."""
    parts = []
    if wanted.first_day:
        parts.append(Part(f"{at} >= ?", (_midnight(wanted.first_day, time_zone),)))
    if wanted.last_day:
        parts.append(Part(f"{at} < ?", (_midnight(wanted.last_day + timedelta(days=1), time_zone),)))
    if last:
        parts.append(Part(f"{at} <= ?", (stamp(last.at),)))  # said twice: not every index has the number, too
        parts.append(Part(f"({at}, {number}) < (?, ?)", (stamp(last.at), last.id)))
    return every(*parts)


def _midnight(day: date, time_zone: str) -> str:
    return stamp(datetime.combine(day, time(0), ZoneInfo(time_zone)))
