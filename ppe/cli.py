"""`flask --app app ppe …`: what is done without a browser, by somebody on the machine itself."""

import click
from flask import Flask, current_app
from flask.cli import AppGroup

from ppe import mailer, setup, sms
from ppe.clock import utcnow
from ppe.config import Settings
from ppe.db import database
from ppe.errors import DeliveryFailed, Refused

commands = AppGroup("ppe", help="Look after this installation.")


def init_app(app: Flask) -> None:
    """Add the commands."""
    app.cli.add_command(commands)


@commands.command("create-admin")
@click.option("--organization", prompt="Organisation", help="Its name.")
@click.option("--name", prompt="Your name", help="The first administrator's name.")
@click.option("--address", prompt="Your mail address", help="The address to sign in with.")
@click.password_option(prompt="Password (at least 12 characters)", help="Better left out: it is asked for, unseen.")
def create_admin(organization: str, name: str, address: str, password: str) -> None:
    """Create the organisation and its first administrator, and close the set-up page."""
    beginning = setup.Beginning(organization.strip(), name.strip(), address.strip(), password)
    with database.connection_context():
        try:
            setup.complete(beginning, utcnow())
        except Refused as refused:
            raise click.ClickException(refused.sentence) from refused
    click.echo(f"Done. {beginning.name} can sign in at {_settings().public_url}.")


@commands.command("set-up-token")
def set_up_token() -> None:
    """Print a new one-time token for the set-up page, as every start of the web server does, while it is open."""
    with database.connection_context():
        if not setup.is_open():
            return
        token = setup.new_token(utcnow())
    click.echo(f"Set-up: open {_settings().public_url}/set-up and paste this one-time token, good for 24 hours:")
    click.echo(f"Set-up token: {token}")


@commands.command("test-mail")
@click.argument("address")
def test_mail(address: str) -> None:
    """Send a mail to ADDRESS, to see whether the settings are right."""
    try:
        mailer.send_test(address, utcnow())
    except DeliveryFailed as failed:
        raise click.ClickException(failed.sentence) from failed
    click.echo(f"The mail server took a mail for {address}.")


@commands.command("test-text")
@click.argument("number")
def test_text(number: str) -> None:
    """Send a text message to NUMBER, to see whether the settings are right."""
    normalised = sms.normalised(number, _settings().phone_region)
    if normalised is None:
        raise click.ClickException(f"{number} is not a mobile number. Give it with its country code: +31612345678.")
    try:
        sms.send(normalised, "This is a test message from PPE.")
    except DeliveryFailed as failed:
        raise click.ClickException(failed.sentence) from failed
    click.echo(f"The gateway took a text message for {normalised}.")


def _settings() -> Settings:
    settings: Settings = current_app.config["SETTINGS"]
    return settings
