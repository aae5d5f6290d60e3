"""The review of a CSV import: tick and untick, press Import, or cancel."""

from typing import Any

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from ppe import tasks
from ppe.clock import utcnow
from ppe.csv_import import review
from ppe.errors import Refused
from ppe.models import APPLYING, CsvImport
from ppe.views.access import admin_required, current_admin_name
from ppe.views.csv_import import mine
from ppe.views.ticks import numbers

bp = Blueprint("csv_review", __name__, url_prefix="/csv-import/<int:import_id>")


@bp.post("/ticks")
@admin_required
def tick_lines(import_id: int) -> ResponseReturnValue:
    """Take over the ticks of the lines on the page."""
    found = mine(import_id)
    if _ticks_taken_over(found):
        flash("The ticks are saved. Nothing is imported yet.", "success")
    return _back(found)


@bp.post("/accept")
@admin_required
def accept(import_id: int) -> ResponseReturnValue:
    """**Import**: make accounts of what is ticked, as it was seen."""
    found = mine(import_id)
    if found.state == APPLYING or not _ticks_taken_over(found):
        return _back(found)
    try:
        review.accept(found, current_admin_name(), utcnow())
    except Refused as refused:
        flash(refused.sentence, "warning")
        return _back(found)
    tasks.import_csv(found.id)
    return redirect(url_for("csv_import.one", import_id=import_id), 303)


@bp.post("/cancel")
@admin_required
def cancel(import_id: int) -> ResponseReturnValue:
    """Stop; whoever is imported already stays."""
    found = mine(import_id)
    try:
        review.cancel(found, current_admin_name(), utcnow())
    except Refused as refused:
        flash(refused.sentence, "warning")
    return redirect(url_for("csv_import.one", import_id=import_id), 303)


def _ticks_taken_over(found: CsvImport) -> bool:
    elsewhere = request.form.get("ticked_elsewhere", -1, type=int)
    try:
        review.tick(found, numbers("shown"), numbers("ticked"), elsewhere)
    except Refused as refused:
        flash(refused.sentence, "warning")
        return False
    return True


def _back(found: CsvImport) -> ResponseReturnValue:
    """The page of the list that the click came from."""
    place: dict[str, Any] = {
        name: request.form[name] for name in ("lines", "after", "before") if request.form.get(name)
    }
    return redirect(url_for("csv_import.one", import_id=found.id, **place), 303)
