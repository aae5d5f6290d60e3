"""Does a connection work? The questions in their order, so that the first failure is the one to mend."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from ppe.config import Settings
from ppe.errors import DirectoryError, DirectoryUntrusted
from ppe.sync.graph import Credentials, Graph
from ppe.sync.login import consent_missing, fetch_token
from ppe.sync.wire import Wire

PERMISSION = "Directory.Read.All"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a test learned. `tenant_id` is None where even the tenant could not be asked for; `error` is what failed."""

    tenant_id: str | None
    secret_expiry: datetime | None = None
    error: DirectoryError | None = None


def check(tenant_id: str, application_id: str, secret: str, settings: Settings, wire: Wire) -> datetime | None:
    """Ask for everything that a sync will need.

    Returns:
        When the secret expires; None where Microsoft doesn't say.

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
    # Not knowing the day stops no sync: the registration may live in another tenant.
    with suppress(DirectoryError):
        return graph.secret_expiry()
    return None
