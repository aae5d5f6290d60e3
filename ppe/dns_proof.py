"""Whether a domain's DNS has the record that only its owner can have put there."""

import dns.exception
import dns.resolver
from flask import current_app

from ppe.errors import Refused

LABEL = "_ppe-verification"
SECONDS = 5.0  # somebody waits for the answer


def record_name(domain: str) -> str:
    """Where the record has to be."""
    return f"{LABEL}.{domain}"


def record_text(token: str) -> str:
    """What it has to say."""
    return f"ppe-verification={token}"


def require(domain: str, token: str) -> None:
    """Ask the DNS now, past whatever this process has asked before.

    Raises:
        Refused: the record is not there, says something else, or the DNS does not answer.
    """
    name = record_name(domain)
    try:
        answer = _resolver().resolve(name, "TXT", lifetime=SECONDS)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        raise Refused(f"There is no TXT record at {name} yet. It can take an hour until a new one is seen.") from None
    except dns.exception.DNSException:
        raise Refused(f"The DNS did not answer for {name}. Try again in a few minutes.") from None
    said = {b"".join(record.strings).decode("ascii", "replace").strip() for record in answer}
    if record_text(token) not in said:
        raise Refused(f"The TXT record at {name} says something else. Compare it letter by letter.")


def _resolver() -> dns.resolver.Resolver:
    """The system's own servers, or those that the settings name as address:port."""
    servers: tuple[str, ...] = current_app.config["SETTINGS"].dns_servers
    if not servers:
        return dns.resolver.Resolver()
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers = [server.rpartition(":")[0] for server in servers]
    resolver.nameserver_ports = {host: int(port) for host, _, port in (server.rpartition(":") for server in servers)}
    return resolver
