"""The settings of one organisation's directory: saved, tested, and turned into a reader of the directory.

No transaction is open while Microsoft is asked; what was learned is written afterwards, if it still fits the settings.
"""

from ppe.config import Settings
from ppe.encryption import decrypt
from ppe.errors import Refused
from ppe.models import Connection
from ppe.sync.graph import Credentials, Graph
from ppe.sync.login import find_tenant
from ppe.sync.wire import Wire


def of(organization_id: int) -> Connection:
    """The connection of an organisation, which has exactly one, be it empty."""
    found: Connection = Connection.get_or_create(organization=organization_id)[0]
    return found


def is_set_up(connection: Connection) -> bool:
    """Whether everything is there that Microsoft asks for."""
    return bool(connection.primary_domain and connection.application_id and connection.ad_key)


def graph_for(connection: Connection, settings: Settings, wire: Wire | None = None) -> Graph:
    """A reader of the connection's directory.

    Raises:
        Refused: the settings are incomplete, or the stored secret cannot be read with the keys of this installation.
        DirectoryError: the tenant was never looked up, and it cannot be found or lives in a national cloud.
    """
    if not is_set_up(connection):
        raise Refused("The directory is not set up yet. Fill in the settings under Import & Sync and save them.")
    wire = wire or Wire()
    tenant = connection.tenant_id or find_tenant(wire, settings.microsoft_login_url, connection.primary_domain)
    credentials = Credentials(tenant, connection.application_id, decrypt(connection.ad_key or ""))
    return Graph(credentials, settings.microsoft_login_url, settings.graph_url, wire)
