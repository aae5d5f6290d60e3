"""A believable company: mostly ordinary people, and one of every oddity that a real directory holds.

Everything is drawn from one seed and ids are counted, so the same numbers give the same company every time.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ppe.practice.groups import GroupKind
from ppe.practice.names import GIVEN, PLACES, SURNAMES, TEAMS, TITLES
from ppe.practice.oddities import CONTOSO, ODDITIES, Oddity

if TYPE_CHECKING:
    from ppe.practice.tenant import Tenant


@dataclass(frozen=True, slots=True)
class Size:
    """How large a company: `people` counts every user object, `aliases` those of ordinary people together."""

    people: int
    groups: int | None = None
    aliases: int | None = None


def settle(tenant: "Tenant", size: Size, seed: int) -> None:
    """Fill an empty tenant with a company."""
    chance = random.Random(seed)  # noqa: S311 - dice, not secrets
    odd = {oddity.name: hire_oddity(tenant, oddity) for oddity in ODDITIES[: size.people]}
    ordinary = hire_ordinary(tenant, size, chance)
    make_odd_groups(tenant, odd, ordinary, most=size.groups)
    number = len(TEAMS) if size.groups is None else size.groups - len(tenant.groups)
    make_teams(tenant, number, ordinary or list(odd.values()), chance)


def hire_oddity(tenant: "Tenant", oddity: Oddity) -> str:
    """Hire one of the oddities."""
    object_id = tenant.hire(oddity.name, oddity.address, **oddity.hiring)
    if oddity.proxies is not None:
        tenant.set_proxy_addresses(object_id, oddity.proxies)
    return object_id


def hire_ordinary(tenant: "Tenant", size: Size, chance: random.Random) -> list[str]:
    """Hire the rest, each reporting to somebody hired earlier."""
    number = max(0, size.people - len(ODDITIES))
    aliases = number // 3 if size.aliases is None else size.aliases
    hired: list[str] = []
    taken: set[str] = set()
    for place in range(number):
        given, surname = chance.choice(GIVEN), chance.choice(SURNAMES)
        local = f"{given}.{surname}".lower()
        local = local if local not in taken else f"{local}{place}"
        taken.add(local)
        share = aliases * (place + 1) // number - aliases * place // number
        hired.append(
            tenant.hire(
                f"{given} {surname}",
                f"{local}@{CONTOSO}",
                aliases=[f"{given[0].lower()}{place}.{alias}@{CONTOSO}" for alias in range(share)],
                mobile=f"+31 6 5550 {place % 10_000:04}" if chance.random() < 0.6 else None,
                businessPhones=[f"+31 20 555 {place % 10_000:04}"] if chance.random() < 0.5 else None,
                jobTitle=chance.choice(TITLES),
                officeLocation=chance.choice(PLACES),
                preferredLanguage="en-US",
                manager=chance.choice(hired[:50]) if hired else None,
            )
        )
    return hired


def make_odd_groups(tenant: "Tenant", odd: dict[str, str], ordinary: Sequence[str], most: int | None) -> None:
    """Make one group of every kind, and the shapes that trip a sync: nested, empty, with strangers in it."""
    contact = tenant.add_contact("Nora Newsletter", "nora@northwind.example")
    device = tenant.add_device("LAPTOP-0042")
    guests = [odd[name] for name in ("Gina Visitor",) if name in odd]
    some, few = list(ordinary[:8]), list(ordinary[:3])
    everybody = [*odd.values(), *ordinary]
    groups = (
        ("All Company", {"kind": "microsoft365", "members": everybody, "description": "Everybody at Contoso."}),
        ("Project Falcon", {"kind": "microsoft365", "members": [*few, *guests], "securityEnabled": True}),
        ("Newsletter", {"kind": "distribution", "members": [*some, contact], "aliases": (f"news@{CONTOSO}",)}),
        ("Facilities", {"kind": "mail_security", "members": few}),
        ("VPN Users", {"kind": "security", "members": [*some, device]}),
        ("Empty Desk", {"kind": "distribution"}),
        ("Amsterdam Staff", {"kind": "security", "members": few, **dynamic("user.city -eq 'Amsterdam'")}),
        ("Legal", {"kind": "microsoft365", "members": few}),
        ("Legal", {"kind": "security", "members": few}),
    )
    for name, what in groups[:most]:
        tenant.add_group(name, **what)
    if most is None or most > len(groups):
        nested = [tenant.find("VPN Users"), tenant.find("Facilities")]
        tenant.add_group("IT and Facilities", "security", members=nested)


def dynamic(rule: str) -> dict[str, object]:
    """Return what a group has whose members Entra chooses by a rule."""
    return {
        "groupTypes": ["DynamicMembership"],
        "membershipRule": rule,
        "membershipRuleProcessingState": "On",
    }


def make_teams(tenant: "Tenant", number: int, people: Sequence[str], chance: random.Random) -> None:
    """Make ordinary teams, a few of them with an alias."""
    kinds: tuple[GroupKind, ...] = ("microsoft365", "security", "distribution", "mail_security")
    for place in range(number):
        team = TEAMS[place % len(TEAMS)]
        name = f"{team} {PLACES[place // len(TEAMS) % len(PLACES)]} {place}" if place >= len(TEAMS) else f"{team} Team"
        members = chance.sample(people, min(len(people), chance.randint(3, 12)))
        tenant.add_group(name, kinds[place % 4], members=members)
