import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from ppe.clock import utcnow
from ppe.models import GROUP, Account, Connection, DirectoryObject, Membership
from tests.conftest import OpenDatabase, People, sign_in
from tests.views.gate import assert_administrators_only


@pytest.fixture
def staff(people: People, open_database: OpenDatabase) -> Account:
    """<b>Staff</b> of Contoso, with Ada and Bob in it."""
    with open_database():
        made: Account = Account.create(
            organization=people.contoso, type=GROUP, display_name="<b>Staff</b>", created_at=utcnow()
        )
        for member in (people.ada, people.bob):
            Membership.create(group=made, member=member)
    return made


def test_groups_are_for_administrators_alone(app: Flask, staff: Account) -> None:
    assert_administrators_only(app, "/groups")
    assert_administrators_only(app, f"/groups/{staff.id}")


def test_the_list_counts_members_and_escapes_names(signed_in: FlaskClient, staff: Account) -> None:
    text = signed_in.get("/groups").text
    assert "&lt;b&gt;Staff&lt;/b&gt;" in text
    assert "<b>Staff" not in text
    assert 'data-label="Members">2<' in text


def test_an_empty_list_says_how_it_fills(signed_in: FlaskClient) -> None:
    text = signed_in.get("/groups").text
    assert "No groups yet" in text
    assert 'href="/import-sync/azure"' in text


def test_a_filter_that_finds_nothing_says_so(signed_in: FlaskClient, staff: Account) -> None:
    assert "No group matches this filter." in signed_in.get("/groups?text=zzz").text
    assert "&lt;b&gt;Staff" in signed_in.get("/groups?text=%3Cb%3Estaff&state=active&source=by_hand").text


def test_its_page_lists_the_members(signed_in: FlaskClient, people: People, staff: Account) -> None:
    text = signed_in.get(f"/groups/{staff.id}").text
    assert f'href="/users/{people.bob.id}">Bob</a>' in text
    assert "2 members" in text


def test_its_members_come_in_pages(
    signed_in: FlaskClient, people: People, staff: Account, open_database: OpenDatabase
) -> None:
    with open_database():
        for number in range(60):
            member = Account.create(
                organization=people.contoso, type="end_user", display_name=f"Person {number:02}", created_at=utcnow()
            )
            Membership.create(group=staff, member=member)
    first = signed_in.get(f"/groups/{staff.id}").text
    assert "62 members, 50 shown" in first
    assert "Person 59" not in first
    link = re.search(r'rel="next" href="([^"]+)"', first)
    assert link
    assert "Person 59" in signed_in.get(link[1]).text


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
    listed = signed_in.get("/groups?kind=security").text
    assert "&lt;b&gt;Staff" in listed
    assert '<span class="beneath">Security group</span>' in listed
    assert '<option value="security" selected>' in listed
    assert "No group matches this filter." in signed_in.get("/groups?kind=distribution").text
    assert "Staff" in signed_in.get("/groups.csv?kind=security").text
    assert "Staff" not in signed_in.get("/groups.csv?kind=distribution").text


def test_another_organisation_neither_lists_nor_reaches_them(
    client: FlaskClient, people: People, staff: Account
) -> None:
    eve = sign_in(client, "eve@fabrikam.example")
    assert "Staff" not in eve.get("/groups?text=staff").text
    assert eve.get(f"/groups/{staff.id}").status_code == 404


def test_a_user_is_not_reachable_here(signed_in: FlaskClient, people: People) -> None:
    assert signed_in.get(f"/groups/{people.bob.id}").status_code == 404
