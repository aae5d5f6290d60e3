"""Domains: which mail domains are registered here, added and removed."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ppe import domains
from ppe.clock import utcnow
from ppe.errors import NotFound, Refused
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
    """Register one more domain."""
    typed = {"name": request.form.get("name", "").strip(), "kind": request.form.get("kind", "")}
    try:
        domain = domains.register(
            current_organization().id, typed["name"], typed["kind"], "administrator", current_admin_name(), utcnow()
        )
    except Refused as refused:
        return _page(typed, {refused.field or "form": refused.sentence}), 422
    flash(f"{domain.name} is registered. The next sync looks at everybody anew.", "success")
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
    """Remove a domain that nobody uses; a second click finds it gone, which is what was wanted."""
    try:
        domain = domains.remove(current_organization().id, domain_id, current_admin_name(), utcnow())
    except NotFound as gone:
        flash(gone.sentence, "info")
    except Refused as refused:
        flash(refused.sentence, "danger")
    else:
        flash(f"{domain.name} is not registered any more.", "success")
    return redirect(url_for(".page"), 303)


def _page(typed: dict[str, str], wrong: dict[str, str] | None = None) -> str:
    organization_id = current_organization().id
    registered = domains.registered(organization_id)
    return render_template(
        "domains/page.html",
        registered=registered,
        used=domains.addresses_on([domain.name for domain in registered], organization_id),
        kinds=KIND_CHOICES,
        proofs=PROOFS,
        typed=typed,
        wrong=wrong or {},
    )
