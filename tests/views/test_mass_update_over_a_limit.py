"""A mass update over the safety limit: the preview says so and asks for the number, and no other number will do."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from ppe import db
from ppe.clock import utcnow
from ppe.models import END_USER, Account
from tests.conftest import OpenDatabase, People
from tests.views.test_mass_update import begin, work


@pytest.fixture
def address(app: Flask, signed_in: FlaskClient, people: People) -> str:
    """A preview that deactivates 60 of 62 users."""
    with db.database.connection_context(), db.database.atomic():
        for n in range(60):
            Account.create(organization=people.contoso, type=END_USER, display_name=f"P{n:03}", created_at=utcnow())
    return work(app, begin(signed_in, "list=users&whom=found&text=p", new_state="not_active"))


def beside(html: str) -> str:
    found = re.search(r'id="confirmed-error">([^<]*)', html)
    return found[1] if found else ""


def active(open_database: OpenDatabase) -> int:
    with open_database():
        return Account.select().where(Account.active, Account.display_name.startswith("P")).count()


def test_the_preview_says_what_is_over_and_what_to_type(signed_in: FlaskClient, address: str) -> None:
    page = signed_in.get(address).text
    assert "This is over your" in page
    assert "60 deactivations: more than 5 and more than 10 % of 62 accounts." in page
    assert ">Type 60 to confirm it</label>" in page
    assert 'aria-invalid="true"' not in page


def test_within_the_limit_nothing_is_asked(app: Flask, signed_in: FlaskClient, people: People) -> None:
    query = f"list=users&whom=ticked&ticked={people.bob.id}"
    within = work(app, begin(signed_in, query, new_state="not_active"))
    assert 'name="confirmed"' not in signed_in.get(within).text
    assert signed_in.post(f"{within}/apply").status_code == 303


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [({}, "Type 60 here to confirm it, or cancel"), ({"confirmed": "61"}, "It is 60, not 61. Type 60 here")],
)
def test_another_number_or_none_changes_nothing_and_is_told_beside_the_field(
    signed_in: FlaskClient, address: str, open_database: OpenDatabase, typed: dict[str, str], sentence: str
) -> None:
    (second,) = re.findall(r'rel="next" href="([^"]+)"', signed_in.get(address).text)
    (action,) = re.findall(r'action="([^"]+)"[^>]*id="apply-form"', signed_in.get(second.replace("&amp;", "&")).text)
    answer = signed_in.post(action.replace("&amp;", "&"), data=typed)
    assert answer.status_code == 422
    assert beside(answer.text).startswith(sentence)
    assert f'value="{typed.get("confirmed", "")}"' in answer.text
    assert "Nothing has changed yet" in answer.text
    assert "P059" in answer.text, "it is still the second page"
    assert active(open_database) == 60


def test_the_right_number_applies_it(
    app: Flask, signed_in: FlaskClient, address: str, open_database: OpenDatabase
) -> None:
    work(app, signed_in.post(f"{address}/apply", data={"confirmed": "60"}))
    assert active(open_database) == 0
    assert "60 accounts were changed." in signed_in.get(address).text


def test_who_may_only_look_sees_why_and_no_field(
    signed_in: FlaskClient, people: People, address: str, open_database: OpenDatabase
) -> None:
    with open_database():
        Account.update(read_only=True).where(Account.id == people.ada.id).execute()
    page = signed_in.get(address).text
    assert "60 deactivations: more than 5" in page
    assert 'name="confirmed"' not in page
