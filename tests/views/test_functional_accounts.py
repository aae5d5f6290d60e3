import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from ppe.clock import utcnow
from ppe.models import FUNCTIONAL, Account, Membership
from tests.conftest import OpenDatabase, People, sign_in
from tests.views.gate import assert_administrators_only


@pytest.fixture
def staff(people: People, open_database: OpenDatabase) -> Account:
    """<b>Staff</b> of Contoso, with Ada and Bob in it."""
    with open_database():
        made: Account = Account.create(
            organization=people.contoso, type=FUNCTIONAL, display_name="<b>Staff</b>", created_at=utcnow()
        )
        for member in (people.ada, people.bob):
            Membership.create(group=made, member=member)
    return made


def test_functional_accounts_are_for_administrators_alone(app: Flask, staff: Account) -> None:
    assert_administrators_only(app, "/functional-accounts")
    assert_administrators_only(app, f"/functional-accounts/{staff.id}")


def test_the_list_counts_members_and_escapes_names(signed_in: FlaskClient, staff: Account) -> None:
    text = signed_in.get("/functional-accounts").text
    assert "&lt;b&gt;Staff&lt;/b&gt;" in text
    assert "<b>Staff" not in text
    assert 'data-label="Members">2<' in text


def test_an_empty_list_says_how_it_fills(signed_in: FlaskClient) -> None:
    text = signed_in.get("/functional-accounts").text
    assert "No functional accounts yet" in text
    assert 'href="/import-sync/azure"' in text


def test_a_filter_that_finds_nothing_says_so(signed_in: FlaskClient, staff: Account) -> None:
    assert "No functional account matches this filter." in signed_in.get("/functional-accounts?text=zzz").text
    assert "&lt;b&gt;Staff" in signed_in.get("/functional-accounts?text=%3Cb%3Estaff&state=active&source=by_hand").text


def test_its_page_lists_the_members(signed_in: FlaskClient, people: People, staff: Account) -> None:
    text = signed_in.get(f"/functional-accounts/{staff.id}").text
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
    first = signed_in.get(f"/functional-accounts/{staff.id}").text
    assert "62 members, 50 shown" in first
    assert "Person 59" not in first
    link = re.search(r'rel="next" href="([^"]+)"', first)
    assert link
    assert "Person 59" in signed_in.get(link[1]).text


def test_another_organisation_neither_lists_nor_reaches_them(
    client: FlaskClient, people: People, staff: Account
) -> None:
    eve = sign_in(client, "eve@fabrikam.example")
    assert "Staff" not in eve.get("/functional-accounts?text=staff").text
    assert eve.get(f"/functional-accounts/{staff.id}").status_code == 404


def test_a_user_is_not_reachable_here(signed_in: FlaskClient, people: People) -> None:
    assert signed_in.get(f"/functional-accounts/{people.bob.id}").status_code == 404
