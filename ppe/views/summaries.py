"""Import & Sync > Run history > Daily summary: what the mail of a morning says, and what the next one would say now."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from ppe.clock import utcnow
from ppe.errors import NotFound
from ppe.sync import connection as connections
from ppe.sync import schedule, summary
from ppe.views.access import admin_required, current_organization

bp = Blueprint("summaries", __name__, url_prefix="/import-sync/summary")

FIRST_DAY = date(2020, 1, 1)
DAY = timedelta(days=1)


@bp.get("")
@admin_required
def today() -> ResponseReturnValue:
    """What has happened since the last summary."""
    now, organization = utcnow(), current_organization()
    since = schedule.summary_moment(organization.time_zone, now)
    if connections.of(organization.id).sync_frequency and organization.summary_until:
        since = min(since, organization.summary_until)
    return _page(since, now, now, None)


@bp.get("/<day>")
@admin_required
def page(day: str) -> ResponseReturnValue:
    """The summary of one morning; `since` is where the mail began, when that was not the morning before."""
    now, of = utcnow(), _day(day)
    until = _six_o_clock(of)
    if until > now:
        raise NotFound("This day's summary is not complete yet.")
    begin = _moment(request.args.get("since", "")) or _six_o_clock(of - DAY)
    return _page(begin if begin < until else _six_o_clock(of - DAY), until, now, of)


def _page(since: datetime, until: datetime, now: datetime, of: date | None) -> str:
    found = summary.gather(current_organization(), since, until, now)
    newest = schedule.summary_moment(found.zone, now).astimezone(ZoneInfo(found.zone)).date()
    return render_template(
        "summaries/page.html",
        summary=found,
        of=of,
        before=of - DAY if of else newest,
        after=of + DAY if of and of < newest else None,
        is_mail=False,
        base="",
    )


def _day(text: str) -> date:
    """Raises NotFound for what is no day, or one so long ago that no summary has it."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        raise NotFound("There is no such day.") from None
    if not FIRST_DAY < found <= utcnow().date() + DAY:
        raise NotFound("There is no summary of this day.")
    return found


def _moment(text: str) -> datetime | None:
    """A moment of the last years, as the mail writes it; None for anything else."""
    try:
        found = datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return found if found.date() > FIRST_DAY else None


def _six_o_clock(of: date) -> datetime:
    zone = current_organization().time_zone
    return schedule.summary_moment(zone, datetime.combine(of, time(23), ZoneInfo(zone)))
