"""What happens in a directory between two syncs, so that the second has something to show in every section."""

from ppe.practice.tenant import Tenant


def change_much(tenant: Tenant) -> None:
    """Something for every section, more deletions than the limits let through, and a group with other members."""
    for number in range(3):
        tenant.hire(f"Nel New{number}", f"nel{number}@contoso.example", aliases=(f"new{number}@contoso.example",))
    ordinary = [person for person in tenant.people if person.licensed and not person.guest][12:]
    for person in ordinary[:12]:
        tenant.delete(person.id)
    for person in ordinary[12:15]:
        tenant.block(person.id)
    for person in ordinary[15:20]:
        tenant.rename(person.id, f"{person.display_name} Newname")
        tenant.add_alias(person.id, f"another.{person.primary}")
    for exempt in ("Jan van der Berg", "Suharto"):
        tenant.set_mobile(tenant.find(exempt), "+31 6 5550 9999")
    team = tenant.find("Facilities")
    tenant.rename_group(team, "Facilities and Mail Room")
    tenant.add_member(team, ordinary[20].id)
