"""What is done with a person or a functional account by a button: deactivate, activate, remove, restore."""

from collections.abc import Callable

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from ppe.clock import utcnow
from ppe.errors import Refused
from ppe.lists.listings import Row
from ppe.models import PERSON_TYPES
from ppe.people import by_hand, restored
from ppe.views import functional_accounts, users
from ppe.views.access import admin_required
from ppe.views.by_hand import exemption_of, family, row_of, seen, wants_exemption


@users.bp.get("/<int:account_id>/deactivate")
@functional_accounts.bp.get("/<int:account_id>/deactivate")
@admin_required
def deactivation(account_id: int) -> ResponseReturnValue:
    """Ask before sign-in and mail end."""
    return render_template("accounts/deactivate.html", row=row_of(account_id))


@users.bp.post("/<int:account_id>/deactivate")
@functional_accounts.bp.post("/<int:account_id>/deactivate")
@admin_required
def deactivate(account_id: int) -> ResponseReturnValue:
    """End sign-in and mail, until an administrator allows both again."""
    ends = "no sign-in, and mail for it is refused" if family().types == PERSON_TYPES else "mail for it is refused"
    return _set_active(account_id, f"not active now: {ends}", active=False)


@users.bp.post("/<int:account_id>/activate")
@functional_accounts.bp.post("/<int:account_id>/activate")
@admin_required
def activate(account_id: int) -> ResponseReturnValue:
    """Allow sign-in and mail again."""
    return _set_active(account_id, "active now", active=True)


@users.bp.get("/<int:account_id>/remove")
@functional_accounts.bp.get("/<int:account_id>/remove")
@admin_required
def removal(account_id: int) -> ResponseReturnValue:
    """Ask before somebody is removed."""
    row = row_of(account_id)
    return render_template("accounts/remove.html", row=row, exemption=exemption_of(row))


@users.bp.post("/<int:account_id>/remove")
@functional_accounts.bp.post("/<int:account_id>/remove")
@admin_required
def remove(account_id: int) -> ResponseReturnValue:
    """Remove somebody, for 30 days and then for good."""
    row = row_of(account_id)
    exempt = wants_exemption(row)
    return _done(
        row, f"{row.account.display_name} is removed. For 30 days it can be restored here.",
        lambda: by_hand.remove(row.account.organization_id, [seen()], current_user, utcnow(), exempt=exempt),
    )  # fmt: skip


@users.bp.get("/<int:account_id>/restore")
@functional_accounts.bp.get("/<int:account_id>/restore")
@admin_required
def restoration(account_id: int) -> ResponseReturnValue:
    """Ask before somebody comes back, and say which addresses do not."""
    row = row_of(account_id)
    return render_template("accounts/restore.html", row=row, lost=restored.lost_addresses(row.account))


@users.bp.post("/<int:account_id>/restore")
@functional_accounts.bp.post("/<int:account_id>/restore")
@admin_required
def restore(account_id: int) -> ResponseReturnValue:
    """Bring somebody back."""
    row = row_of(account_id)
    return _done(
        row, f"{row.account.display_name} is restored.",
        lambda: restored.restore(row.account.organization_id, [seen()], current_user, utcnow()),
    )  # fmt: skip


def _set_active(account_id: int, how: str, *, active: bool) -> ResponseReturnValue:
    row = row_of(account_id)
    return _done(
        row, f"{row.account.display_name} is {how}.",
        lambda: by_hand.set_active(
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
    return redirect(url_for(".one", account_id=row.account.id), 303)
