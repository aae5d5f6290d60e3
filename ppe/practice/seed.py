"""What the demo begins with: an organisation, its administrator and its domains, ready for **Save & Run Sync Now**.

Each step is taken once. What somebody changes afterwards stays changed.
"""

from typing import Any

import requests

from ppe import domains, setup
from ppe.clock import utcnow
from ppe.config import Settings
from ppe.models import Account, Connection, Domain, Organization
from ppe.practice.children import Trouble
from ppe.sync import connection as connections
from ppe.sync.choices import Choices

ORGANIZATION, ADMINISTRATOR, USER = "Contoso", "Demo Administrator", "admin@contoso.example"
MOBILE = "+31 6 1234 5678"  # where the practice phone rings
DOMAINS = ("contoso.example", "fabrikam.example")


def seed(settings: Settings, password: str, tenant: dict[str, Any], tenant_address: str) -> None:
    """Set up an empty installation; the administrator can sign in with Microsoft, and locally with a text message."""
    now = utcnow()
    if setup.is_open():
        admin = setup.complete(setup.Beginning(ORGANIZATION, ADMINISTRATOR, USER, password), now, demo=True)
        Account.update(mobile=MOBILE).where(Account.id == admin.id).execute()
    organization = Organization.select().order_by(Organization.id).get()
    connection = connections.of(organization.id)
    if not connections.is_set_up(connection):
        _register_domains(organization.id)
        connections.save(connection, _choices(connection, tenant), ADMINISTRATOR, settings, now)
        _bind_administrator(organization.id, tenant["tenant_id"], tenant_address)
    _forget_moved_links(connection, settings)


def register_addresses(tenant_address: str, settings: Settings) -> None:
    """What somebody enters in the app registration: where people come back to, and where signing out is told."""
    _change(
        tenant_address,
        action="register_addresses",
        redirect_addresses=[settings.redirect_address],
        front_channel_logout=settings.front_channel_logout_address,
    )


def _register_domains(organization_id: int) -> None:
    """Both domains take mail; set-up, which cannot know that, registered the administrator's without mail flow."""
    known = {domain.name for domain in domains.registered(organization_id)}
    for name in DOMAINS:
        if name not in known:
            domains.register(organization_id, name, domains.RELAY, "demo", ADMINISTRATOR, utcnow())
    Domain.update(kind=domains.RELAY).where(Domain.organization == organization_id).execute()


def _bind_administrator(organization_id: int, tenant_id: str, tenant_address: str) -> None:
    """The administrator works in the tenant too, without a mailbox there: no sync has anything to say about them."""
    hired = _change(tenant_address, action="hire", name=ADMINISTRATOR, address=USER)
    _change(tenant_address, action="remove_mailbox", id=hired["id"])
    unbound = (Account.organization == organization_id) & (Account.display_name == ADMINISTRATOR)
    Account.update(microsoft_tenant=tenant_id, microsoft_id=hired["id"]).where(unbound).execute()


def _change(tenant_address: str, **change: Any) -> dict[str, Any]:
    with requests.Session() as tenant:
        tenant.trust_env = False
        answer = tenant.post(f"{tenant_address}/practice/changes", json=change, timeout=10)
    done: dict[str, Any] = answer.json()
    if not answer.ok:
        raise Trouble(f"The practice tenant refused to {change['action']}: {done.get('error')}")
    return done


def _choices(connection: Connection, tenant: dict[str, Any]) -> Choices:
    """Everything as it is by default, with the practice tenant's credentials."""
    given = {
        "primary_domain": tenant["domain"],
        "application_id": tenant["application_id"],
        "ad_key": tenant["client_secret"],
    }
    names = Choices.__dataclass_fields__
    return Choices(**{name: given[name] if name in given else getattr(connection, name) for name in names})


def _forget_moved_links(connection: Connection, settings: Settings) -> None:
    """On another PRACTICE_PORT the kept delta links lead to another host, which no sync follows: list anew instead."""
    moved = ~Connection.users_delta_link.startswith(f"{settings.graph_url}/")
    Connection.update(users_delta_link=None, groups_delta_link=None).where(
        Connection.id == connection.id, moved
    ).execute()
