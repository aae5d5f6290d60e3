"""Exemptions: what the sync leaves alone, in force and ended."""

from datetime import date

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ppe import exemptions
from ppe.clock import utcnow
from ppe.errors import Refused
from ppe.lists import exempt_accounts, listings
from ppe.models import ACCOUNT_TYPES
from ppe.views import account_page
from ppe.views.access import admin_required, current_admin_name, current_day, current_organization
from ppe.views.account_filter import position

bp = Blueprint("exemptions", __name__, url_prefix="/exemptions")


@bp.get("")
@admin_required
def page() -> ResponseReturnValue:
    """The exemptions in force, or the ended ones, and a form for one more."""
    return _page({"address": request.args.get("address", "")[:300], "reason": "", "last_day": ""})


@bp.post("")
@admin_required
def add() -> ResponseReturnValue:
    """Exempt an address, at once."""
    typed = {name: request.form.get(name, "").strip()[:500] for name in ("address", "reason", "last_day")}
    try:
        name = exemptions.add(
            current_organization().id, typed["address"], typed["reason"], _day(typed["last_day"]),
            current_admin_name(), utcnow(),
        )  # fmt: skip
    except Refused as refused:
        return _page(typed, {refused.field or "form": refused.sentence}), 422
    flash(f"{name} is exempt: every sync leaves it alone from now on.", "success")
    return redirect(url_for(".page"), 303)


@bp.post("/accounts/<int:account_id>")
@admin_required
def exempt_account(account_id: int) -> ResponseReturnValue:
    """**Exempt from Sync** on the page of an account: at once, and until somebody ends it."""
    row = listings.one(current_organization().id, ACCOUNT_TYPES, account_id)
    thing = {"object_id": row.account.directory_id, "address": row.primary or None, "name": row.account.display_name}
    if exemptions.add_missing(row.account.organization_id, [thing], "", current_admin_name(), utcnow()):
        flash("It is exempt: every sync leaves it alone from now on.", "success")
    else:
        flash(exemptions.ALREADY, "info")
    return redirect(account_page.address_of(row.account, "sync"), 303)


@bp.post("/<int:exemption_id>/end")
@admin_required
def end(exemption_id: int) -> ResponseReturnValue:
    """**End exemption**: the next sync looks after it again."""
    exemptions.end(current_organization().id, exemption_id, current_admin_name(), utcnow())
    flash("The exemption has ended: the next sync looks after this account again.", "success")
    return redirect(url_for(".page"), 303)


def _day(typed: str) -> date | None:
    """Raises Refused for what is no day."""
    try:
        return date.fromisoformat(typed) if typed else None
    except ValueError:
        raise Refused("Write the last day as 2027-01-31, or leave it empty.", "last_day") from None


def _page(typed: dict[str, str], wrong: dict[str, str] | None = None) -> str:
    text, ended = request.args.get("text", "").strip()[:200], request.args.get("show") == "ended"
    organization_id, today = current_organization().id, current_day()
    found = listings.exempted(organization_id, today, text, position(), ended=ended)
    return render_template(
        "exemptions/page.html",
        page=found,
        accounts=exempt_accounts.of(organization_id, found.rows),
        counts={
            "in_force": exemptions.in_force(organization_id, today).count(),
            "ended": exemptions.over(organization_id, today).count(),
        },
        text=text,
        show="ended" if ended else "in_force",
        typed=typed,
        wrong=wrong or {},
        today=today,
    )
