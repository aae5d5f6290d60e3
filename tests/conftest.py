"""What the tests share: an app on an empty database of its own, and two organisations that must not see each other."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jinja2 import FileSystemBytecodeCache

from ppe import create_app, db
from ppe.clock import utcnow
from ppe.config import Settings
from ppe.models import ADMIN, END_USER, OFF, Account, Address, Connection, Domain, Installation, Organization
from ppe.signin import passwords

pytest_plugins = ["tests.databases", "tests.speed"]

PASSWORD = "correct horse battery staple"


@dataclass(frozen=True)
class People:
    """Contoso with its administrator Ada and the End User Bob; Fabrikam with its administrator Eve."""

    contoso: Organization
    ada: Account
    bob: Account
    fabrikam: Organization
    eve: Account


OpenDatabase = Callable[[], AbstractContextManager[object]]


@pytest.fixture
def app(settings: Settings, compiled: FileSystemBytecodeCache) -> Iterator[Flask]:
    """The whole app."""
    made = create_app(settings)
    made.jinja_env.bytecode_cache = compiled
    yield made
    if not db.database.is_closed():
        db.database.close()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser that nobody has signed in with."""
    app.config["WTF_CSRF_ENABLED"] = False
    return app.test_client()


@pytest.fixture
def open_database(app: Flask) -> OpenDatabase:
    """`with open_database():` around what a test asks of the tables; never around a request, which opens its own."""
    return db.database.connection_context


@pytest.fixture
def people(app: Flask) -> People:
    """Two organisations, set up and ready."""
    with db.database.connection_context():
        Installation.create(id=1, setup_completed_at=utcnow())
        contoso, ada = _organization("Contoso", "Ada", "ada@contoso.example")
        fabrikam, eve = _organization("Fabrikam", "Eve", "eve@fabrikam.example")
        bob = add_account(contoso, END_USER, "Bob", "bob@contoso.example")
    return People(contoso, ada, bob, fabrikam, eve)


@pytest.fixture
def signed_in(client: FlaskClient, people: People) -> FlaskClient:
    """Ada's browser."""
    return sign_in(client, "ada@contoso.example")


def sign_in(client: FlaskClient, address: str, password: str = PASSWORD) -> FlaskClient:
    """Sign a browser in as anybody who has the password of these tests."""
    answer = client.post("/sign-in/password", data={"address": address, "password": password})
    assert answer.status_code == 303, answer.text
    return client


def add_account(organization: Organization, account_type: str, name: str, address: str) -> Account:
    """An account with the password of these tests and one address."""
    account = Account.create(
        organization=organization,
        type=account_type,
        display_name=name,
        password_hash=passwords.hashed(PASSWORD),
        created_at=utcnow(),
    )
    Address.create(account=account, address=address, domain=address.rpartition("@")[2], is_primary=True)
    return account


def _organization(name: str, admin: str, address: str) -> tuple[Organization, Account]:
    organization = Organization.create(name=name, second_factor=OFF, created_at=utcnow())
    Connection.create(organization=organization)
    Domain.create(
        organization=organization, name=f"{name.lower()}.example", kind="relay", proof="set-up", created_at=utcnow()
    )
    return organization, add_account(organization, ADMIN, admin, address)
