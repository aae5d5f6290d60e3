"""Whose sign-in it is: from the tenant in an address to the tenant that lives there."""

import re

from flask import request

from ppe.practice.clouds import WORLDWIDE, Home, elsewhere
from ppe.practice.errors import SignInError
from ppe.practice.tenant import Tenant

SHARED = {"common", "organizations", "consumers"}
GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
DNS_NAME = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]", re.IGNORECASE)


def find_home(ours: Tenant, named: str) -> Home | None:
    """Return the tenant that this domain or id names, wherever it lives."""
    if named.casefold() == ours.tenant_id or ours.is_verified(named):
        return Home(ours.tenant_id, WORLDWIDE)
    return elsewhere(named)


def require_home(ours: Tenant, named: str) -> Home:
    """Return the tenant of this domain or id, if this host may sign its people in. Raises SignInError."""
    if not GUID.fullmatch(named) and not DNS_NAME.fullmatch(named):
        what = f"Specified tenant identifier '{named}' is neither a valid DNS name, nor a valid external domain."
        raise SignInError(400, "invalid_request", 900023, what)
    home = find_home(ours, named)
    if home is None:
        raise unknown_tenant(named, "invalid_request")
    if not home.is_ours:
        what = "Confidential Client is not supported in Cross Cloud request."
        raise SignInError(400, "invalid_request", 900382, what, uri=False)
    return home


def issuer(tenant_id: str) -> str:
    """Return who signs a tenant's ID tokens, as the discovery document says it."""
    return f"{request.host_url}login/{tenant_id}/v2.0"


def unknown_tenant(tenant: str, error: str) -> SignInError:
    """Return the refusal of a tenant that nobody knows."""
    what = f"Tenant '{tenant}' not found."
    advice = "Check to make sure you have the correct tenant ID and are signing into the correct cloud."
    more = (
        "Check with your subscription administrator, this may happen if there are no active subscriptions "
        "for the tenant."
    )
    return SignInError(400, error, 90002, f"{what} {advice} {more}")


def single_tenant(application_id: str, name: str) -> SignInError:
    """Return the refusal of /common, where an application that only its own tenant knows cannot sign anybody in."""
    what = f"Application '{application_id}'({name}) is not configured as a multi-tenant application."
    since = "Usage of the /common endpoint is not supported for such apps created after '10/15/2018'."
    advice = "Use a tenant-specific endpoint or configure the application to be multi-tenant."
    return SignInError(400, "invalid_request", 50194, f"{what} {since} {advice}")
