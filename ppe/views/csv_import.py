"""User Management > CSV Import: a file of people, looked at before anything is written."""

from typing import Any

from flask import Blueprint, Response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from htmx_flask import request
from werkzeug.datastructures import FileStorage

from ppe import tasks, work
from ppe.clock import utcnow
from ppe.csv_import import review, upload
from ppe.csv_import.person import ROLES
from ppe.db import database
from ppe.errors import Refused
from ppe.models import ADMIN, END_USER, CsvImport
from ppe.sync.fields import TYPE_WORDS
from ppe.views import csv_lines
from ppe.views.access import admin_required, current_admin_name, current_organization

bp = Blueprint("csv_import", __name__, url_prefix="/csv-import")

ROLE_CHOICES = {role: TYPE_WORDS[role] for role in ROLES}


@bp.url_value_preprocessor
def _larger(endpoint: str | None, _: dict[str, Any] | None) -> None:
    """An administrator may send a large file here, before anything has looked into the request. Nobody else may."""
    if endpoint == f"{bp.name}.take" and request.method == "POST":
        with database.connection_context():
            if current_user.is_authenticated and current_user.type == ADMIN and not current_user.read_only:
                request.max_content_length = upload.LARGEST_FILE


@bp.get("")
@admin_required
def page() -> ResponseReturnValue:
    """The form for a file, and the latest imports."""
    return _page({"default_role": END_USER, "send_welcome_mails": False})


@bp.post("")
@admin_required
def take() -> ResponseReturnValue:
    """Store a file, and have its lines read."""
    typed = {
        "default_role": request.form.get("default_role", ""),
        "send_welcome_mails": "send_welcome_mails" in request.form,
    }
    try:
        file, by_name = _sent(), current_admin_name()
        one = upload.take(
            current_organization(), file.stream, file.filename or "", by_name=by_name, now=utcnow(), **typed
        )
    except Refused as refused:
        return _page(typed, {refused.field or "form": refused.sentence}), 422
    tasks.import_csv(one.id)
    return redirect(url_for(".one", import_id=one.id), 303)


@bp.get("/<int:import_id>")
@admin_required
def one(import_id: int) -> ResponseReturnValue:
    """One import: how far it is read, its lines to look at, or its result."""
    return render_template("csv_import/one.html", **csv_lines.gather(mine(import_id), request.args))


@bp.get("/<int:import_id>/status")
@admin_required
def status(import_id: int) -> ResponseReturnValue:
    """The live region by itself, asked for every second while something is going on."""
    found = mine(import_id)
    if work.needs_worker(found, utcnow()):
        tasks.import_csv(found.id)
    return render_template("csv_import/_import.html", is_fragment=True, **csv_lines.gather(found, request.args))


@bp.get("/<int:import_id>/bad-lines.csv")
@admin_required
def download(import_id: int) -> ResponseReturnValue:
    """The lines that were left out, each with its number and the reason, streamed."""
    found = mine(import_id)
    review.record_export(found, current_admin_name(), utcnow())
    headers = {
        "Content-Disposition": f"attachment; filename=csv-import-{found.id}-bad-lines.csv",
        "Cache-Control": "no-store",
    }
    return Response(csv_lines.left_out(found), mimetype="text/csv", headers=headers)


def _sent() -> FileStorage:
    file: FileStorage | None = request.files.get("file")
    if file is None or not file.filename:
        raise Refused("Choose a file.", "file")
    return file


def mine(import_id: int) -> CsvImport:
    """The import of the signed-in account's own organisation; anybody else's does not exist."""
    return review.of(current_organization().id, import_id)


def _page(typed: dict[str, Any], wrong: dict[str, str] | None = None) -> str:
    return render_template(
        "csv_import/page.html",
        latest=review.latest(current_organization().id),
        roles=ROLE_CHOICES,
        megabytes=upload.LARGEST_FILE // 1024 // 1024,
        typed=typed,
        wrong=wrong or {},
    )
