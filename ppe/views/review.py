"""The review of a run: tick and untick, exempt, import as functional account, and press Sync Active Directory."""

from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from htmx_flask import request

from ppe import tasks
from ppe.clock import utcnow
from ppe.errors import Refused
from ppe.models import SyncChange, SyncRun
from ppe.sync import review
from ppe.views import run_page
from ppe.views.access import admin_required
from ppe.views.runs import run_of

bp = Blueprint("review", __name__, url_prefix="/import-sync/runs/<int:run_id>")

TICKS_MOVED = "The ticks were changed after you opened this page. Nothing was applied: please look again."


@bp.post("/ticks")
@admin_required
def tick_rows(run_id: int) -> ResponseReturnValue:
    """Take over the ticks of the rows on the page."""
    run = run_of(run_id)
    try:
        _take_over_ticks(run)
    except Refused as refused:
        flash(refused.sentence, "warning")
        return _show(run_id)
    if request.htmx:
        return render_template("runs/_ticked.html", **run_page.gather(run, request.form))
    return _show(run_id)


@bp.post("/tick-all")
@admin_required
def tick_all(run_id: int) -> ResponseReturnValue:
    """Tick or untick a whole section, or those of it that a filter finds."""
    run = run_of(run_id)
    try:
        review.tick(
            run,
            request.form.get("ticked") == "yes",
            section=request.form.get("section"),
            text=request.form.get("text", "").strip()[:200],
        )
    except Refused as refused:
        flash(refused.sentence, "warning")
    return _show(run_id)


@bp.post("/exempt")
@admin_required
def exempt(run_id: int) -> ResponseReturnValue:
    """**Exempt From Sync** of one row, or **Exempt Selected** of many; it takes effect at once."""
    run = run_of(run_id)
    reason = request.form.get("reason", "").strip()[:500]
    try:
        count = review.exempt(run, _selected(), reason, _last_day(), current_user.display_name, utcnow())
    except Refused as refused:
        flash(refused.sentence, "warning")
    else:
        flash(f"{count} exempted: every sync leaves them alone from now on.", "success")
    return _show(run_id)


@bp.post("/functional")
@admin_required
def import_as_functional(run_id: int) -> ResponseReturnValue:
    """**Import as functional account**: the blocked mailbox joins the section Adding."""
    run = run_of(run_id)
    try:
        review.import_as_functional(run, request.form.get("only", 0, type=int), current_user.display_name, utcnow())
    except Refused as refused:
        flash(refused.sentence, "warning")
    else:
        flash("It will be added as a functional account: see Adding.", "success")
    return _show(run_id)


@bp.post("/accept")
@admin_required
def accept(run_id: int) -> ResponseReturnValue:
    """**Sync Active Directory**: apply what is ticked, as it was seen."""
    run = run_of(run_id)
    try:
        _require_same_elsewhere(run)
        _take_over_ticks(run)
        _require_none_behind(run)
        review.accept(run, current_user.display_name, utcnow())
    except Refused as refused:
        flash(refused.sentence, "warning")
    else:
        tasks.sync(run.id)
    return redirect(url_for("runs.page", run_id=run_id), 303)


def _take_over_ticks(run: SyncRun) -> None:
    """Only what the reader ticked or unticked on the page counts: what stood there is told by the form itself."""
    ticked, before = set(_numbers("ticked")), set(_numbers("was"))
    if ticked - before:
        review.tick(run, True, change_ids=sorted(ticked - before))
    if before - ticked:
        review.tick(run, False, change_ids=sorted(before - ticked))


def _require_same_elsewhere(run: SyncRun) -> None:
    """The ticks outside the page must still be those that the form was made with."""
    if run_page.ticked_elsewhere(run, _numbers("shown")) != request.form.get("ticked_elsewhere", type=int):
        raise Refused(TICKS_MOVED)


def _require_none_behind(run: SyncRun) -> None:
    """No row that the form shows unticked may be ticked nevertheless, unless by a link to one that was ticked."""
    unticked = set(_numbers("shown")) - set(_numbers("ticked"))
    behind = SyncChange.select().where(
        SyncChange.run == run, SyncChange.id.in_(list(unticked) or [0]), SyncChange.ticked, SyncChange.link.is_null()
    )
    if behind.exists():
        raise Refused(TICKS_MOVED)


def _selected() -> list[int]:
    """The one row whose button was pressed, else those that were selected."""
    chosen = _numbers("only") or _numbers("chosen")
    if not chosen:
        raise Refused("First select the rows that the sync should leave alone.")
    return chosen


def _numbers(name: str) -> list[int]:
    return [int(text) for text in request.form.getlist(name) if text.isascii() and text.isdigit() and len(text) < 19]


def _last_day() -> date | None:
    """Raises Refused for what is no day."""
    text = request.form.get("last_day", "").strip()
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Refused("Write the last day as year-month-day, such as 2027-03-31, or leave it empty.") from None


def _show(run_id: int) -> ResponseReturnValue:
    """The place in the list where the click came from: the live region for htmx, else the page."""
    place: dict[str, Any] = {name: request.form[name] for name in ("section", "text", "page") if request.form.get(name)}
    if request.htmx:
        region = render_template("runs/_run.html", is_fragment=True, **run_page.gather(run_of(run_id), place))
        return region, {"HX-Retarget": "#run", "HX-Reswap": "outerHTML"}
    return redirect(url_for("runs.page", run_id=run_id, **place), 303)
