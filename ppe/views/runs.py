"""The runs of a sync: their history, and the page of one, from its first page pulled to its result."""

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from ppe import domain_claims, domains, tasks
from ppe.clock import utcnow
from ppe.errors import NotFound, Refused
from ppe.models import SyncRun
from ppe.sync import connection as connections
from ppe.sync import review
from ppe.sync import run as runs
from ppe.views import run_csv, run_history, run_page
from ppe.views.access import admin_required, current_admin_name, current_organization

bp = Blueprint("runs", __name__, url_prefix="/import-sync/runs")

MEMBERS_SHOWN = 5000  # of one group, by themselves on a page


def run_of(run_id: int) -> SyncRun:
    """The run of the signed-in account's own organisation; anybody else's does not exist."""
    return runs.of(current_organization().id, run_id)


@bp.get("")
@admin_required
def history() -> ResponseReturnValue:
    """Every run of the organisation, the newest first."""
    return render_template("runs/history.html", **run_history.gather(current_organization().id, request.args))


@bp.post("")
@admin_required
def start() -> ResponseReturnValue:
    """Run again with the settings as they are stored."""
    return _start_anew(send_welcome_mails=False)


@bp.get("/<int:run_id>")
@admin_required
def page(run_id: int) -> ResponseReturnValue:
    """One run: its progress, its review, its failure or its result."""
    return render_template("runs/page.html", **run_page.gather(run_of(run_id), request.args))


@bp.get("/<int:run_id>/status")
@admin_required
def status(run_id: int) -> ResponseReturnValue:
    """The run's live region by itself, asked for every second while something is going on."""
    run = run_of(run_id)
    if runs.is_stalled(run, utcnow()):
        tasks.sync(run.id)
    return render_template("runs/_run.html", is_fragment=True, **run_page.gather(run, request.args))


@bp.post("/<int:run_id>/cancel")
@admin_required
def cancel(run_id: int) -> ResponseReturnValue:
    """Stop before anything is changed."""
    run = run_of(run_id)
    try:
        runs.cancel(run, current_admin_name(), utcnow())
    except Refused as refused:
        flash(refused.sentence, "warning")
    else:
        flash("The sync was cancelled. Nothing was changed.", "success")
    return redirect(url_for(".page", run_id=run_id), 303)


@bp.post("/<int:run_id>/domains")
@admin_required
def register_domains(run_id: int) -> ResponseReturnValue:
    """Register the domains that failed this run, if the tenant still vouches for them, and run again."""
    run = run_of(run_id)
    of_the_tenant = {found["name"] for found in run.unknown_domains}
    chosen = [name for name in request.form.getlist("name") if name in of_the_tenant]
    if not chosen:
        raise NotFound("This run asked for no such domain.")
    try:
        _register(chosen, request.form.get("kind", ""))
    except Refused as refused:
        flash(refused.sentence, "danger")
        return redirect(url_for(".page", run_id=run_id), 303)
    return _start_anew(send_welcome_mails=run.send_welcome_mails)


@bp.get("/<int:run_id>/changes/<int:change_id>/members")
@admin_required
def members(run_id: int, change_id: int) -> ResponseReturnValue:
    """Everybody whom one change adds to a group or takes out of it."""
    run = run_of(run_id)
    change = review.change_of(run, change_id)
    joining = review.members(change, joins=True, limit=MEMBERS_SHOWN)
    leaving = review.members(change, joins=False, limit=MEMBERS_SHOWN)
    return render_template("runs/members.html", run=run, change=change, joining=joining, leaving=leaving)


@bp.get("/<int:run_id>.csv")
@admin_required
def download(run_id: int) -> ResponseReturnValue:
    """Every row of the review or the result as a file, streamed."""
    run = run_of(run_id)
    review.record_export(run, current_admin_name(), utcnow())
    name = f"sync-{run.id}-{run.state}.csv"
    headers = {"Content-Disposition": f"attachment; filename={name}", "Cache-Control": "no-store"}
    return Response(run_csv.lines(run), mimetype="text/csv", headers=headers)


def _register(names: list[str], kind: str) -> None:
    """Register what is not registered yet: the second click finds its work done."""
    organization_id = current_organization().id
    known = {domain.name for domain in domains.registered(organization_id)}
    for name in names:
        if name not in known:
            domain_claims.register(organization_id, name, kind, current_admin_name(), utcnow())


def _start_anew(*, send_welcome_mails: bool) -> ResponseReturnValue:
    """Start a run, or show the one that is at work already."""
    connection = connections.of(current_organization().id)
    try:
        run = runs.start(
            connection,
            by=current_user,
            by_name=current_admin_name(),
            send_welcome_mails=send_welcome_mails,
            now=utcnow(),
        )
    except Refused as refused:
        flash(refused.sentence, "danger")
        return redirect(url_for("import_sync.page"), 303)
    tasks.sync(run.id)
    return redirect(url_for(".page", run_id=run.id), 303)
