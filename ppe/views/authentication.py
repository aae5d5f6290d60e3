"""Account Management > Authentication: Microsoft sign-in and the second factor, changed after a look at the effect."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ppe.clock import utcnow
from ppe.errors import Refused
from ppe.models import SECOND_FACTOR_POLICIES
from ppe.signin import fallback, policy, ways
from ppe.signin.policy import Policy
from ppe.sync import connection as connections
from ppe.views.access import admin_required, current_admin_name, current_organization, visitor
from ppe.views.confirm import confirmed

bp = Blueprint("authentication", __name__, url_prefix="/account-management/authentication")

CHOICES = {
    "off": ("Off", "A password alone opens an account."),
    "administrators": ("Administrators", "Whoever can change things here shows a code after the password."),
    "everyone": ("Everyone", "End Users too."),
}


@bp.get("")
@admin_required
def page() -> ResponseReturnValue:
    """The policy as it is, and local sign-ins that went past Microsoft."""
    return _page(_stored())


@bp.post("")
@admin_required
@confirmed("authentication.page")
def review() -> ResponseReturnValue:
    """**Review the change**: what would change, and what that means. Nothing is saved yet."""
    seen, wanted = _stored(), _sent("")
    if wanted.second_factor not in SECOND_FACTOR_POLICIES:
        return _page(wanted, "Choose who is asked for a code."), 422
    lines = policy.lines(seen, wanted, policy.affected_by(current_organization().id, wanted))
    if not lines:
        flash(policy.NOTHING, "info")
        return redirect(url_for(".page"), 303)
    return render_template("authentication/review.html", seen=seen, wanted=wanted, lines=lines)


@bp.post("/confirm")
@admin_required
@confirmed("authentication.page")
def confirm() -> ResponseReturnValue:
    """Save what was reviewed, if what was there is there still."""
    try:
        policy.save(current_organization(), _sent("seen_"), _sent(""), current_admin_name(), visitor(), utcnow())
    except Refused as refused:
        flash(refused.sentence, "warning")
    else:
        flash("The sign-in settings are saved and count from now on.", "success")
    return redirect(url_for(".page"), 303)


def _stored() -> Policy:
    return policy.of(current_organization(), connections.of(current_organization().id))


def _sent(prefix: str) -> Policy:
    """A policy out of the form; that of the page it was made on stands beside it under a prefix."""
    return Policy(
        microsoft=f"{prefix}microsoft" in request.form,
        second_factor=request.form.get(f"{prefix}second_factor", ""),
        after_microsoft=f"{prefix}after_microsoft" in request.form,
    )


def _page(shown: Policy, wrong: str = "") -> str:
    connection = connections.of(current_organization().id)
    return render_template(
        "authentication/page.html",
        shown=shown,
        choices=CHOICES,
        connection=connection,
        is_verified=ways.is_verified(connection),
        fallbacks=fallback.lately(current_organization().id, utcnow()),
        wrong=wrong,
    )
