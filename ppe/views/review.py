"""The review of a run: tick and untick, exempt, convert to functional account, and press Sync Active Directory."""

from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from htmx_flask import request
from markupsafe import Markup

from ppe import tasks
from ppe.clock import utcnow
from ppe.errors import Refused
from ppe.models import SyncRun
from ppe.sync import conversion_choice, review
from ppe.views import run_page, ticks
from ppe.views.access import admin_required, current_admin_name
from ppe.views.runs import run_of
from ppe.views.words import plural

bp = Blueprint("review", __name__, url_prefix="/import-sync/runs/<int:run_id>")

EXEMPTED = Markup(
    "{} exempted: every sync leaves them alone from now on. "
    'To take that back, end the exemption under <a href="{}">Exemptions</a>.'
)


@bp.post("/ticks")
@admin_required
def tick_rows(run_id: int) -> ResponseReturnValue:
    """Take over the ticks of the rows on the page."""
    run = run_of(run_id)
    try:
        ticks.take_over(run)
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
    place = _place_in_list(run)
    reason = request.form.get("reason", "").strip()[:500]
    try:
        count = review.exempt(run, _selected("be left alone"), reason, _last_day(), current_admin_name(), utcnow())
    except Refused as refused:
        flash(refused.sentence, "warning")
    else:
        flash(EXEMPTED.format(count, url_for("exemptions.page")), "success")
    return _show(run_id, place)


@bp.post("/functional")
@admin_required
def convert(run_id: int) -> ResponseReturnValue:
    """**Convert to functional account** of one row, or **Convert Selected** of many; it becomes true with the list."""
    run = run_of(run_id)
    place = _place_in_list(run)
    try:
        selected = _selected("become functional accounts")
        count, left_out = conversion_choice.choose(run, selected, current_user, utcnow())
    except Refused as refused:
        flash(refused.sentence, "warning")
        return _show(run_id, place)
    if count:
        flash(f"{plural(count, 'row')} will add or keep a functional account: see Adding and Updating.", "success")
    for name, why in left_out.items():
        flash(f"{name} is left as it is. {why}", "warning")
    return _show(run_id, place)


@bp.post("/accept")
@admin_required
def accept(run_id: int) -> ResponseReturnValue:
    """**Sync Active Directory**: apply what is ticked, as it was seen."""
    run = run_of(run_id)
    try:
        ticks.require_same_elsewhere(run)
        ticks.take_over(run)
        ticks.require_none_behind(run)
        review.accept(run, current_admin_name(), utcnow(), request.form.get("confirmed", "")[:20])
    except Refused as refused:
        if refused.field:
            return _beside(run_id, refused), 422
        flash(refused.sentence, "warning")
    else:
        tasks.sync(run.id)
    return redirect(url_for("runs.page", run_id=run_id), 303)


def _selected(to: str) -> list[int]:
    """The one row whose button was pressed, else those that were selected."""
    chosen = ticks.numbers("only") or ticks.numbers("chosen")
    if not chosen:
        raise Refused(f"First select the rows that are to {to}.")
    return chosen


def _place_in_list(run: SyncRun) -> int:
    """Where on its page of the list the row stands whose button was pressed; the end, for the buttons beneath it."""
    asked, pressed = request.form.get, ticks.numbers("only")
    text, number = asked("text", "").strip()[:200], run_page.number(asked("page"))
    listed = review.rows(run, asked("section", ""), text, page=number).rows
    return next((place for place, row in enumerate(listed) if row.id in pressed), len(listed))


def _last_day() -> date | None:
    """Raises Refused for what is no day."""
    text = request.form.get("last_day", "").strip()
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Refused("Write the last day as year-month-day, such as 2027-03-31, or leave it empty.") from None


def _beside(run_id: int, refused: Refused) -> str:
    """The page with what is wrong beside its field; what was ticked and typed stays."""
    gathered = run_page.gather(run_of(run_id), request.form)
    return render_template("runs/page.html", wrong={refused.field: refused.sentence}, **gathered)


def _show(run_id: int, answer_at: int | None = None) -> ResponseReturnValue:
    """Where the click came from: the live region for htmx, else the page.

    The answer stands before the row that is the `answer_at`th now, where its reader looks; else above everything.
    """
    asked: dict[str, Any] = {name: request.form[name] for name in ("section", "text", "page") if request.form.get(name)}
    if request.htmx:
        gathered = run_page.gather(run_of(run_id), asked)
        if answer_at is not None:
            gathered["answer_at"] = min(answer_at, len(gathered["rows"]))
        region = render_template("runs/_run.html", is_fragment=True, **gathered)
        return region, {"HX-Retarget": "#run", "HX-Reswap": "outerHTML"}
    return redirect(url_for("runs.page", run_id=run_id, **asked), 303)
