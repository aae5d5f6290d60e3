"""PPE, People Pulled from Entra."""

from pathlib import Path

from flask import Flask

from ppe import cli, cli_operations, db, extensions, setup, signin, tasks, views
from ppe.config import Settings
from ppe.operation import log

PROJECT_ROOT = Path(__file__).parent.parent


def create_app(settings: Settings | None = None) -> Flask:
    """The one place where the parts meet.

    Raises:
        SettingsError: the environment asks for something impossible; the sentence names the variable.
    """
    settings = settings or Settings.from_env()
    app = Flask("ppe", root_path=str(PROJECT_ROOT))
    app.config.from_mapping(settings.flask_config(), SETTINGS=settings)
    for part in (log, db, setup, signin, extensions, tasks, views, cli, cli_operations):
        part.init_app(app)
    return app
