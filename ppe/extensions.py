"""The Flask extensions, and the two front-end libraries that are served out of their installed packages."""

from importlib.util import find_spec
from pathlib import Path

from flask import Blueprint, Flask
from flask_bootstrap import Bootstrap5
from flask_login import LoginManager
from flask_wtf import CSRFProtect
from htmx_flask import Htmx
from werkzeug.middleware.proxy_fix import ProxyFix

from ppe import headers
from ppe.config import Settings
from ppe.smtp import SafeMail

csrf = CSRFProtect()
login = LoginManager()
bootstrap = Bootstrap5()
htmx = Htmx()
mail = SafeMail()


def init_app(app: Flask) -> None:
    """Bind every extension to this app."""
    settings: Settings = app.config["SETTINGS"]
    for extension in (csrf, login, bootstrap, htmx, mail):
        extension.init_app(app)
    login.session_protection = None  # a session is a row of ours: no guess from the browser's name can end it
    app.register_blueprint(_htmx_files())
    headers.init_app(app)
    if count := settings.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)  # type: ignore[method-assign]


def _htmx_files() -> Blueprint:
    """The folder of the wheel that carries htmx; the package itself wants Django and is never imported."""
    found = find_spec("js_lib_htmx")
    if found is None or not found.submodule_search_locations:
        raise RuntimeError("django-js-lib-htmx is not installed")
    folder = Path(found.submodule_search_locations[0]) / "static" / "htmx"
    return Blueprint("vendor", __name__, static_folder=folder, static_url_path="/vendor/htmx")
