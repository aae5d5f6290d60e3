"""Does a connection work? The questions in their order, so that the first failure is the one to mend."""

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from ppe.config import Settings
from ppe.errors import DirectoryError, DirectoryUntrusted
from ppe.sync.graph import Credentials, Graph
from ppe.sync.login import consent_missing, fetch_token
from ppe.sync.wire import Wire

PERMISSION = "Directory.Read.All"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a test learned. `tenant_id` is None where even the tenant could not be asked for; `error` is what failed.

    Not being permitted to read the settings of mailboxes is no failure.
    """

    tenant_id: str | None
    secret_expiry: datetime | None = None
    reads_mailbox_settings: bool | None = None
    error: DirectoryError | None = None


def check(tenant_id: str, application_id: str, secret: str, settings: Settings, wire: Wire) -> Finding:
    """Ask for everything that a sync will need.

    Returns:
        What works; the secret's expiry is None where Microsoft doesn't say.

    Raises:
        DirectoryError: the first thing that is missing.
    """
    login_url = settings.microsoft_login_url
    token = fetch_token(wire, login_url, tenant_id, application_id, secret)
    if PERMISSION not in token.roles:
        raise consent_missing()
    graph = Graph(Credentials(tenant_id, application_id, secret), login_url, settings.graph_url, wire)
    if graph.tenant_id() != tenant_id:
        raise DirectoryUntrusted(
            "The directory that answered is not the one of the Primary Domain.",
            "Check for a proxy between this machine and Microsoft. Nothing was read.",
        )
    graph.page(f"{settings.graph_url}/users?$select=id&$top=1")
    found = Finding(tenant_id, reads_mailbox_settings=graph.reads_mailbox_settings())
    # Not knowing the day stops no sync: the registration may live in another tenant.
    with suppress(DirectoryError):
        return replace(found, secret_expiry=graph.secret_expiry())
    return found
