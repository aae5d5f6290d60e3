from collections.abc import Iterator
from typing import Any

import pytest

from ppe import exemptions, listings
from ppe.clock import utcnow
from ppe.errors import NotFound
from ppe.listings import Filter
from ppe.models import FUNCTIONAL, GROUP, PERSON_TYPES, Account, Address, Membership, Organization
from tests.conftest import OpenDatabase, People

NOBODY = Filter("zzz")


@pytest.fixture(autouse=True)
def _database(people: People, open_database: OpenDatabase) -> Iterator[None]:
    with open_database():
        yield


def add(of: Organization, name: str, *addresses: str, **fields: Any) -> Account:
    made: Account = Account.create(
        **({"type": "end_user"} | fields), organization=of, display_name=name, created_at=utcnow()
    )
    for address in addresses:
        domain = address.rpartition("@")[2]
        Address.create(account=made, address=address, domain=domain, is_primary=address == addresses[0])
    return made


def names(people: People, wanted: Filter = Filter(), types: tuple[str, ...] = PERSON_TYPES) -> list[str]:  # noqa: B008
    return [row.account.display_name for row in listings.accounts(people.contoso.id, types, wanted).rows]


def test_accounts_are_listed_by_name_whatever_the_case_and_only_the_organisations_own(people: People) -> None:
    add(people.contoso, "aaron", "aaron@contoso.example")
    add(people.contoso, "Zoe", "zoe@contoso.example")
    assert names(people) == ["aaron", "Ada", "Bob", "Zoe"]


def test_a_text_is_found_in_a_name_and_in_any_address(people: People) -> None:
    add(people.contoso, "Cleo Clark", "c@contoso.example", "Findable.Alias@contoso.example".casefold())
    assert names(people, Filter("CLARK")) == ["Cleo Clark"]
    assert names(people, Filter("findable.ALIAS")) == ["Cleo Clark"]
    assert names(people, Filter("clark alias@")) == ["Cleo Clark"]
    assert names(people, Filter("clark zzz")) == []


@pytest.mark.parametrize("typed", ["Émile", "émile", "ÉMILE"])
def test_a_text_is_found_whatever_the_case_of_its_letters(people: People, typed: str) -> None:
    add(people.contoso, "Émile", "e@contoso.example")
    assert names(people, Filter(typed)) == ["Émile"]


@pytest.mark.parametrize("typed", ["%", "_", "\\", "'", "!"])
def test_signs_that_mean_something_to_the_database_are_meant_literally(people: People, typed: str) -> None:
    add(people.contoso, f"odd{typed}name", "odd@contoso.example")
    assert names(people, Filter(typed)) == [f"odd{typed}name"]


def test_the_filters_by_role_state_and_source_narrow_the_list(people: People) -> None:
    add(people.contoso, "Silent", type="silent_user", directory_id="1")
    add(people.contoso, "Blocked", active=False, deactivated_by="sync", directory_id="2")
    add(people.contoso, "Gone", removed_at=utcnow(), removed_addresses=["gone@contoso.example"], directory_id="3")
    assert names(people, Filter(role="silent_user")) == ["Silent"]
    assert names(people, Filter(state="not_active")) == ["Blocked"]
    assert names(people, Filter(state="active")) == ["Ada", "Bob", "Silent"]
    assert names(people, Filter(state="removed")) == ["Gone"]
    assert names(people, Filter(source="directory")) == ["Blocked", "Silent"]
    assert names(people, Filter(source="by_hand")) == ["Ada", "Bob"]


def test_a_removed_account_is_found_by_the_addresses_it_had(people: People) -> None:
    add(
        people.contoso, "Gone", removed_at=utcnow(), removed_addresses=["gone@contoso.example", "alias@contoso.example"]
    )
    [row] = listings.accounts(people.contoso.id, PERSON_TYPES, Filter("alias@", state="removed")).rows
    assert (row.primary, row.aliases) == ("gone@contoso.example", ["alias@contoso.example"])


def test_a_row_has_its_primary_address_its_aliases_and_its_member_count(people: People) -> None:
    staff = add(people.contoso, "Staff", "staff@contoso.example", "all@contoso.example", type=FUNCTIONAL)
    for member in (people.ada, people.bob):
        Membership.create(group=staff, member=member)
    [row] = listings.accounts(people.contoso.id, [FUNCTIONAL], Filter()).rows
    assert (row.primary, row.aliases, row.members) == ("staff@contoso.example", ["all@contoso.example"], 2)


def test_a_page_beyond_the_last_is_the_last(people: People) -> None:
    for number in range(60):
        add(people.contoso, f"Person {number:02}")
    page = listings.accounts(people.contoso.id, PERSON_TYPES, Filter("Person"), 99)
    assert (page.total, page.number, page.last, len(page.rows)) == (60, 2, 2, 10)
    assert page.rows[-1].account.display_name == "Person 59"
    assert listings.accounts(people.contoso.id, PERSON_TYPES, NOBODY).last == 1


def test_members_and_groups_are_those_of_the_organisation(people: People) -> None:
    group = add(people.contoso, "Sales", type=GROUP)
    for member in (people.bob, people.ada, people.eve):
        Membership.create(group=group, member=member)
    page = listings.members(people.contoso.id, group)
    assert [row.account.display_name for row in page.rows] == ["Ada", "Bob"]
    groups, count = listings.groups_of(people.bob)
    assert ([found.display_name for found in groups], count) == (["Sales"], 1)
    assert listings.groups_of(people.eve) == ([], 0)


def test_one_account_is_found_in_its_own_organisation_and_under_its_own_kind(people: People) -> None:
    assert listings.one(people.contoso.id, PERSON_TYPES, people.bob.id).primary == "bob@contoso.example"
    for organization, types, account in (
        (people.contoso, PERSON_TYPES, people.eve),
        (people.contoso, (GROUP,), people.bob),
    ):
        with pytest.raises(NotFound):
            listings.one(organization.id, types, account.id)


def test_exemptions_are_listed_by_state_and_filtered_by_text(people: People) -> None:
    today = utcnow().date()
    for address in ("one@contoso.example", "two@contoso.example"):
        exemptions.add(people.contoso.id, address, "", None, "Ada", utcnow())
    assert listings.exempted(people.contoso.id, today, "TWO").total == 1
    [two] = listings.exempted(people.contoso.id, today, "two").rows
    exemptions.end(people.contoso.id, two.id, "Ada", utcnow())
    assert [found.name for found in listings.exempted(people.contoso.id, today, "").rows] == ["one@contoso.example"]
    assert listings.exempted(people.contoso.id, today, "", ended=True).rows == [two]
    assert listings.exempted(people.fabrikam.id, today, "").total == 0
    assert listings.exempted(people.fabrikam.id, today, "", ended=True).total == 0
