"""The review: look through the plan, tick and untick, exempt, import, accept. All on the server, in sets."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import structlog
from peewee import IntegrityError, fn

from ppe import audit, exemptions
from ppe.db import database
from ppe.errors import NotFound, Refused
from ppe.mail_addresses import spelled
from ppe.models import (
    APPLYING,
    EXEMPT,
    REVIEW,
    SECTIONS,
    TICKABLE,
    SyncChange,
    SyncChangeMember,
    SyncRun,
)
from ppe.sync.acceptance import keep_open, require_confirmed, require_open
from ppe.sync.report import TITLES, UNDO_TITLES, Line, lines

log = structlog.get_logger()

ROWS_PER_PAGE = 50


@dataclass(frozen=True, slots=True)
class Section:
    """One section of the review, with how many rows it has and how many of them are ticked."""

    name: str
    title: str
    count: int
    ticked: int

    @property
    def can_tick(self) -> bool:
        """Whether its rows are changes that can be carried out."""
        return self.name in TICKABLE


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a section."""

    rows: Sequence[SyncChange]
    total: int
    number: int
    last: int


def sections(run: SyncRun) -> list[Section]:
    """All sections in the order of the page, the empty ones too."""
    ticked = fn.COUNT(1).filter(SyncChange.ticked)
    counted: Any = (
        SyncChange.select(SyncChange.section, fn.COUNT(1), ticked)
        .where(SyncChange.run == run)
        .group_by(SyncChange.section)
        .tuples()
    )
    counts = {section: (count, chosen) for section, count, chosen in counted}
    titles = TITLES if run.undoes_id is None else UNDO_TITLES
    return [Section(name, titles[name], *counts.get(name, (0, 0))) for name in SECTIONS]


def rows(run: SyncRun, section: str, text: str = "", outcome: str | None = None, page: int = 1) -> Page:
    """One page of a section, by name, filtered by text and for a result by outcome (`none` means not ticked)."""
    query = _filtered(run, section, text)
    if outcome is not None:
        query = query.where(SyncChange.outcome.is_null() if outcome == "none" else SyncChange.outcome == outcome)
    total = query.count()
    last = max(1, -(-total // ROWS_PER_PAGE))
    number = min(max(1, page), last)
    ordered = query.order_by(SyncChange.sort_key, SyncChange.id).paginate(number, ROWS_PER_PAGE)
    return Page(list(ordered), total, number, last)


def members(change: SyncChange, *, joins: bool, limit: int) -> tuple[list[str], int]:
    """The first names of those who join (or leave) a group, and how many there are."""
    query = SyncChangeMember.select(SyncChangeMember.name).where(
        SyncChangeMember.change == change, SyncChangeMember.joins == joins
    )
    first: Any = query.order_by(SyncChangeMember.name).limit(limit).tuples()
    return [name for (name,) in first], query.count()


def tick(
    run: SyncRun,
    ticked: bool,
    *,
    section: str | None = None,
    text: str = "",
    change_ids: Sequence[int] | None = None,
) -> int:
    """Tick or untick: rows by id, a section, or what a filter finds in it. Linked rows follow, whatever section.

    Raises:
        Refused: the list is not complete yet, or not open any more.
    """
    require_open(run)
    if change_ids is not None:
        chosen = SyncChange.select(SyncChange.id).where(SyncChange.run == run, SyncChange.id.in_(list(change_ids)))
    else:
        chosen = _filtered(run, section or "", text).select(SyncChange.id)
    with database.atomic():
        keep_open(run)
        links = SyncChange.select(SyncChange.link).where(SyncChange.id.in_(chosen), SyncChange.link.is_null(False))
        torn = SyncChange.select(SyncChange.link).where(
            SyncChange.run == run, SyncChange.link.is_null(False), SyncChange.section.not_in(TICKABLE)
        )
        allowed = SyncChange.link.is_null() | SyncChange.link.not_in(torn)
        return int(
            SyncChange.update(ticked=ticked)
            .where(
                SyncChange.run == run,
                SyncChange.section.in_(TICKABLE),
                SyncChange.id.in_(chosen) | SyncChange.link.in_(links),
                allowed if ticked else True,
            )
            .execute()
        )


def exempt(
    run: SyncRun, change_ids: Sequence[int], reason: str, last_day: date | None, by_name: str, now: datetime
) -> int:
    """Exempt rows from sync, at once and for later runs too: they move to their section, linked rows are unticked.

    Raises:
        Refused: the list is not complete yet, or not open any more, or the last day is over.
    """
    require_open(run)
    chosen = list(
        SyncChange.select().where(
            SyncChange.run == run, SyncChange.id.in_(list(change_ids)), SyncChange.section != EXEMPT
        )
    )
    with database.atomic():
        keep_open(run)
        exemptions.add_many(
            run.organization_id,
            [
                {"object_id": change.object_id, "address": change.address or None, "name": change.name}
                for change in chosen
            ],
            reason,
            last_day,
            by_name,
            now,
        )
        links = [change.link for change in chosen if change.link is not None]
        SyncChange.update(ticked=False).where(SyncChange.run == run, SyncChange.link.in_(links)).execute()
        why = f"Exempt from sync: {reason}" if reason else "Exempt from sync."
        SyncChange.update(section=EXEMPT, ticked=False, offer=None, reason=why).where(
            SyncChange.id.in_([change.id for change in chosen])
        ).execute()
    return len(chosen)


def accept(run: SyncRun, by_name: str, now: datetime, confirmed: str = "") -> None:
    """Let the ticked changes be carried out; from here on nothing of the review can be altered.

    `confirmed` is what was typed as a further confirmation, which a list that is over a limit asks for.

    Raises:
        Refused: the review is not open any more, another sync is at work, or the confirmation is not right.
    """
    require_open(run)
    try:
        with database.atomic():
            taken = SyncRun.update(
                state=APPLYING, holds_connection=True, claim=None, accepted_at=now, accepted_by_name=by_name, applied=0
            )
            if not taken.where(SyncRun.id == run.id, SyncRun.state == REVIEW).execute():
                require_open(SyncRun.get_by_id(run.id))
            over_limits = require_confirmed(run, confirmed, now)
            count = SyncChange.select().where(SyncChange.run == run, SyncChange.ticked).count()
            SyncRun.update(to_apply=count).where(SyncRun.id == run.id).execute()
            deed = "sync accepted" if run.undoes_id is None else "undo accepted"
            audit.record(run.organization_id, by_name, deed, f"run {run.id}", _told(run, over_limits), now=now)
    except IntegrityError:
        then = "and use that one" if run.undoes_id is None else "then accept this one"
        raise Refused(f"Another sync is at work. Wait until its list is complete, {then}.") from None
    log.info("run accepted", run=run.id, changes=count)


def _told(run: SyncRun, over_limits: int) -> dict[str, str]:
    """How much of each section was accepted, and how much over a limit was confirmed by typing its number."""
    told = {one.title: f"{one.ticked:,} of {one.count:,}" for one in sections(run) if one.can_tick and one.count}
    return told | ({"confirmed": f"{over_limits:,}"} if over_limits else {})


def record_export(run: SyncRun, by_name: str, now: datetime) -> None:
    """Taking the list home is on record."""
    audit.record(run.organization_id, by_name, "sync list exported", f"run {run.id}", {"state": run.state}, now=now)


def export(run: SyncRun) -> Iterator[SyncChange]:
    """Every row, section by section and by name, without holding them all."""
    ordered = SyncChange.select().where(SyncChange.run == run).order_by(SyncChange.section, SyncChange.sort_key)
    yield from ordered.iterator()


def summary(run: SyncRun) -> list[Line]:
    """What became of the changes, section by section."""
    counted: Any = (
        SyncChange.select(SyncChange.section, SyncChange.outcome, fn.COUNT(1))
        .where(SyncChange.run == run)
        .group_by(SyncChange.section, SyncChange.outcome)
        .tuples()
    )
    return lines(counted)


def change_of(run: SyncRun, change_id: int) -> SyncChange:
    """One row of this run.

    Raises:
        NotFound: the run has no such row.
    """
    change = SyncChange.get_or_none(SyncChange.run == run, SyncChange.id == change_id)
    if change is None:
        raise NotFound("This row is not part of the sync any more.")
    return change


def _filtered(run: SyncRun, section: str, text: str) -> Any:
    query = SyncChange.select().where(SyncChange.run == run, SyncChange.section == section)
    for word in map(spelled, text.split()):
        query = query.where(SyncChange.search_key.contains(word))
    return query
