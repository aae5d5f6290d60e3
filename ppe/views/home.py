"""Home: what there is, how the directory stands, what changed lately, and what waits for somebody."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from ppe import chart, overview
from ppe.clock import utcnow
from ppe.sync import held, standing
from ppe.sync.report import DONE_TITLES
from ppe.views.access import admin_required, current_organization
from ppe.views.run_page import HEADLINES
from ppe.views.words import moment

bp = Blueprint("home", __name__)

MAILS = {
    "azure_ad_summary": "Daily Azure AD Summary",
    "sync_held": "a sync held changes back",
    "sync_failed": "a sync failed",
    "sync_recovered": "syncs work again",
    "secret_refused": "the Client Secret is refused",
    "secret_expires": "the Client Secret expires",
}


@bp.get("/")
@admin_required
def page() -> ResponseReturnValue:
    """The organisation at a glance."""
    now = utcnow()
    seen = overview.of(current_organization(), now)
    return render_template(
        "home/page.html",
        seen=seen,
        standing=standing.of(seen.connection, seen.at_work, now, moment),
        held={run.id: [kind.words for kind in held.reasons(run)] for run in seen.waiting},
        headlines=HEADLINES,
        series=DONE_TITLES,
        height=chart.HEIGHT,
        mails=MAILS,
    )
