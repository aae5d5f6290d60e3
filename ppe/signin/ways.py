"""Which way in is offered: that depends on the domain of the address alone, so that it tells nothing about a person.

Microsoft, where the organisation's connection was verified and its login is not disabled; else, or while Microsoft does
not answer or does not accept our registration, the local form with a sentence saying so.
"""

from dataclasses import dataclass
from datetime import datetime

from ppe.config import Settings
from ppe.models import Connection, Domain
from ppe.signin import discovery
from ppe.signin.refusals import AWAY, NOT_ACCEPTED

REFUSED_REGISTRATION = frozenset({"AADSTS7000215", "AADSTS7000222", "AADSTS700016"})


@dataclass(frozen=True, slots=True)
class Way:
    """`connection` is set where Microsoft is the way in; `trouble` says why it is not good now."""

    connection: Connection | None = None
    trouble: str | None = None

    @property
    def is_microsoft(self) -> bool:
        """Whether to go to Microsoft."""
        return self.connection is not None and self.trouble is None


def of_address(address: str, settings: Settings, now: datetime) -> Way:
    """The way in for an address, whoever's it is."""
    return of_connection(connection_for(address), settings, now)


def of_connection(connection: Connection | None, settings: Settings, now: datetime) -> Way:
    """The way in for an organisation's people; asks Microsoft whether it is there, or remembers that for seconds."""
    if connection is None:
        return Way()
    if _is_refused(connection, now):
        return Way(connection, NOT_ACCEPTED)
    if discovery.of(settings.microsoft_login_url, connection.tenant_id or "") is None:
        return Way(connection, AWAY)
    return Way(connection)


def connection_for(address: str) -> Connection | None:
    """The connection whose Microsoft login is offered to addresses of this domain."""
    domain = address.strip().casefold().rpartition("@")[2]
    found: Connection | None = (
        Connection.select()
        .join(Domain, on=(Domain.organization == Connection.organization))
        .where(Domain.name == domain)
        .get_or_none()
    )
    return found if found is not None and offered(found) else None


def only_connection() -> Connection | None:
    """The one connection that offers Microsoft login, for whoever gives no address; None where there are several."""
    every = _every_offered()
    return every[0] if len(every) == 1 else None


def any_offered() -> bool:
    """Whether any organisation here offers Microsoft login, so that a button for it makes sense."""
    return bool(_every_offered())


def offered(connection: Connection) -> bool:
    """Whether people may sign in with Microsoft: the connection was verified, and its login is not disabled."""
    return is_verified(connection) and not connection.disable_login


def is_verified(connection: Connection) -> bool:
    """Whether the connection is complete and worked at least once."""
    complete = connection.tenant_id and connection.application_id and connection.ad_key
    was_verified = connection.last_verified_at or connection.last_successful_sync
    return bool(complete and was_verified)


def _every_offered() -> list[Connection]:
    return [connection for connection in Connection.select() if offered(connection)]


def _is_refused(connection: Connection, now: datetime) -> bool:
    """An expired secret must lock nobody out, nor may anybody be stranded on Microsoft's page for an unknown app."""
    has_expired = connection.secret_expiry is not None and connection.secret_expiry <= now
    return has_expired or connection.error_code in REFUSED_REGISTRATION or discovery.is_refused(connection.id)
