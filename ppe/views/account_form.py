"""The form of a person or of a functional account: add one by hand, or edit one."""

import json
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from ppe import overtaken, tasks
from ppe.clock import utcnow
from ppe.errors import Refused
from ppe.lists.listings import Row
from ppe.models import ADMIN, END_USER, SILENT_USER
from ppe.people import by_hand, details
from ppe.people.by_hand import Edit
from ppe.people.details import Details
from ppe.people.functional_details import ACCOUNT_TYPES
from ppe.sync import fields
from ppe.views import functional_accounts, users
from ppe.views.access import admin_required, current_organization
from ppe.views.by_hand import exemption_of, family, row_of, seen, wants_exemption

CHOICES = {
    "roles": {role: fields.TYPE_WORDS[role] for role in (END_USER, SILENT_USER, ADMIN)},
    "account_types": {kind: fields.GROUP_KIND_WORDS[kind] for kind in ACCOUNT_TYPES},
}


@users.bp.get("/new")
@functional_accounts.bp.get("/new")
@admin_required
def new() -> ResponseReturnValue:
    """The form for one more."""
    return _empty(family().blank, {}, welcome=True)


@users.bp.post("/new")
@functional_accounts.bp.post("/new")
@admin_required
def add() -> ResponseReturnValue:
    """Add one by hand; a person gets a welcome mail if it is wanted and of use."""
    wanted, welcome = family().typed(request.form, family().blank), "welcome" in request.form
    organization_id = current_organization().id
    wrong = family().problems(organization_id, wanted, None, 0)
    if not wrong:
        try:
            (made,) = by_hand.add(organization_id, [wanted], current_user, utcnow(), welcome=welcome)
        except Refused as refused:
            wrong = {refused.field or "form": refused.sentence}
        else:
            tasks.post()
            flash(f"{wanted.display_name} is added.", "success")
            return redirect(url_for(".one", account_id=made), 303)
    return _empty(wanted, wrong, welcome=welcome), 422


@users.bp.get("/<int:account_id>/edit")
@functional_accounts.bp.get("/<int:account_id>/edit")
@admin_required
def form(account_id: int) -> ResponseReturnValue:
    """The form of an account, as it stands."""
    row = row_of(account_id)
    if row.account.removed_at:
        return redirect(url_for(".one", account_id=account_id), 303)
    return _filled(row, _details(row))


@users.bp.post("/<int:account_id>/edit")
@functional_accounts.bp.post("/<int:account_id>/edit")
@admin_required
def edit(account_id: int) -> ResponseReturnValue:
    """Save an account. A form that somebody else overtook is refused, and says what changed meanwhile."""
    row = row_of(account_id)
    now = _details(row)
    wanted = family().typed(request.form, now)
    if request.form.get("version") != str(row.account.version):
        before = overtaken.remembered(request.form.get("seen", ""), now)
        told = fields.differences(before.told(), now.told())
        changed = [(label, was, is_now) for label, was, is_now in told if was != is_now]
        return _filled(row, overtaken.touched(before, wanted, now), {"form": by_hand.CHANGED}, changed), 409
    wrong = family().problems(row.account.organization_id, wanted, now, account_id)
    if wrong:
        return _filled(row, wanted, wrong), 422
    exempt = wants_exemption(row)
    try:
        edits = [Edit(seen(), wanted)]
        changes = by_hand.edit(row.account.organization_id, edits, current_user, utcnow(), exempt=exempt)
    except Refused as refused:
        return _filled(row, wanted, {refused.field or "form": refused.sentence}), 422
    flash("Saved." if changes or exempt else "Nothing was changed.", "success" if changes or exempt else "info")
    return redirect(url_for(".one", account_id=account_id), 303)


def _details(row: Row) -> Details:
    return details.of(row.account, row.primary, row.aliases)


def _empty(typed: Details, wrong: dict[str, str], *, welcome: bool) -> str:
    return render_template(family().form, row=None, changed=None, typed=typed, wrong=wrong, welcome=welcome, **CHOICES)


def _filled(row: Row, typed: Details, wrong: dict[str, str] | None = None, changed: Any = None) -> str:
    return render_template(
        family().form, row=row, typed=typed, wrong=wrong or {}, changed=changed, exemption=exemption_of(row),
        seen=json.dumps(_details(row).told()), **CHOICES,
    )  # fmt: skip
