"""What an ID token says of the person who signed in, claim by claim as Entra's v2 tokens do."""

import base64
import hashlib
import secrets
import time
from typing import Any
from uuid import NAMESPACE_DNS, uuid5

from ppe.practice.authorization_codes import Grant
from ppe.practice.directory import Entry

# Recorded tokens are dated five minutes back and good for an hour and five: a client's slow clock is forgiven.
DATED_BACK = 300
LIFETIME = 3600


def id_claims(entry: Entry, grant: Grant, issuer: str) -> dict[str, Any]:
    """Return the claims of one person's ID token."""
    now = int(time.time())
    claims: dict[str, Any] = {
        "aud": grant.client_id,
        "iss": issuer,
        "iat": now - DATED_BACK,
        "nbf": now - DATED_BACK,
        "exp": now + LIFETIME,
        "nonce": grant.nonce,
        "rh": f"1.A{secrets.token_urlsafe(40)}.",
        "sid": grant.session_id,
        "sub": pairwise(grant.tenant_id, entry.id, grant.client_id),
        "tid": grant.tenant_id,
        "uti": secrets.token_urlsafe(16),
        "ver": "2.0",
    }
    claims |= profile(entry) if "profile" in grant.scopes else {}
    claims |= mail(entry) if "email" in grant.scopes or is_guest(entry) else {}
    claims |= {"idp": identity_provider(entry)} if is_guest(entry) else {}
    return claims


def profile(entry: Entry) -> dict[str, str]:
    """Return what the scope `profile` tells: without it not even the object id is there."""
    return {"name": entry.name, "oid": entry.id, "preferred_username": signs_in_as(entry)}


def mail(entry: Entry) -> dict[str, str]:
    """Return the mail address, where there is one."""
    address = entry.properties.get("mail")
    return {"email": address} if address else {}


def is_guest(entry: Entry) -> bool:
    """Is this somebody of another organisation?"""
    return entry.properties.get("userType") == "Guest"


def signs_in_as(entry: Entry) -> str:
    """Return the name that a person types: the principal name, or a guest's address at home."""
    return str(entry.properties.get("mail") or entry.upn) if is_guest(entry) else entry.upn


def identity_provider(entry: Entry) -> str:
    """Return the guest's own tenant, as the issuer of its older tokens."""
    domain = signs_in_as(entry).rpartition("@")[2]
    return f"https://sts.windows.net/{uuid5(NAMESPACE_DNS, domain)}/"


def pairwise(tenant_id: str, object_id: str, client_id: str) -> str:
    """Return a subject that is the same for one person and application, and tells another application nothing."""
    digest = hashlib.sha256(f"{tenant_id} {object_id} {client_id}".encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
