"""Home: what there is, how the last sync went, and what waits for somebody."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from ppe import overview
from ppe.clock import utcnow
from ppe.sync import connection as connections
from ppe.views.access import admin_required, current_organization
from ppe.views.run_page import HEADLINES

bp = Blueprint("home", __name__)


@bp.get("/")
@admin_required
def page() -> ResponseReturnValue:
    """The organisation at a glance."""
    seen = overview.of(current_organization().id, utcnow())
    return render_template(
        "home/page.html", seen=seen, headlines=HEADLINES, last_success=connections.last_success(seen.connection)
    )
