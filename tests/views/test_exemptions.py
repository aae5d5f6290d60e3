from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from ppe import exemptions
from ppe.clock import utcnow
from ppe.models import Account, Exemption
from tests.conftest import OpenDatabase, People, sign_in
from tests.views.gate import assert_administrators_only


@pytest.fixture
def exemption(people: People, open_database: OpenDatabase) -> int:
    """Bob is exempt."""
    with open_database():
        exemptions.add(people.contoso.id, "bob@contoso.example", "<i>on leave</i>", None, "Ada", utcnow())
        made: Exemption = Exemption.get()
        return made.id


def test_exemptions_are_for_administrators_alone(app: Flask, exemption: int) -> None:
    assert_administrators_only(app, "/exemptions")
    assert_administrators_only(app, "/exemptions", method="POST")
    assert_administrators_only(app, f"/exemptions/{exemption}/end", method="POST")


def test_the_list_says_who_why_and_since_when_and_escapes_it(signed_in: FlaskClient, exemption: int) -> None:
    text = signed_in.get("/exemptions").text
    for words in (">Bob<", "bob@contoso.example", "&lt;i&gt;on leave&lt;/i&gt;", "No last day", "by Ada"):
        assert words in text


def test_whoever_is_here_is_a_link_and_namesakes_are_told_apart_by_their_addresses(
    signed_in: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    with open_database():
        Account.update(directory_id="bob-there").where(Account.id == people.bob.id).execute()
        things = [
            {"object_id": "bob-there", "address": None, "name": "Bob"},
            {"object_id": "not-here", "address": None, "name": "Bob"},
            {"object_id": None, "address": "eve@fabrikam.example", "name": "Eve"},
        ]
        exemptions.add_many(people.contoso.id, things, "", None, "Ada", utcnow())
    rows = signed_in.get("/exemptions").text.split("<tr ")[2:]
    here, away, foreign = (next(row for row in rows if mark in row) for mark in ("/users/", "by its directory", "Eve"))
    assert f'<a href="/users/{people.bob.id}">Bob</a><span class="beneath">bob@contoso.example</span>' in here
    assert "<a " not in away
    assert "<a " not in foreign


def test_ending_one_moves_it_to_the_ended_and_a_second_click_is_harmless(
    signed_in: FlaskClient, exemption: int
) -> None:
    for _ in range(2):
        answer = signed_in.post(f"/exemptions/{exemption}/end")
        assert (answer.status_code, answer.location) == (303, "/exemptions")
    assert "Nothing is exempt" in signed_in.get("/exemptions").text
    assert "bob@contoso.example" in signed_in.get("/exemptions?show=ended").text


def test_an_address_is_exempted_with_a_reason_and_a_last_day(signed_in: FlaskClient) -> None:
    day = utcnow().date() + timedelta(3)
    form = {"address": "new@contoso.example", "reason": "arrives later", "last_day": day.isoformat()}
    for _ in range(2):
        assert signed_in.post("/exemptions", data=form).status_code == 303
    text = signed_in.get("/exemptions").text
    assert "new@contoso.example is exempt" in text
    assert "arrives later" in text
    assert "1 exemption<" in text


@pytest.mark.parametrize(
    ("field", "typed"), [("address", "nobody"), ("last_day", "2020-01-01"), ("last_day", "next week")]
)
def test_what_makes_no_sense_is_refused_beside_its_field_and_kept(
    signed_in: FlaskClient, field: str, typed: str
) -> None:
    form = {"address": "new@contoso.example", "reason": "why", "last_day": ""} | {field: typed}
    answer = signed_in.post("/exemptions", data=form)
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert f'value="{typed}"' in answer.text
    assert 'value="why"' in answer.text


def test_the_form_can_begin_with_an_address(signed_in: FlaskClient) -> None:
    assert 'value="bob@contoso.example"' in signed_in.get("/exemptions?address=bob@contoso.example").text


def test_another_organisation_neither_lists_nor_ends_it(
    client: FlaskClient, exemption: int, open_database: OpenDatabase
) -> None:
    eve = sign_in(client, "eve@fabrikam.example")
    for query in ("", "?show=ended", "?text=bob"):
        assert "bob@contoso.example" not in eve.get(f"/exemptions{query}").text
    assert eve.post(f"/exemptions/{exemption}/end").status_code == 404
    with open_database():
        assert Exemption.get_by_id(exemption).ended_at is None


def test_the_filter_finds_by_name_and_says_when_there_is_nothing(signed_in: FlaskClient, exemption: int) -> None:
    assert "bob@contoso.example" in signed_in.get("/exemptions?text=BOB").text
    assert "No exemption matches this filter." in signed_in.get("/exemptions?text=zzz").text


def test_the_audit_log_and_the_page_of_the_account_show_what_changed(
    signed_in: FlaskClient, people: People, exemption: int
) -> None:
    form = {"address": "bob@contoso.example", "reason": "ticket 4711", "last_day": "2099-01-31"}
    signed_in.post("/exemptions", data=form)
    for page in ("/account-management/audit-log", f"/users/{people.bob.id}"):
        text = signed_in.get(page).text
        assert "<dt>Reason</dt><dd>&lt;i&gt;on leave&lt;/i&gt; → ticket 4711</dd>" in text
        assert "<dt>Last day</dt><dd>– → 2099-01-31</dd>" in text
