"""Groups, and functional accounts, which are groups with an address: two lists and two pages that are much alike."""

import re
from typing import NamedTuple

import pytest
from flask import Flask
from flask.testing import FlaskClient

from ppe.clock import utcnow
from ppe.models import FUNCTIONAL, GROUP, Account, Connection, DirectoryObject, Membership
from tests.conftest import OpenDatabase, People, sign_in
from tests.views.gate import assert_administrators_only


class List(NamedTuple):
    """Where it is, what stands in it, and what it calls one."""

    address: str
    type: str
    noun: str


GROUPS, FUNCTIONAL_ACCOUNTS = (
    List("/groups", GROUP, "group"),
    List("/functional-accounts", FUNCTIONAL, "functional account"),
)


@pytest.fixture(params=[GROUPS, FUNCTIONAL_ACCOUNTS], ids=lambda listed: listed.noun)
def listed(request: pytest.FixtureRequest) -> List:
    """Each of the two."""
    found: List = request.param
    return found


@pytest.fixture
def staff(people: People, listed: List, open_database: OpenDatabase) -> Account:
    """<b>Staff</b> of Contoso, with Ada and Bob in it."""
    with open_database():
        made: Account = Account.create(
            organization=people.contoso, type=listed.type, display_name="<b>Staff</b>", created_at=utcnow()
        )
        for member in (people.ada, people.bob):
            Membership.create(group=made, member=member)
    return made


def test_they_are_for_administrators_alone(app: Flask, listed: List, staff: Account) -> None:
    assert_administrators_only(app, listed.address)
    assert_administrators_only(app, f"{listed.address}/{staff.id}")


def test_the_list_counts_members_and_escapes_names(signed_in: FlaskClient, listed: List, staff: Account) -> None:
    text = signed_in.get(listed.address).text
    assert "&lt;b&gt;Staff&lt;/b&gt;" in text
    assert "<b>Staff" not in text
    assert 'data-label="Members">2<' in text


def test_an_empty_list_says_how_it_fills(signed_in: FlaskClient, listed: List) -> None:
    text = signed_in.get(listed.address).text
    assert f"No {listed.noun}s yet" in text
    assert 'href="/import-sync/azure"' in text


def test_a_filter_that_finds_nothing_says_so(signed_in: FlaskClient, listed: List, staff: Account) -> None:
    assert f"No {listed.noun} matches this filter." in signed_in.get(f"{listed.address}?text=zzz").text
    assert "&lt;b&gt;Staff" in signed_in.get(f"{listed.address}?text=%3Cb%3Estaff&state=active&source=by_hand").text


def test_its_page_lists_the_members(signed_in: FlaskClient, people: People, listed: List, staff: Account) -> None:
    text = signed_in.get(f"{listed.address}/{staff.id}").text
    assert f'href="/users/{people.bob.id}">Bob</a>' in text
    assert "2 members" in text


def test_its_members_come_in_pages(
    signed_in: FlaskClient, people: People, listed: List, staff: Account, open_database: OpenDatabase
) -> None:
    with open_database():
        for number in range(60):
            member = Account.create(
                organization=people.contoso, type="end_user", display_name=f"Person {number:02}", created_at=utcnow()
            )
            Membership.create(group=staff, member=member)
    first = signed_in.get(f"{listed.address}/{staff.id}").text
    assert "62 members, 50 shown" in first
    assert "Person 59" not in first
    link = re.search(r'rel="next" href="([^"]+)"', first)
    assert link
    assert "Person 59" in signed_in.get(link[1]).text


@pytest.mark.parametrize("listed", [GROUPS], indirect=True)
def test_the_kind_of_a_group_stands_on_its_page_and_in_the_list_and_filters_it(
    signed_in: FlaskClient, people: People, staff: Account, open_database: OpenDatabase
) -> None:
    with open_database():
        Account.update(directory_id="staff").where(Account.id == staff.id).execute()
        connection = Connection.get(Connection.organization == people.contoso)
        DirectoryObject.create(
            connection=connection, object_id="staff", is_group=True, group_kind="security", fingerprint="x",
            seen_in_run=1,
        )  # fmt: skip
    assert "<dt>Kind</dt><dd>Security group</dd>" in signed_in.get(f"/groups/{staff.id}").text
    shown = signed_in.get("/groups?kind=security").text
    assert "&lt;b&gt;Staff" in shown
    assert '<span class="beneath">Security group</span>' in shown
    assert '<option value="security" selected>' in shown
    assert "No group matches this filter." in signed_in.get("/groups?kind=distribution").text
    assert "Staff" in signed_in.get("/groups.csv?kind=security").text
    assert "Staff" not in signed_in.get("/groups.csv?kind=distribution").text


def test_another_organisation_neither_lists_nor_reaches_them(client: FlaskClient, listed: List, staff: Account) -> None:
    eve = sign_in(client, "eve@fabrikam.example")
    assert "Staff" not in eve.get(f"{listed.address}?text=staff").text
    assert eve.get(f"{listed.address}/{staff.id}").status_code == 404


def test_a_user_is_not_reachable_here(signed_in: FlaskClient, people: People, listed: List) -> None:
    assert signed_in.get(f"{listed.address}/{people.bob.id}").status_code == 404
