"""The pages: a module per family, each with a blueprint `bp`. They parse, call and render."""

from flask import Flask

from ppe.views import access, import_sync, mishaps, review, runs, setup, sign_in, words

BLUEPRINTS = (setup.bp, sign_in.bp, import_sync.bp, runs.bp, review.bp)


def init_app(app: Flask) -> None:
    """Put every page in its place, with what they all share."""
    app.before_request(setup.first_of_all)
    for shared in (access, words, mishaps):
        shared.init_app(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    app.context_processor(lambda: {"is_demo": app.config["SETTINGS"].demo, "current_app": app})
