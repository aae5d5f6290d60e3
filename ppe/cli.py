"""`flask --app app ppe …`: what is done without a browser, by somebody on the machine itself."""

import click
from cryptography.fernet import InvalidToken
from flask import Flask, current_app
from flask.cli import AppGroup

from ppe import audit, setup, sms
from ppe.clock import utcnow
from ppe.config import Settings
from ppe.db import database
from ppe.encryption import rotated
from ppe.errors import DeliveryFailed, Refused
from ppe.mail import mailer
from ppe.models import Account, Authenticator, Connection
from ppe.signin import codes, links, local

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


@commands.command("one-time-code")
@click.argument("address")
def one_time_code(address: str) -> None:
    """Print a code that stands in for the second factor of ADDRESS once: for when no administrator can help."""
    with database.connection_context():
        account = _who_signs_in(address)
        code = codes.issue(account.id, utcnow())
        _record(account, "one-time code made on the machine itself")
    click.echo(f"{code}   good once, for an hour, after the password of {account.display_name}")


@commands.command("password-link")
@click.argument("address")
def password_link(address: str) -> None:
    """Print a link with which ADDRESS chooses a new password: for when mail can't be sent."""
    with database.connection_context():
        account = _who_signs_in(address)
        token = links.issue(account, links.RESET, utcnow())
        _record(account, "password link made on the machine itself")
    click.echo(f"{_settings().public_url}/password/{token}   good once, for an hour")


@commands.command("rotate-keys")
def rotate_keys() -> None:
    """Encrypt every stored secret with the first of PPE_ENCRYPTION_KEYS, so that the others may go."""
    with database.connection_context(), database.atomic():
        count = sum(
            _encrypted_anew(row, "ad_key") for row in Connection.select().where(Connection.ad_key.is_null(False))
        )
        count += sum(_encrypted_anew(row, "secret") for row in Authenticator.select())
    click.echo(f"{count} secrets are encrypted with the newest key.")


def _encrypted_anew(row: Connection | Authenticator, column: str) -> int:
    try:
        setattr(row, column, rotated(getattr(row, column)))
    except InvalidToken:
        raise click.ClickException(
            "A stored secret can't be read with any of PPE_ENCRYPTION_KEYS. Nothing was changed."
        ) from None
    return int(row.save(only=[column]))


def _who_signs_in(address: str) -> Account:
    account = local.who_may_sign_in(address)
    if account is None:
        raise click.ClickException(f"Nobody with the address {address} can sign in here.")
    return account


def _record(account: Account, action: str) -> None:
    subject = audit.Of(account.display_name, account.id)
    audit.record(account.organization_id, "the command line", action, subject, now=utcnow())


def _settings() -> Settings:
    settings: Settings = current_app.config["SETTINGS"]
    return settings
