"""Undo a finished run, or some of its rows: first what that comes to, then the review of the opposite changes."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from ppe import tasks
from ppe.clock import utcnow
from ppe.errors import Refused
from ppe.models import SyncRun
from ppe.sync import undoing, undone
from ppe.views import ticks
from ppe.views.access import admin_required, current_admin_name
from ppe.views.runs import run_of

bp = Blueprint("undo", __name__, url_prefix="/import-sync/runs/<int:run_id>/undo")

NAMES_SHOWN = 20


@bp.get("")
@admin_required
def page(run_id: int) -> ResponseReturnValue:
    """What undoing would come to; nothing is done by looking."""
    run = run_of(run_id)
    try:
        undoing.require_finished(run)
        chosen = _chosen(run)
    except Refused as refused:
        flash(refused.sentence, "warning")
        return redirect(url_for("runs.page", run_id=run.id), 303)
    parts = undone.outlook(run, chosen)
    left = sum(part.left for part in parts)
    return render_template(
        "runs/undo.html",
        run=run,
        chosen=chosen,
        names=undone.names(run, chosen, NAMES_SHOWN) if chosen else [],
        parts=parts,
        left=left,
        possible=sum(part.possible for part in parts),
        changed=sum(part.changed for part in parts),
        gone=sum(part.gone for part in parts),
        undone_before=(undone.done(run) if chosen is None else undone.done_among(run, chosen)) - left,
    )


@bp.post("")
@admin_required
def start(run_id: int) -> ResponseReturnValue:
    """Begin the undo; its list opens as a review of its own. The second click leads to the list of the first."""
    run = run_of(run_id)
    try:
        begun = undoing.start(run, by=current_user, by_name=current_admin_name(), now=utcnow(), change_ids=_chosen(run))
    except Refused as refused:
        flash(refused.sentence, "warning")
        return redirect(url_for("runs.page", run_id=run.id), 303)
    tasks.sync(begun.id)
    return redirect(url_for("runs.page", run_id=begun.id), 303)


def _chosen(run: SyncRun) -> list[int] | None:
    """The rows that were chosen, with those that hang together with them; None for all of the run.

    Raises:
        Refused: rows were to be chosen, and none was.
    """
    sent = request.form if request.method == "POST" else request.args
    if sent.get("which") != "rows":
        return None
    chosen = undone.with_linked(run, ticks.numbers("only") or ticks.numbers("chosen"))
    if not chosen:
        raise Refused("First select the rows to undo.")
    return chosen
