"""The pages: a module per family, each with a blueprint `bp`. They parse, call and render."""

from flask import Flask
from werkzeug.routing import IntegerConverter

import ppe.views.account_deeds
import ppe.views.account_form  # noqa: F401 - both add their pages to those of users and functional accounts
from ppe.views import (
    access,
    audit_log,
    authentication,
    brand,
    confirm,
    conversion,
    csv_import,
    csv_review,
    domains,
    exemptions,
    exports,
    functional_accounts,
    groups,
    health,
    home,
    import_sync,
    mass_update,
    mass_updates,
    members,
    metrics,
    microsoft,
    mishaps,
    own_browsers,
    own_microsoft,
    own_second_factor,
    password_links,
    preferences,
    profile,
    review,
    runs,
    second_step,
    setup,
    sign_in,
    summaries,
    undo,
    users,
    words,
)

PAGES = (
    setup,
    sign_in,
    microsoft,
    second_step,
    password_links,
    preferences,
    confirm,
    own_second_factor,
    own_microsoft,
    own_browsers,
    home,
    users,
    conversion,
    functional_accounts,
    groups,
    members,
    exemptions,
    csv_import,
    csv_review,
    mass_updates,
    mass_update,
    exports,
    import_sync,
    runs,
    review,
    undo,
    summaries,
    domains,
    profile,
    authentication,
    health,
    metrics,
    audit_log,
    brand,
)


class RowNumber(IntegerConverter):
    """A row's number in an address: what no database could hold leads nowhere, like any row that does not exist."""

    regex = r"\d{1,18}"


def init_app(app: Flask) -> None:
    """Put every page in its place, with what they all share."""
    app.url_map.converters["int"] = RowNumber
    app.before_request(setup.first_of_all)
    for shared in (access, words, mishaps, health):
        shared.init_app(app)
    for page in PAGES:
        app.register_blueprint(page.bp)
    app.context_processor(lambda: {"is_demo": app.config["SETTINGS"].demo, **brand.words(app.config["SETTINGS"])})
