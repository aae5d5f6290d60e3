"""/metrics: numbers for Prometheus, for whoever has the token."""

from secrets import compare_digest

from flask import Blueprint, Response, abort, request
from flask.typing import ResponseReturnValue
from prometheus_client import CONTENT_TYPE_LATEST

from ppe.clock import utcnow
from ppe.operation import metrics
from ppe.tasks import huey
from ppe.views.access import current_settings

bp = Blueprint("metrics", __name__)


@bp.get("/metrics")
def page() -> ResponseReturnValue:
    """Everything that is counted, as it stands at this moment."""
    token = current_settings().metrics_token
    if not token:
        abort(404)
    if not compare_digest(request.headers.get("Authorization", "").encode(), f"Bearer {token}".encode()):
        return Response(
            "Show PPE_METRICS_TOKEN as a bearer token.\n", 401, {"WWW-Authenticate": "Bearer"}, "text/plain"
        )
    return Response(metrics.exposition(huey.pending_count, utcnow()), headers={"Content-Type": CONTENT_TYPE_LATEST})
