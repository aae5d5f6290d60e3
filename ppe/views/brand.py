"""White label: the console's name and logo, as the installation's owner chose them."""

from pathlib import Path

from flask import Blueprint, abort, send_file
from flask.typing import ResponseReturnValue

from ppe.config import Settings
from ppe.views.access import current_settings

bp = Blueprint("brand", __name__)


@bp.get("/logo")
def logo() -> ResponseReturnValue:
    """The logo, for everybody: the sign-in page has it too. As an image it runs no script, whatever is in it."""
    path = current_settings().console_logo
    if not path or not Path(path).is_file():
        abort(404)
    return send_file(path, max_age=3600)


def words(settings: Settings) -> dict[str, object]:
    """What every page needs to know of it."""
    return {"console_name": settings.console_name, "has_logo": bool(settings.console_logo)}
