"""Changing a tenant directly, the believable company, and a tenant in a file."""

import json
import threading
from collections import Counter

import pytest

from ppe.practice.directory import NoSuchObject
from ppe.practice.groups import GroupKind
from ppe.practice.oddities import ODDITIES
from ppe.practice.tenant import Tenant


@pytest.fixture
def tenant():
    return Tenant.empty()


def proxies(tenant: Tenant, object_id: str) -> list[str]:
    return tenant.entry(object_id).proxy_addresses


def test_somebody_hired_has_names_an_address_and_a_licence(tenant):
    object_id = tenant.hire("Ann Other Name", "ann@contoso.example", aliases=("a@contoso.example",))
    (ann,) = tenant.people
    assert ann.id == object_id == tenant.find("A@contoso.example") == tenant.find("ann other name")
    assert (ann.primary, ann.aliases, ann.enabled, ann.licensed) == (
        *("ann@contoso.example", ("a@contoso.example",), True, True),
    )
    assert tenant.entry(object_id).properties["givenName"] == "Ann"
    assert tenant.entry(object_id).properties["surname"] == "Other Name"


def test_a_guest_has_the_foreign_address_and_an_ext_name(tenant):
    gina = tenant.entry(tenant.hire("Gina", "gina@northwind.example", guest=True)).properties
    assert gina["userPrincipalName"] == "gina_northwind.example#EXT#@contoso-onmicrosoft.example"
    assert (gina["userType"], gina["creationType"]) == ("Guest", "Invitation")
    assert gina["proxyAddresses"] == ["SMTP:gina@northwind.example"]
    assert "assignedLicenses" not in gina


def test_the_old_primary_address_becomes_an_alias_unless_told_otherwise(tenant):
    ann = tenant.hire("Ann", "ann@contoso.example", aliases=("a@contoso.example",))
    tenant.set_primary(ann, "a@contoso.example")
    assert proxies(tenant, ann) == ["SMTP:a@contoso.example", "smtp:ann@contoso.example"]
    tenant.set_primary(ann, "new@contoso.example", keep_old=False)
    assert proxies(tenant, ann) == ["SMTP:new@contoso.example", "smtp:ann@contoso.example"]
    assert tenant.entry(ann).properties["mail"] == "new@contoso.example"


def test_what_is_no_mail_address_survives_a_change_of_addresses(tenant):
    ann = tenant.hire("Ann", "ann@contoso.example")
    tenant.set_proxy_addresses(ann, ["X500:/o=x", "SMTP:ann@contoso.example", "SIP:ann@contoso.example"])
    tenant.set_addresses(ann, "b@contoso.example", ("c@contoso.example",))
    assert proxies(tenant, ann) == [
        *("SMTP:b@contoso.example", "smtp:c@contoso.example", "X500:/o=x", "SIP:ann@contoso.example"),
    ]


def test_aliases_come_and_go(tenant):
    ann = tenant.hire("Ann", "ann@contoso.example")
    tenant.add_alias(ann, "a@contoso.example")
    assert tenant.people[0].aliases == ("a@contoso.example",)
    tenant.remove_alias(ann, "A@contoso.example")
    assert proxies(tenant, ann) == ["SMTP:ann@contoso.example"]


def test_a_change_to_what_is_already_so_is_no_change(tenant):
    ann = tenant.hire("Ann", "ann@contoso.example")
    before = tenant.journal.last
    tenant.allow(ann)
    tenant.set_mobile(ann, None)
    tenant.delete(ann)
    tenant.delete(ann)
    assert tenant.journal.last == before + 1


def test_the_purged_are_gone_and_an_id_is_never_given_twice(tenant):
    ann = tenant.hire("Ann", "ann@contoso.example")
    tenant.purge(ann)
    with pytest.raises(NoSuchObject):
        tenant.entry(ann)
    with pytest.raises(NoSuchObject):
        tenant.find("ann@contoso.example")
    assert tenant.hire("Ann", "ann@contoso.example") != ann
    with pytest.raises(ValueError, match="already"):
        tenant.hire("Bo", "bo@contoso.example", object_id=ann)


@pytest.mark.parametrize(
    ("kind", "types", "mail_enabled", "security_enabled"),
    [
        ("security", None, False, True),
        ("microsoft365", ["Unified"], True, False),
        ("distribution", None, True, False),
        ("mail_security", None, True, True),
    ],
)
def test_there_are_four_kinds_of_groups(tenant, kind: GroupKind, types, mail_enabled, security_enabled):
    group = tenant.entry(tenant.add_group("My Team", kind)).properties
    assert group.get("groupTypes") == types
    assert (group["mailEnabled"], group["securityEnabled"]) == (mail_enabled, security_enabled)
    assert group.get("mail") == ("MyTeam@contoso.example" if mail_enabled else None)
    assert tenant.groups[0].kind == kind


def test_the_journal_says_what_happened_in_words(tenant):
    ann = tenant.hire("Ann", "ann@contoso.example")
    tenant.rename(ann, "Ann Renamed")
    team = tenant.add_group("Team", "security", members=[ann])
    tenant.rename_group(team, "Crew")
    assert [change.words for change in tenant.journal.between(0)] == [
        "Ann was hired",
        "Ann is now called Ann Renamed",
        "The group Team was made",
        "Ann Renamed joined the group Team",
        "The group Team is now called Crew",
    ]


def test_many_can_change_the_tenant_at_once(tenant):
    def hire_many(name: str) -> None:
        for place in range(200):
            tenant.hire(name, f"{name}{place}@contoso.example")

    threads = [threading.Thread(target=hire_many, args=(name,)) for name in ("ann", "bo", "cy")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(tenant.people) == 600
    assert [change.sequence for change in tenant.journal.between(0)] == list(range(1, 601))


def test_the_same_numbers_give_the_same_company():
    def ids(tenant: Tenant) -> list[tuple[str, str]]:
        return [(entry.id, entry.name) for entry in tenant.entries.values()]

    assert ids(Tenant.company(80, seed=7)) == ids(Tenant.company(80, seed=7)) != ids(Tenant.company(80, seed=8))


@pytest.mark.parametrize(("people", "groups", "aliases"), [(60, None, None), (300, 40, 111), (5, 3, 0), (1, 0, 0)])
def test_a_company_is_as_large_as_was_asked(people, groups, aliases):
    tenant = Tenant.company(people, groups=groups, aliases=aliases)
    assert len(tenant.people) == people
    assert len(tenant.groups) == (20 if groups is None else groups)
    if aliases is not None:
        ordinary = tenant.people[len(ODDITIES) :]
        assert sum(len(person.aliases) for person in ordinary) == aliases
    assert tenant.journal.last == 0


def test_nobody_in_the_company_has_another_ones_address():
    tenant = Tenant.company(500)
    held = Counter(
        proxy.casefold()
        for entry in tenant.entries.values()
        for proxy in entry.proxy_addresses
        if proxy[:5].casefold() == "smtp:"
    )
    assert [address for address, holders in held.items() if holders > 1] == []


def test_the_company_is_believable():
    tenant = Tenant.company()
    people = {person.display_name: person for person in tenant.people}
    primaries = Counter(person.primary.partition("@")[2] for person in people.values() if not person.guest)
    assert set(primaries) == {"contoso.example", "fabrikam.example", ""}
    assert primaries["contoso.example"] > primaries["fabrikam.example"] > 0
    assert primaries[""] == 1
    assert sum(person.guest for person in people.values()) == 2
    assert any(alias.endswith("@wingtip.example") for person in people.values() for alias in person.aliases)
    assert {group.kind for group in tenant.groups} == {"security", "microsoft365", "distribution", "mail_security"}
    assert any(not group.members for group in tenant.groups)
    kinds = {tenant.entries[member].kind for group in tenant.groups for member in group.members}
    assert kinds == {"user", "group", "orgContact", "device"}
    security = {entry.properties["securityEnabled"] for entry in tenant.live("groups") if "Unified" in str(entry)}
    assert security == {True, False}
    assert people["Uma Principal"].upn != people["Uma Principal"].primary
    lowell = tenant.entry(people["Lowell Case"].id)
    assert not any(proxy.startswith("SMTP:") for proxy in lowell.proxy_addresses)
    assert lowell.primary == "lowell@contoso.example"


def test_a_saved_tenant_is_the_same_tenant(tmp_path):
    tenant = Tenant.company()
    tenant.hire("Ann", "ann@contoso.example")
    tenant.delete(tenant.find("Zoë Lindström"))
    tenant.add_domain("tailspin.example")
    tenant.expire_secret()
    tenant.save(tmp_path / "deep" / "tenant.json")
    tenant.save(tmp_path / "deep" / "tenant.json")
    again = Tenant.load(tmp_path / "deep" / "tenant.json")
    again.save(tmp_path / "again.json")
    assert json.loads((tmp_path / "again.json").read_text()) == json.loads((tmp_path / "deep/tenant.json").read_text())
    assert again.people == tenant.people
    assert again.groups == tenant.groups
    assert again.journal.between(0) == tenant.journal.between(0)
    assert again.registration == tenant.registration
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["tenant.json"]
    bo = "Bo", "bo@contoso.example"
    assert again.hire(*bo) == tenant.hire(*bo), "ids go on where they were"
