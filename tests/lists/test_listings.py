from collections.abc import Iterator
from typing import Any

import pytest

from ppe import exemptions
from ppe.clock import utcnow
from ppe.errors import NotFound
from ppe.lists import listings, search
from ppe.lists.paging import Page, Position
from ppe.lists.search import Filter
from ppe.models import (
    FUNCTIONAL,
    GROUP,
    PERSON_TYPES,
    Account,
    Address,
    Connection,
    DirectoryObject,
    Exemption,
    Membership,
    Organization,
)
from tests.conftest import OpenDatabase, People
from tests.databases import on_both_databases

pytestmark = on_both_databases

TODAY = utcnow().date()


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
    return [row.account.display_name for row in listings.accounts(people.contoso.id, types, wanted, TODAY).rows]


def test_accounts_are_listed_by_name_whatever_the_case_and_only_the_organisations_own(people: People) -> None:
    add(people.contoso, "aaron", "aaron@contoso.example")
    add(people.contoso, "Zoe", "zoe@contoso.example")
    assert names(people) == ["aaron", "Ada", "Bob", "Zoe"]


@pytest.fixture(params=["few", "many"])
def _looked_for(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Among few everything found is looked at; among many the list is walked. Both find the same."""
    if request.param == "many":
        monkeypatch.setattr(search, "MANY", 0)


@pytest.mark.usefixtures("_looked_for")
def test_a_text_finds_whatever_name_last_name_or_address_begins_with_it(people: People) -> None:
    add(people.contoso, "Cleo Clark", "c@contoso.example", "findable.alias@contoso.example", last_name="Clark")
    add(people.contoso, "Sales Team East", "east@contoso.example")
    for text in ("CLEO", "clark", "cleo cl", "clark cleo", "Findable.AL", "clark find", "@contoso.ex clark"):
        assert names(people, Filter(text)) == ["Cleo Clark"], text
    assert names(people, Filter("sales team")) == ["Sales Team East"]
    for text in ("lark", "team", "clark zzz", "alias", "@fabrikam", "eve"):
        assert names(people, Filter(text)) == [], text


@pytest.mark.usefixtures("_looked_for")
@pytest.mark.parametrize("typed", ["Émile", "émile", "ÉMILE", "emil", "Zoë", "zoe"])
def test_a_text_is_found_whatever_its_case_and_accents(people: People, typed: str) -> None:
    add(people.contoso, "Émile Zoë", "e@contoso.example", last_name="Zoë")
    assert names(people, Filter(typed)) == ["Émile Zoë"]


@pytest.mark.usefixtures("_looked_for")
@pytest.mark.parametrize(
    ("name", "typed"),
    [("Søren", "SOREN"), ("Łukasz", "lukasz"), ("Đorđe", "dorde"), ("Ægir", "aegir"), ("Œdipe", "oedipe"),
     ("Straße", "strasse"), ("Þór", "thor"), ("Guðrún", "gudrun"), ("Işıl", "isil"), ("Ǿystein", "oystein")],
)  # fmt: skip
def test_a_text_is_found_by_letters_that_every_keyboard_has(people: People, name: str, typed: str) -> None:
    add(people.contoso, name, "x@contoso.example")
    for text in (typed, name, name.upper()):
        assert names(people, Filter(text)) == [name]


@pytest.mark.usefixtures("_looked_for")
@pytest.mark.parametrize("typed", ["ute@bücher", "@BÜCHER", "Ute@Bücher.exa", "@bücher.example ute", "@xn--bch"])
def test_an_address_is_found_by_its_domain_as_people_write_it(people: People, typed: str) -> None:
    add(people.contoso, "Ute", "ute@xn--bcher-kva.example")
    add(people.contoso, "Ufo", "ufo@xn--bcher-kva.example", removed_at=utcnow())
    add(people.contoso, "Uwe", removed_at=utcnow(), removed_addresses=["ute@xn--bcher-kva.example"])
    assert names(people, Filter(typed)) == ["Ute"]
    assert names(people, Filter(typed.removesuffix(" ute"), state="removed")) == ["Uwe"]


@pytest.mark.usefixtures("_looked_for")
@pytest.mark.parametrize("typed", ["%", "_", "\\", "'", "!"])
def test_signs_that_mean_something_to_the_database_are_meant_literally(people: People, typed: str) -> None:
    add(people.contoso, f"{typed}name", "odd@contoso.example")
    add(people.contoso, "Gone", removed_at=utcnow(), removed_addresses=[f"{typed}gone@contoso.example"])
    assert names(people, Filter(typed)) == [f"{typed}name"]
    assert names(people, Filter(typed, state="removed")) == ["Gone"]


@pytest.mark.usefixtures("_looked_for")
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
    [row] = listings.accounts(people.contoso.id, PERSON_TYPES, Filter("alias@", state="removed"), TODAY).rows
    assert (row.primary, row.aliases) == ("gone@contoso.example", ["alias@contoso.example"])


def test_a_row_has_its_primary_address_its_aliases_and_its_member_count(people: People) -> None:
    staff = add(people.contoso, "Staff", "staff@contoso.example", "all@contoso.example", type=FUNCTIONAL)
    for member in (people.ada, people.bob):
        Membership.create(group=staff, member=member)
    [row] = listings.accounts(people.contoso.id, [FUNCTIONAL], Filter(), TODAY).rows
    assert (row.primary, row.aliases, row.members) == ("staff@contoso.example", ["all@contoso.example"], 2)


@pytest.mark.usefixtures("_looked_for")
def test_the_filter_by_exemption_sees_what_the_sync_sees(people: People) -> None:
    now = utcnow()
    synced = add(people.contoso, "Synced", "synced@contoso.example", directory_id="1")
    exemptions.add(people.contoso.id, "bob@contoso.example", "", None, "Ada", now)
    exemptions.add(people.contoso.id, "synced@contoso.example", "", None, "Ada", now)
    exemptions.add(people.fabrikam.id, "ada@contoso.example", "", None, "Eve", now)
    assert names(people, Filter(exemption="exempt")) == ["Bob", "Synced"]
    assert names(people, Filter("syn", exemption="exempt")) == ["Synced"]
    assert names(people, Filter(exemption="not_exempt")) == ["Ada"]
    Exemption.update(ended_at=now).where(Exemption.object_id == synced.directory_id).execute()
    assert names(people, Filter(exemption="exempt")) == ["Bob"]


@pytest.mark.usefixtures("_looked_for")
def test_the_filter_by_kind_sees_what_the_directory_says_and_what_was_said_by_hand(people: People) -> None:
    kinds = {"All": "microsoft365", "Desk": "distribution", "Fans": "distribution"}
    for of in (people.contoso, people.fabrikam):
        connection = Connection.get(Connection.organization == of)
        for name, kind in kinds.items():
            add(of, name, f"{name}@{of.name}.example".lower(), type=FUNCTIONAL, directory_id=name)
            DirectoryObject.create(
                connection=connection, object_id=name, is_group=True, group_kind=kind, fingerprint="x", seen_in_run=1
            )
    add(people.contoso, "Own", "own@contoso.example", type=FUNCTIONAL, group_kind="distribution")
    add(people.contoso, "Converted", "was@contoso.example", type=FUNCTIONAL)
    # Whatever somebody said before it was linked, the directory knows better.
    Account.update(group_kind="distribution").where(Account.display_name == "All").execute()
    exemptions.add(people.contoso.id, "desk@contoso.example", "", None, "Ada", utcnow())
    types = (FUNCTIONAL,)
    assert names(people, Filter(kind="distribution"), types) == ["Desk", "Fans", "Own"]
    assert names(people, Filter(kind="microsoft365"), types) == ["All"]
    assert names(people, Filter(kind="mail_security"), types) == []
    assert names(people, Filter("f", kind="distribution"), types) == ["Fans"]
    assert names(people, Filter(kind="distribution", source="by_hand"), types) == ["Own"]
    assert names(people, Filter(kind="distribution", exemption="exempt"), types) == ["Desk"]
    assert names(people, Filter(kind="distribution", exemption="not_exempt"), types) == ["Fans", "Own"]
    rows = listings.accounts(people.contoso.id, types, Filter(), TODAY).rows
    assert {row.account.display_name: row.kind for row in rows} == kinds | {"Own": "distribution", "Converted": ""}


@pytest.mark.usefixtures("_looked_for")
def test_a_list_is_sorted_by_name_by_address_or_by_age(people: People) -> None:
    add(people.contoso, "Aaron", "zzz@contoso.example")
    add(people.contoso, "Émil", "aaa@contoso.example")
    assert names(people, Filter(sort="name")) == ["Aaron", "Ada", "Bob", "Émil"]
    assert names(people, Filter(sort="address")) == ["Émil", "Ada", "Bob", "Aaron"]
    Address.delete().where(Address.address.in_(["aaa@contoso.example", "ada@contoso.example"])).execute()
    assert names(people, Filter(sort="address")) == ["Bob", "Aaron", "Ada", "Émil"], "who has none comes last, by name"
    assert names(people, Filter(sort="newest")) == ["Émil", "Aaron", "Bob", "Ada"]


def _through(people: People, wanted: Filter) -> tuple[list[Page], list[Page]]:
    """All pages from the first to the last, and back again."""
    there = [listings.accounts(people.contoso.id, PERSON_TYPES, wanted, TODAY)]
    while there[-1].next:
        there.append(listings.accounts(people.contoso.id, PERSON_TYPES, wanted, TODAY, Position(after=there[-1].next)))
    back = [there[-1]]
    while back[-1].previous:
        back.append(
            listings.accounts(people.contoso.id, PERSON_TYPES, wanted, TODAY, Position(before=back[-1].previous))
        )
    return there, back


@pytest.mark.usefixtures("_looked_for")
@pytest.mark.parametrize("sort", ["name", "address", "newest"])
@pytest.mark.parametrize("text", ["", "same"])
def test_the_pages_there_and_back_have_everybody_once_and_the_first_is_full(
    people: People, sort: str, text: str
) -> None:
    for number in range(120):  # all of one name: their order is still one
        one = add(people.contoso, "Same", f"same{number:03}@contoso.example", type=PERSON_TYPES[number % 3])
        if number % 2 and not text:
            Address.delete().where(Address.account == one).execute()
    there, back = _through(people, Filter(text, sort=sort))
    shown = [row.account.id for page in there for row in page.rows]
    assert len(shown) == len(set(shown)) == (120 if text else 122)
    assert [len(page.rows) for page in there][:2] == [50, 50]
    assert [[row.account.id for row in page.rows] for page in back[::-1]] == [
        [row.account.id for row in page.rows] for page in there
    ]
    assert (there[0].previous, there[-1].next) == (None, None)


@pytest.mark.usefixtures("_looked_for")
def test_a_page_after_somebody_who_is_gone_is_the_first(people: People) -> None:
    for number in (10**9, people.eve.id):
        for position in (Position(after=number), Position(before=number)):
            page = listings.accounts(people.contoso.id, PERSON_TYPES, Filter(), TODAY, position)
            assert [row.account.display_name for row in page.rows] == ["Ada", "Bob"]
            assert page.previous is None


def test_few_are_counted_and_many_are_said_to_be_more(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(60):
        add(people.contoso, f"Person {number:02}")
    counted = [listings.accounts(people.contoso.id, PERSON_TYPES, Filter(text), TODAY) for text in ("", "person")]
    assert [(page.total, page.is_more) for page in counted] == [(62, False), (60, False)]
    monkeypatch.setattr(search, "MANY", 55)
    counted = [listings.accounts(people.contoso.id, PERSON_TYPES, Filter(text), TODAY) for text in ("", "person")]
    assert [(page.total, page.is_more) for page in counted] == [(55, True), (50, True)]


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
    exemptions.add(people.fabrikam.id, "ute@Bücher.example", "", None, "Eve", utcnow())
    [ute] = listings.exempted(people.fabrikam.id, today, "UTE@bücher").rows
    assert ute.address == "ute@xn--bcher-kva.example"
    exemptions.end(people.fabrikam.id, ute.id, "Eve", utcnow())
    [two] = listings.exempted(people.contoso.id, today, "two").rows
    exemptions.end(people.contoso.id, two.id, "Ada", utcnow())
    assert [found.name for found in listings.exempted(people.contoso.id, today, "").rows] == ["one@contoso.example"]
    assert listings.exempted(people.contoso.id, today, "", ended=True).rows == [two]
    assert listings.exempted(people.fabrikam.id, today, "").total == 0
    assert listings.exempted(people.fabrikam.id, today, "", ended=True).rows == [ute]
