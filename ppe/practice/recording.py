"""A recorded tenant, served by the same rules as an invented one.

What the recording lacks is made up here, and nowhere else: `accountEnabled` is true for everybody, shared mailboxes
and rooms included, and `proxyAddresses` is the one address in `mail`. Both come by `$select` only, so the default
answers stay exactly as they were recorded. Members of the groups that were never recorded as users stay ids.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ppe.practice.directory import Entry, Properties
from ppe.practice.organization import Domain
from ppe.practice.people import smtp

if TYPE_CHECKING:
    from ppe.practice.tenant import Tenant


def values(folder: Path, name: str) -> list[dict[str, Any]]:
    """Return the `value` of one recorded answer."""
    answer: dict[str, list[dict[str, Any]]] = json.loads((folder / name).read_text())
    return answer["value"]


def organization(folder: Path) -> dict[str, Any]:
    """Return the recorded organization."""
    return values(folder, "sandbox-organization.json")[0]


def domains(recorded: dict[str, Any]) -> list[Domain]:
    """Return the domains that an organization lists as verified."""
    return [
        Domain(domain["name"], is_default=domain["isDefault"], is_initial=domain["isInitial"])
        for domain in recorded["verifiedDomains"]
    ]


def replay(tenant: "Tenant", folder: Path) -> None:
    """Fill a tenant with the recorded users and groups, under their own ids."""
    managers = {
        user["id"]: user["manager@delta"][0]["id"]
        for user in values(folder, "sandbox-users-delta-page1.json")
        if "manager@delta" in user
    }
    for user in values(folder, "sandbox-users.json"):
        manager = {"manager": managers[user["id"]]} if user["id"] in managers else {}
        tenant.admit(Entry(user["id"], "user", user_properties(user) | manager))
    for group in values(folder, "sandbox-groups-delta-page1.json"):
        members = {member["id"]: place for place, member in enumerate(group.pop("members@delta", []), start=1)}
        tenant.admit(Entry(group["id"], "group", group, members))
        tenant.members_ever = max(tenant.members_ever, len(members))


def user_properties(recorded: dict[str, Any]) -> Properties:
    """Return a recorded user's properties with the two that the recording lacks."""
    known = {name: value for name, value in recorded.items() if value not in (None, [])}
    addresses = {"proxyAddresses": smtp(recorded["mail"])} if recorded["mail"] else {}
    return known | {"accountEnabled": True, "userType": "Member"} | addresses
