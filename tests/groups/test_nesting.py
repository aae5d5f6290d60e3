"""Groups in groups: found whatever their shape, each once and by the shortest way."""

from collections.abc import Iterator

import pytest

from ppe.clock import utcnow
from ppe.groups import nesting
from ppe.lists import listings
from ppe.lists.paging import Position
from ppe.models import FUNCTIONAL, GROUP, Account, Membership
from tests.conftest import OpenDatabase, People, add_account
from tests.databases import on_both_databases

pytestmark = on_both_databases


@pytest.fixture(autouse=True)
def _database(people: People, open_database: OpenDatabase) -> Iterator[None]:
    with open_database():
        yield


def group(people: People, name: str, *members: Account, kind: str = GROUP) -> Account:
    made: Account = Account.create(organization=people.contoso, type=kind, display_name=name, created_at=utcnow())
    for member in members:
        Membership.create(group=made, member=member)
    return made


def everyone(people: People, of: Account) -> dict[str, tuple[str, ...]]:
    """Who is in it, with the way; page after page."""
    inside, position = nesting.within(of), Position()
    found: dict[str, tuple[str, ...]] = {}
    while True:
        page = listings.everyone_in(people.contoso.id, of, inside, position)
        found |= {row.account.display_name: row.path for row in page.rows}
        if page.next is None:
            return found
        position = Position(after=page.next)


def test_everyone_in_a_group_is_found_with_the_groups_between(people: People) -> None:
    europe = group(people, "Sales EU", people.bob)
    sales = group(people, "Sales", europe)
    company = group(people, "Company", sales, people.ada)
    assert list(nesting.within(company).values()) == [("Sales",), ("Sales", "Sales EU")]
    assert everyone(people, company) == {"Ada": (), "Bob": ("Sales", "Sales EU")}


def test_groups_that_contain_each_other_end_the_walk(people: People) -> None:
    one = group(people, "One", people.ada)
    two = group(people, "Two", one, people.bob)
    Membership.create(group=one, member=two)
    Membership.create(group=one, member=one)
    assert list(nesting.within(one).values()) == [("Two",)]
    assert everyone(people, one) == {"Ada": (), "Bob": ("Two",)}
    assert [found.group.id for found in nesting.through(people.bob, [two])] == [one.id]


def test_who_is_in_it_twice_is_listed_once_by_the_shortest_way(people: People) -> None:
    deep = group(people, "Deep", people.bob)
    middle = group(people, "Middle", deep)
    outer = group(people, "Outer", middle, deep)
    assert everyone(people, outer) == {"Bob": ("Deep",)}
    Membership.create(group=outer, member=people.bob)
    assert everyone(people, outer) == {"Bob": ()}


def test_a_shared_mailbox_is_a_member_and_a_distribution_list_with_members_is_a_group(people: People) -> None:
    mailbox = add_account(people.contoso, FUNCTIONAL, "Info", "info@contoso.example")
    letters = group(people, "Newsletter", people.bob, mailbox, kind=FUNCTIONAL)
    company = group(people, "Company", letters)
    assert list(nesting.within(company).values()) == [("Newsletter",)]
    assert everyone(people, company) == {"Bob": ("Newsletter",), "Info": ("Newsletter",)}


def test_the_groups_that_somebody_is_in_through_others_are_named_with_the_way(people: People) -> None:
    europe = group(people, "Sales EU", people.bob)
    sales = group(people, "Sales", europe)
    group(people, "Company", sales)
    direct, _ = listings.groups_of(people.bob)
    assert [(one.group.display_name, one.path) for one in nesting.through(people.bob, direct)] == [
        ("Company", ("Sales", "Sales EU")),
        ("Sales", ("Sales EU",)),
    ]


def test_ten_deep_with_many_at_the_end_comes_in_pages_without_gaps(people: People) -> None:
    crowd = [add_account(people.contoso, "end_user", f"P{n:03}", f"p{n}@contoso.example") for n in range(120)]
    inner = group(people, "G0", *crowd)
    for depth in range(1, 10):
        inner = group(people, f"G{depth}", inner, crowd[0])
    found = everyone(people, inner)
    assert len(found) == 120
    assert found["P001"] == tuple(f"G{depth}" for depth in range(8, -1, -1))
    assert found["P000"] == ()


def test_a_removed_group_and_another_organisations_lead_nowhere(people: People) -> None:
    gone = group(people, "Gone", people.bob)
    company = group(people, "Company", gone)
    Account.update(removed_at=utcnow()).where(Account.id == gone.id).execute()
    assert nesting.within(company) == {}
    theirs = Account.create(organization=people.fabrikam, type=GROUP, display_name="Theirs", created_at=utcnow())
    Membership.create(group=theirs, member=people.eve)
    Membership.create(group=company, member=theirs)
    assert nesting.within(company) == {}
