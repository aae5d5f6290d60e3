"""A tenant in a file: written whole or not at all, so that delta links outlive a restart."""

import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ppe.practice.directory import Entry
from ppe.practice.journal import Change, Journal
from ppe.practice.registration import ClientSecret, Registration

if TYPE_CHECKING:
    from ppe.practice.tenant import Tenant

Saved = dict[str, Any]


def snapshot(tenant: "Tenant") -> Saved:
    """Return everything that a tenant remembers."""
    return {
        "tenant_id": tenant.tenant_id,
        "domains": [asdict(domain) for domain in tenant.domains],
        "registration": asdict(tenant.registration),
        "organization": tenant.organization,
        "generation": tenant.generation,
        "last_link": tenant.last_link,
        "members_ever": tenant.members_ever,
        "purposes": tenant.purposes,
        "entries": [
            [entry.id, entry.kind, entry.properties, entry.members, entry.standing, entry.left_groups]
            for entry in tenant.entries.values()
        ],
        "journal": [asdict(change) for change in tenant.journal.between(0)],
    }


def restore(tenant: "Tenant", saved: Saved) -> None:
    """Make a new tenant remember what another one did."""
    tenant.registration = registration(saved["registration"])
    tenant.organization = saved["organization"]
    tenant.generation = saved["generation"]
    tenant.last_link = saved["last_link"]
    tenant.members_ever = saved["members_ever"]
    tenant.purposes = saved.get("purposes", {})  # a file from before there were any is still good
    for object_id, kind, properties, members, standing, left_groups in saved["entries"]:
        tenant.admit(Entry(object_id, kind, properties, members, standing, tuple(left_groups)))
    tenant.journal = Journal(
        Change(**{**change, "properties": tuple(change["properties"])}) for change in saved["journal"]
    )


def registration(saved: Saved) -> Registration:
    """Return a registration whose times are times again."""
    return Registration(**{**saved, "secrets": [client_secret(secret) for secret in saved["secrets"]]})


def client_secret(saved: Saved) -> ClientSecret:
    """Return a client secret whose times are times again."""
    times = {name: datetime.fromisoformat(saved[name]) for name in ("starts", "ends")}
    return ClientSecret(**{**saved, **times})


def read(path: Path) -> Saved:
    """Read what `write` wrote."""
    saved: Saved = json.loads(path.read_text())
    return saved


def write(path: Path, saved: Saved) -> None:
    """Replace the file in one step: a practice tenant that is killed meanwhile leaves the old one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.new")
    beside.write_text(json.dumps(saved, default=datetime.isoformat))
    beside.replace(path)
