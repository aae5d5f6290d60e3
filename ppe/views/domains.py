"""Domains: which mail domains are registered here, added and removed."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ppe import dns_proof, domain_claims, domains, tenant_proof
from ppe.clock import utcnow
from ppe.errors import Refused
from ppe.models import DomainClaim
from ppe.views.access import admin_required, current_admin_name, current_organization

bp = Blueprint("domains", __name__, url_prefix="/domains")

KIND_CHOICES = {
    domains.RELAY: "Relay: receives filtered mail",
    domains.MANAGEMENT: "Management: accounts, no mail flow",
}
PROOFS = {
    "tenant": "Verified in your Microsoft tenant",
    "set-up": "Chosen at set-up",
    "administrator": "An administrator's word",
    "dns": "DNS record",
}


@bp.get("")
@admin_required
def page() -> ResponseReturnValue:
    """The registered domains, and a form for one more."""
    return _page({"name": "", "kind": domains.RELAY})


@bp.post("")
@admin_required
def add() -> ResponseReturnValue:
    """Register one more domain, at once where its proof is at hand; else say what its DNS has to show."""
    typed = {"name": request.form.get("name", "").strip(), "kind": request.form.get("kind", "")}
    try:
        added = domain_claims.claim(
            current_organization().id, typed["name"], typed["kind"], current_admin_name(), utcnow()
        )
    except Refused as refused:
        return _page(typed, {refused.field or "form": refused.sentence}), 422
    if isinstance(added, DomainClaim):
        return redirect(url_for(".prove_page", claim_id=added.id), 303)
    flash(f"{added.name} is registered. The next sync looks at everybody anew.", "success")
    return redirect(url_for(".page"), 303)


@bp.get("/claims/<int:claim_id>")
@admin_required
def prove_page(claim_id: int) -> ResponseReturnValue:
    """The record that proves a domain, and the button that looks for it."""
    return _prove(domain_claims.of(current_organization().id, claim_id))


@bp.post("/claims/<int:claim_id>")
@admin_required
def prove(claim_id: int) -> ResponseReturnValue:
    """**Check now**: register the domain if its record is there, or the tenant vouches for it by now."""
    organization_id = current_organization().id
    claimed = domain_claims.of(organization_id, claim_id)
    try:
        domain = domain_claims.prove(organization_id, claim_id, current_admin_name(), utcnow())
    except Refused as refused:
        return _prove(claimed, refused.sentence), 422
    flash(f"{domain.name} is registered. The next sync looks at everybody anew.", "success")
    return redirect(url_for(".page"), 303)


@bp.post("/claims/<int:claim_id>/withdraw")
@admin_required
def withdraw(claim_id: int) -> ResponseReturnValue:
    """Add it no more."""
    name = domain_claims.withdraw(current_organization().id, claim_id, current_admin_name(), utcnow())
    flash(f"{name} is not waited for any more.", "success")
    return redirect(url_for(".page"), 303)


@bp.get("/<int:domain_id>/remove")
@admin_required
def confirm_removal(domain_id: int) -> ResponseReturnValue:
    """Ask before a domain is removed, and say what stands in the way."""
    domain = domains.of(current_organization().id, domain_id)
    used = domains.addresses_on([domain.name], domain.organization_id).get(domain.name, 0)
    return render_template("domains/remove.html", domain=domain, used=used)


@bp.post("/<int:domain_id>/remove")
@admin_required
def remove(domain_id: int) -> ResponseReturnValue:
    """Remove a domain that nobody uses."""
    try:
        domain = domains.remove(current_organization().id, domain_id, current_admin_name(), utcnow())
    except Refused as refused:
        flash(refused.sentence, "danger")
    else:
        flash(f"{domain.name} is not registered any more.", "success")
    return redirect(url_for(".page"), 303)


def _prove(claimed: DomainClaim, wrong: str = "") -> str:
    return render_template(
        "domains/prove.html",
        claim=claimed,
        record_name=dns_proof.record_name(claimed.name),
        record_text=dns_proof.record_text(claimed.token),
        why=tenant_proof.missing(claimed.organization_id, claimed.name, utcnow()),
        wrong=wrong,
    )


def _page(typed: dict[str, str], wrong: dict[str, str] | None = None) -> str:
    organization_id = current_organization().id
    registered = domains.registered(organization_id)
    return render_template(
        "domains/page.html",
        registered=registered,
        waiting=domain_claims.waiting(organization_id),
        used=domains.addresses_on([domain.name for domain in registered], organization_id),
        kinds=KIND_CHOICES,
        proofs=PROOFS,
        typed=typed,
        wrong=wrong or {},
    )
