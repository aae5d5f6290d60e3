"""The form of a person: add one by hand, or edit one."""

import json
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from ppe import exemptions, listings, people, person_details, tasks
from ppe.clock import utcnow
from ppe.errors import Refused
from ppe.listings import Row
from ppe.models import ADMIN, END_USER, PERSON_TYPES, SILENT_USER
from ppe.people import Edit, Seen
from ppe.person_details import Details
from ppe.sync import fields
from ppe.views.access import admin_required, current_organization

bp = Blueprint("people", __name__, url_prefix="/users")

ROLES = {role: fields.TYPE_WORDS[role] for role in (END_USER, SILENT_USER, ADMIN)}


@bp.get("/new")
@admin_required
def new() -> ResponseReturnValue:
    """The form for one more person."""
    return render_template("users/form.html", row=None, typed=Details(), roles=ROLES, wrong={}, welcome=True)


@bp.post("/new")
@admin_required
def add() -> ResponseReturnValue:
    """Add a person by hand, with a welcome mail if it is wanted and of use."""
    wanted, welcome = person_details.typed(request.form), "welcome" in request.form
    organization_id = current_organization().id
    wrong = person_details.problems(organization_id, wanted)
    if not wrong:
        try:
            (made,) = people.add(organization_id, [wanted], current_user, utcnow(), welcome=welcome)
        except Refused as refused:
            wrong = {refused.field or "form": refused.sentence}
        else:
            tasks.post()
            flash(f"{wanted.display_name} is added.", "success")
            return redirect(url_for("users.one", account_id=made), 303)
    return render_template("users/form.html", row=None, typed=wanted, roles=ROLES, wrong=wrong, welcome=welcome), 422


@bp.get("/<int:account_id>/edit")
@admin_required
def form(account_id: int) -> ResponseReturnValue:
    """The form of a person, as they stand."""
    row = row_of(account_id)
    if row.account.removed_at:
        return redirect(url_for("users.one", account_id=account_id), 303)
    return _form(row, _details(row))


@bp.post("/<int:account_id>/edit")
@admin_required
def edit(account_id: int) -> ResponseReturnValue:
    """Save a person. A form that somebody else overtook is refused, and says what changed meanwhile."""
    row = row_of(account_id)
    now, wanted = _details(row), person_details.typed(request.form)
    if request.form.get("version") != str(row.account.version):
        before = _seen_before(now)
        changed = fields.differences(before.told(), now.told())
        return _form(row, people.touched(before, wanted, now), {"form": people.CHANGED}, changed), 409
    wrong = person_details.problems(row.account.organization_id, wanted, now, account_id)
    if wrong:
        return _form(row, wanted, wrong), 422
    exempt = "exempt" in request.form and row.account.is_synced
    try:
        edits = [Edit(seen(), wanted)]
        changes = people.edit(row.account.organization_id, edits, current_user, utcnow(), exempt=exempt)
    except Refused as refused:
        return _form(row, wanted, {refused.field or "form": refused.sentence}), 422
    flash("Saved." if changes or exempt else "Nothing was changed.", "success" if changes or exempt else "info")
    return redirect(url_for("users.one", account_id=account_id), 303)


def row_of(account_id: int) -> Row:
    """One person of the signed-in account's own organisation; anybody else's does not exist."""
    return listings.one(current_organization().id, PERSON_TYPES, account_id)


def _details(row: Row) -> Details:
    return person_details.of(row.account, row.primary, row.aliases)


def seen() -> Seen:
    """The person at the version that the page showed."""
    version = request.form.get("version", "")
    good = version.isascii() and version.isdigit() and len(version) < 10
    return Seen((request.view_args or {})["account_id"], int(version) if good else 0)


def _seen_before(now: Details) -> Details:
    """How the person stood when the form was opened, as the form remembers it."""
    try:
        told = json.loads(request.form.get("seen", ""))
        return Details(**(told | {"aliases": tuple(told["aliases"])}))
    except (ValueError, TypeError, KeyError):
        return now


def _form(row: Row, typed: Details, wrong: dict[str, str] | None = None, changed: Any = ()) -> str:
    exemption = exemptions.covering(row.account, row.primary, utcnow().date())
    return render_template(
        "users/form.html", row=row, typed=typed, roles=ROLES, wrong=wrong or {}, changed=changed,
        exemption=exemption, seen=json.dumps(_details(row).told()),
    )  # fmt: skip
