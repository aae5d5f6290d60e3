"""The first start: an organisation with its first administrator is set up once, and then never again."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from email_validator import EmailNotValidError, validate_email
from flask import Flask

from ppe import audit
from ppe.config import Settings
from ppe.db import database
from ppe.errors import Refused, SettingsError
from ppe.models import ADMIN, Account, Address, Connection, Domain, Installation, Organization
from ppe.signin import passwords

TOKEN_LIFETIME = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Beginning:
    """What has to be known to begin: the organisation, and who administers it first."""

    organization_name: str
    name: str
    address: str
    password: str


def init_app(app: Flask) -> None:
    """Look at whose database this is.

    Raises:
        SettingsError: it is the demo's, and this is not the demo.
    """
    settings: Settings = app.config["SETTINGS"]
    with database.connection_context():
        if not settings.demo and Installation.select().where(Installation.demo).exists():
            raise SettingsError(
                "PPE_DATABASE_URL names the database of the demo, which holds invented people and a known password. "
                "Choose another database or another PPE_DATA_DIR."
            )


def is_open() -> bool:
    """Whether set-up still has to be done. Once it is done it stays done, whoever is deleted later."""
    return not (
        Installation.select().where(Installation.setup_completed_at.is_null(False)).exists()
        or Organization.select().exists()
    )


def new_token(now: datetime) -> str:
    """A new one-time token for the set-up page, good for 24 hours; it replaces the one before.

    Raises:
        Refused: set-up is complete.
    """
    token = secrets.token_urlsafe(24)
    with database.atomic():
        row = _row()
        if not is_open():
            raise Refused("Set-up is complete: sign in instead.")
        row.setup_token_hash, row.setup_token_expires_at = _hash(token), now + TOKEN_LIFETIME
        row.save(only=[Installation.setup_token_hash, Installation.setup_token_expires_at])
    return token


def require_token(token: str, now: datetime) -> None:
    """Let only somebody who reads the log go on.

    Raises:
        Refused: the token is wrong, or older than 24 hours.
    """
    row = _row()
    if not secrets.compare_digest(_hash(token.strip()), row.setup_token_hash or ""):
        raise Refused("This is not the token of the last start. Copy it from the log.", "token")
    if row.setup_token_expires_at <= now:
        raise Refused("This token has expired. Restart the web server: it writes a new one to the log.", "token")


def problems(beginning: Beginning) -> dict[str, str]:
    """What is wrong with what was typed: a sentence for each field."""
    wrong = {}
    if not 1 <= len(beginning.organization_name) <= 200:
        wrong["organization_name"] = "Write the name of your organisation, in at most 200 characters."
    if not 1 <= len(beginning.name) <= 200:
        wrong["name"] = "Write your name, in at most 200 characters."
    try:
        _checked(beginning.address)
    except EmailNotValidError:
        wrong["address"] = "Write your whole mail address, such as ada@contoso.com."
    if weak := passwords.problem(beginning.password, address=beginning.address, name=beginning.name):
        wrong["password"] = weak
    return wrong


def complete(beginning: Beginning, now: datetime, *, demo: bool = False, remote_address: str = "") -> Account:
    """Create the organisation with its first administrator and close set-up for good, all or nothing.

    Of two at once one wins: closing is a conditional update, and the loser changes nothing.

    Raises:
        Refused: set-up is complete, or something typed does not make sense.
    """
    if wrong := problems(beginning):
        field, sentence = next(iter(wrong.items()))
        raise Refused(sentence, field)
    password_hash = passwords.hashed(beginning.password)  # slow on purpose, so before the write lock
    with database.atomic():
        _close(now, demo=demo)
        organization = Organization.create(name=beginning.organization_name, created_at=now)
        Connection.create(organization=organization)
        admin = Account.create(
            organization=organization,
            type=ADMIN,
            display_name=beginning.name,
            password_hash=password_hash,
            receives_digest=True,
            created_at=now,
        )
        _give_address(admin, _checked(beginning.address), now)
        Organization.update(tech_contact=admin.id).where(Organization.id == organization.id).execute()
        audit.record(
            organization.id, beginning.name, "set-up completed", organization.name,
            now=now, remote_address=remote_address,
        )  # fmt: skip
    return admin


def _close(now: datetime, *, demo: bool) -> None:
    row = _row()
    if not is_open():
        raise Refused("Set-up is complete: sign in instead.")
    closed = (
        Installation.update(setup_completed_at=now, setup_token_hash=None, setup_token_expires_at=None, demo=demo)
        .where(Installation.id == row.id, Installation.setup_completed_at.is_null())
        .execute()
    )
    if not closed:
        raise Refused("Set-up is complete: sign in instead.")


def _give_address(admin: Account, address: str, now: datetime) -> None:
    domain = address.rpartition("@")[2]
    Domain.create(organization=admin.organization_id, name=domain, kind="management", proof="set-up", created_at=now)
    Address.create(account=admin, address=address, domain=domain, is_primary=True)


def _row() -> Installation:
    """The one row; made by whoever needs it first."""
    Installation.insert(id=1).on_conflict_ignore().execute()
    row: Installation = Installation.get_by_id(1)
    return row


def _checked(address: str) -> str:
    """The address as it is stored. Reserved domains are fine: the demo lives on one."""
    valid = validate_email(address, check_deliverability=False, test_environment=True)
    return valid.normalized.casefold()


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
