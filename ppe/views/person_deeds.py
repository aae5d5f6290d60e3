"""What is done with one person by a button: deactivate, activate, remove, restore."""

from collections.abc import Callable

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from ppe import people, people_restored
from ppe.clock import utcnow
from ppe.errors import Refused
from ppe.listings import Row
from ppe.views.access import admin_required
from ppe.views.people import row_of, seen

bp = Blueprint("person_deeds", __name__, url_prefix="/users")


@bp.post("/<int:account_id>/deactivate")
@admin_required
def deactivate(account_id: int) -> ResponseReturnValue:
    """End somebody's sign-in and mail, until an administrator lets them have both again."""
    return _set_active(account_id, active=False)


@bp.post("/<int:account_id>/activate")
@admin_required
def activate(account_id: int) -> ResponseReturnValue:
    """Let somebody sign in and get mail again."""
    return _set_active(account_id, active=True)


@bp.get("/<int:account_id>/remove")
@admin_required
def removal(account_id: int) -> ResponseReturnValue:
    """Ask before somebody is removed."""
    return render_template("users/remove.html", row=row_of(account_id))


@bp.post("/<int:account_id>/remove")
@admin_required
def remove(account_id: int) -> ResponseReturnValue:
    """Remove somebody, for 30 days and then for good."""
    row = row_of(account_id)
    exempt = "exempt" in request.form and row.account.is_synced
    return _done(
        row, f"{row.account.display_name} is removed. For 30 days it can be restored here.",
        lambda: people.remove(row.account.organization_id, [seen()], current_user, utcnow(), exempt=exempt),
    )  # fmt: skip


@bp.get("/<int:account_id>/restore")
@admin_required
def restoration(account_id: int) -> ResponseReturnValue:
    """Ask before somebody comes back, and say which addresses do not."""
    row = row_of(account_id)
    return render_template("users/restore.html", row=row, lost=people_restored.lost_addresses(row.account))


@bp.post("/<int:account_id>/restore")
@admin_required
def restore(account_id: int) -> ResponseReturnValue:
    """Bring somebody back."""
    row = row_of(account_id)
    return _done(
        row, f"{row.account.display_name} is restored.",
        lambda: people_restored.restore(row.account.organization_id, [seen()], current_user, utcnow()),
    )  # fmt: skip


def _set_active(account_id: int, *, active: bool) -> ResponseReturnValue:
    row = row_of(account_id)
    return _done(
        row, f"{row.account.display_name} is {'active' if active else 'not active'} now.",
        lambda: people.set_active(
            row.account.organization_id, [seen()], current_user, utcnow(), active=active
        ),
    )  # fmt: skip


def _done(row: Row, sentence: str, deed: Callable[[], None]) -> ResponseReturnValue:
    try:
        deed()
    except Refused as refused:
        flash(refused.sentence, "danger")
    else:
        flash(sentence, "success")
    return redirect(url_for("users.one", account_id=row.account.id), 303)
