"""Domains added by hand: registered once the tenant or the DNS proves whose they are.

The installation's owner can take an administrator's word instead (PPE_TRUST_ADMINISTRATORS_DOMAINS).
"""

import secrets
from datetime import datetime

from flask import current_app

from ppe import audit, dns_proof, domains, tenant_proof
from ppe.db import database
from ppe.errors import NotFound, Refused
from ppe.models import Domain, DomainClaim

TENANT, DNS, WORD = "tenant", "dns", "administrator"


def claim(organization_id: int, name: str, kind: str, actor: str, now: datetime) -> Domain | DomainClaim:
    """Register a domain where its proof is there already, else note the claim and what its DNS has to say.

    Raises:
        Refused: this is no domain name, no kind of domain, or the domain is taken.
    """
    ascii_name = domains.checked(organization_id, name, kind)
    proof = _proof_at_hand(organization_id, ascii_name, now)
    if proof is not None:
        return domains.register(organization_id, ascii_name, kind, proof, actor, now)
    with database.atomic():
        token = secrets.token_hex(16)
        DomainClaim.insert(
            organization=organization_id, name=ascii_name, kind=kind, token=token, created_at=now
        ).on_conflict(
            conflict_target=[DomainClaim.organization, DomainClaim.name], update={DomainClaim.kind: kind}
        ).execute()
        audit.record(organization_id, actor, "domain claimed", ascii_name, {"kind": kind}, now=now)
    waiting: DomainClaim = DomainClaim.get(DomainClaim.organization == organization_id, DomainClaim.name == ascii_name)
    return waiting


def register(organization_id: int, name: str, kind: str, actor: str, now: datetime) -> Domain:
    """Register a domain whose proof has to be there already.

    Raises:
        Refused: it is not, or this is no kind of domain, or the domain is taken.
    """
    proof = _proof_at_hand(organization_id, name, now)
    if proof is None:
        raise Refused(tenant_proof.missing(organization_id, name, now))
    return domains.register(organization_id, name, kind, proof, actor, now)


def waiting(organization_id: int) -> list[DomainClaim]:
    """The organisation's claims without a proof, by name."""
    return list(DomainClaim.select().where(DomainClaim.organization == organization_id).order_by(DomainClaim.name))


def of(organization_id: int, claim_id: int) -> DomainClaim:
    """One claim of the organisation.

    Raises:
        NotFound: it has no such claim.
    """
    found: DomainClaim | None = DomainClaim.get_or_none(
        DomainClaim.organization == organization_id, DomainClaim.id == claim_id
    )
    if found is None:
        raise NotFound("This domain does not wait for its proof any more.")
    return found


def prove(organization_id: int, claim_id: int, actor: str, now: datetime) -> Domain:
    """Register the domain if a proof has come to hand, or its DNS says what it has to.

    No transaction waits for the answer of the DNS.

    Raises:
        NotFound: there is no such claim any more.
        Refused: the proof is not there, or somebody else registered the domain meanwhile.
    """
    claimed = of(organization_id, claim_id)
    proof = _proof_at_hand(organization_id, claimed.name, now)
    if proof is None:
        dns_proof.require(claimed.name, claimed.token)
    return domains.register(organization_id, claimed.name, claimed.kind, proof or DNS, actor, now)


def withdraw(organization_id: int, claim_id: int, actor: str, now: datetime) -> str:
    """Forget a claim; gives its name.

    Raises:
        NotFound: there is no such claim any more.
    """
    claimed = of(organization_id, claim_id)
    with database.atomic():
        DomainClaim.delete().where(DomainClaim.id == claimed.id).execute()
        audit.record(organization_id, actor, "domain claim withdrawn", claimed.name, now=now)
    return str(claimed.name)


def _proof_at_hand(organization_id: int, name: str, now: datetime) -> str | None:
    """The tenant's own word, or the owner's decision to trust administrators."""
    if not tenant_proof.missing(organization_id, name, now):
        return TENANT
    return WORD if current_app.config["SETTINGS"].trust_administrators_domains else None
