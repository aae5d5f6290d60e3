"""Who may come in: passwords, the sessions that sign-in opens, and limits on guessing."""

from flask import Flask

from ppe.signin import passwords


def init_app(app: Flask) -> None:
    """Hash passwords at the price that the settings ask for."""
    passwords.init_app(app)
