"""The review of a CSV import: tick and untick, press Import, or cancel."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from htmx_flask import request

from ppe import tasks
from ppe.clock import utcnow
from ppe.csv_import import review
from ppe.errors import Refused
from ppe.models import APPLYING, CsvImport
from ppe.views import csv_lines
from ppe.views.access import admin_required, current_admin_name
from ppe.views.csv_import import mine
from ppe.views.ticks import numbers

bp = Blueprint("csv_review", __name__, url_prefix="/csv-import/<int:import_id>")


@bp.post("/ticks")
@admin_required
def tick_lines(import_id: int) -> ResponseReturnValue:
    """Take over the ticks of the lines on the page; with htmx each by itself, as soon as it is set."""
    found = mine(import_id)
    if request.htmx:
        review.tick(found, numbers("shown"), numbers("ticked"))
        return render_template("csv_import/_ticked.html", **csv_lines.gather(mine(import_id), request.form))
    try:
        review.tick(found, numbers("shown"), numbers("ticked"))
    except Refused as refused:
        flash(refused.sentence, "warning")
    else:
        flash("The ticks are saved. Nothing is imported yet.", "success")
    return _back(found)


@bp.post("/accept")
@admin_required
def accept(import_id: int) -> ResponseReturnValue:
    """**Import**: make accounts of what is ticked, as it was seen."""
    found = mine(import_id)
    if found.state == APPLYING:
        return _back(found)
    try:
        review.require_same_elsewhere(found, numbers("shown"), request.form.get("ticked_elsewhere", -1, type=int))
        review.tick(found, numbers("shown"), numbers("ticked"))
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


def _back(found: CsvImport) -> ResponseReturnValue:
    """The page of the list that the click came from."""
    place: dict[str, Any] = {
        name: request.form[name] for name in ("lines", "after", "before") if request.form.get(name)
    }
    return redirect(url_for("csv_import.one", import_id=found.id, **place), 303)
