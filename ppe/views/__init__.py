"""The pages: a module per family, each with a blueprint `bp`. They parse, call and render."""

from flask import Flask
from werkzeug.routing import IntegerConverter

from ppe.views import (
    access,
    domains,
    exemptions,
    functional_accounts,
    groups,
    home,
    import_sync,
    microsoft,
    mishaps,
    password_links,
    review,
    runs,
    second_step,
    setup,
    sign_in,
    users,
    words,
)

PAGES = (
    setup,
    sign_in,
    microsoft,
    second_step,
    password_links,
    home,
    users,
    functional_accounts,
    groups,
    exemptions,
    import_sync,
    runs,
    review,
    domains,
)


class RowNumber(IntegerConverter):
    """A row's number in an address: what no database could hold leads nowhere, like any row that does not exist."""

    regex = r"\d{1,18}"


def init_app(app: Flask) -> None:
    """Put every page in its place, with what they all share."""
    app.url_map.converters["int"] = RowNumber
    app.before_request(setup.first_of_all)
    for shared in (access, words, mishaps):
        shared.init_app(app)
    for page in PAGES:
        app.register_blueprint(page.bp)
    app.context_processor(lambda: {"is_demo": app.config["SETTINGS"].demo})
