"""The tenant behind a domain, and a token to read it: Microsoft's sign-in host, as a directory reader sees it."""

import base64
import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from ppe.errors import (
    ConsentMissing,
    DirectoryError,
    DirectoryUntrusted,
    NationalCloud,
    SecretRefused,
    TenantUnknown,
)
from ppe.sync.wire import Answer, Wire

GRAPH_SCOPE = "https://graph.microsoft.com/.default"
GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
UNKNOWN_TENANT = {90002, 900023, 50059}
WRONG_CLOUD = {900382, 900432, 900439, 90038}
EXPIRED_SECRET = 7000222
WRONG_SECRET = 7000215
UNKNOWN_APPLICATION = 700016


@dataclass(frozen=True, slots=True)
class Token:
    """An access token, and whether it carries the permission to read the directory."""

    access_token: str
    roles: frozenset[str]
    expires_in: float


def find_tenant(wire: Wire, login_url: str, domain: str) -> str:
    """The tenant's id, asked without any credential.

    Raises:
        TenantUnknown: nobody has registered this domain with Microsoft.
        NationalCloud: the tenant lives in GCC High, DoD or China. The host decides, never the region (graph.md 1).
    """
    answer = wire.ask("GET", f"{login_url}/{quote(domain, safe='')}/v2.0/.well-known/openid-configuration")
    document = answer.json()
    if answer.status != 200:
        raise _refusal(answer, domain)
    cloud, graph_host = document.get("cloud_instance_name"), document.get("msgraph_host")
    if cloud != "microsoftonline.com" or graph_host != "graph.microsoft.com":
        raise NationalCloud(
            f"{domain} belongs to a national cloud ({_cloud_name(document)}), which is not supported.",
            "Only Microsoft's worldwide cloud, Microsoft 365 GCC included, can be synced. No credential was sent.",
            str(document.get("tenant_region_sub_scope") or cloud or ""),
        )
    found = GUID.search(urlsplit(str(document.get("issuer"))).path)
    if found is None:
        raise DirectoryUntrusted(
            "Microsoft's description of the tenant could not be read.", "Try again later.", "", answer.correlation_id
        )
    return found[0].lower()


def fetch_token(wire: Wire, login_url: str, tenant: str, application_id: str, secret: str) -> Token:
    """A token for Graph, by the application's own credential.

    Raises:
        SecretRefused, TenantUnknown, NationalCloud: Microsoft's refusal, in our words and with its code.
    """
    answer = wire.ask(
        "POST",
        f"{login_url}/{quote(tenant, safe='')}/oauth2/v2.0/token",
        data={
            "client_id": application_id,
            "client_secret": secret,
            "scope": GRAPH_SCOPE,
            "grant_type": "client_credentials",
        },
    )
    said = answer.json()
    token = said.get("access_token")
    if answer.status != 200 or not isinstance(token, str):
        raise _refusal(answer, tenant)
    return Token(token, _roles(token), float(said.get("expires_in") or 0))


def consent_missing(code: str = "", correlation_id: str = "") -> ConsentMissing:
    """The same sentence, whether the token or Graph shows that consent is missing."""
    return ConsentMissing(
        "The application may not read the directory: admin consent is missing.",
        "Add the application permission Directory.Read.All, press Grant admin consent, and wait 5 to 10 minutes.",
        code,
        correlation_id,
    )


def _roles(token: str) -> frozenset[str]:
    """What the token may do, read without trusting it: only to say early what Graph would refuse later."""
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return frozenset(claims.get("roles") or ())
    except (IndexError, ValueError, AttributeError):
        return frozenset()


def _refusal(answer: Answer, tenant: str) -> DirectoryError:
    """Microsoft's refusal, told apart by its number and never by its prose."""
    number, correlation_id = _number(answer)
    code = f"AADSTS{number}" if number else str(answer.status)
    for numbers, error, sentence, advice in REFUSALS:
        if number in numbers:
            return error(sentence.format(tenant=tenant), advice, code, correlation_id)
    return SecretRefused(
        "Microsoft refused the application's credentials.",
        "Check the Application (client) ID and the Client Secret in the app registration.",
        code,
        correlation_id,
    )


REFUSALS: tuple[tuple[set[int], type[DirectoryError], str, str], ...] = (
    (
        UNKNOWN_TENANT,
        TenantUnknown,
        "Microsoft knows no tenant for “{tenant}”.",
        "Check the Primary Domain: it must be a domain that is verified in your Microsoft tenant.",
    ),
    (
        WRONG_CLOUD,
        NationalCloud,
        "“{tenant}” belongs to a national cloud, which is not supported.",
        "Only Microsoft's worldwide cloud, Microsoft 365 GCC included, can be synced.",
    ),
    (
        {EXPIRED_SECRET},
        SecretRefused,
        "The Client Secret has expired.",
        "Make a new client secret in the app registration, paste its Value here and save.",
    ),
    (
        {WRONG_SECRET},
        SecretRefused,
        "Microsoft does not accept the Client Secret.",
        "Paste the secret's Value, not its Secret ID. If the Value is no longer shown, make a new secret.",
    ),
    (
        {UNKNOWN_APPLICATION},
        SecretRefused,
        "This tenant has no application with that Application (client) ID.",
        "Copy the Application (client) ID from the overview of the app registration in this tenant.",
    ),
)


def _number(answer: Answer) -> tuple[int, str]:
    said: dict[str, Any] = answer.json()
    codes = said.get("error_codes")
    correlation_id = str(said.get("correlation_id") or answer.correlation_id)
    if isinstance(codes, list) and codes and isinstance(codes[0], int):
        return codes[0], correlation_id
    found = re.search(r"AADSTS(\d+)", str(said.get("error_description", "")))
    return int(found[1]) if found else 0, correlation_id


def _cloud_name(document: dict[str, Any]) -> str:
    sub_scope = document.get("tenant_region_sub_scope")
    if sub_scope in ("DODCON", "DOD"):
        return {"DODCON": "GCC High", "DOD": "US Government DoD"}[sub_scope]
    return str(document.get("cloud_instance_name") or "unknown")
