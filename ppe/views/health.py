"""/healthz: whether everything is at work, for machines. Strangers may ask: it says nothing but that."""

from flask import Blueprint, Flask, current_app, jsonify
from flask.typing import ResponseReturnValue

from ppe.clock import utcnow
from ppe.config import Settings
from ppe.operation.health import NOT_OK, OK, Health
from ppe.tasks import huey

bp = Blueprint("health", __name__)


def init_app(app: Flask) -> None:
    """Remember when this process began: until the worker's first minute nobody can say that it is away."""
    settings: Settings = app.config["SETTINGS"]
    app.extensions["health"] = Health(settings.database_url, huey.pending_count, utcnow())


@bp.get("/healthz")
def page() -> ResponseReturnValue:
    """200 while everything is at work or about to be, 503 otherwise."""
    health: Health = current_app.extensions["health"]
    parts = health.look(utcnow())
    well = NOT_OK not in parts.values()
    return jsonify({"status": OK if well else NOT_OK, **parts}), 200 if well else 503


vars(page)["opens_no_database"] = True  # it has to answer where there is none
