from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient

from ppe.models import Domain
from tests.conftest import OpenDatabase, People
from tests.views.gate import assert_administrators_only


@pytest.fixture
def ids(people: People, open_database: OpenDatabase) -> dict[str, int]:
    with open_database():
        return {domain.name: domain.id for domain in Domain.select()}


def test_domains_are_for_administrators_alone(app: Flask, ids: dict[str, int]) -> None:
    assert_administrators_only(app, "/domains")
    assert_administrators_only(app, "/domains", method="POST")
    assert_administrators_only(app, f"/domains/{ids['contoso.example']}/remove")
    assert_administrators_only(app, f"/domains/{ids['contoso.example']}/remove", method="POST")


def test_the_list_has_the_organisations_own_domains_alone(signed_in: FlaskClient) -> None:
    text = signed_in.get("/domains").text
    assert "contoso.example" in text
    assert 'data-label="Addresses">2<' in text
    assert "fabrikam" not in text


def test_a_domain_is_added_and_adding_it_again_is_refused_beside_the_field(signed_in: FlaskClient) -> None:
    form = {"name": "New.example.", "kind": "management"}
    answer = signed_in.post("/domains", data=form)
    assert (answer.status_code, answer.location) == (303, "/domains")
    text = signed_in.get("/domains").text
    assert "new.example is registered." in text
    assert ">Management<" in text
    again = signed_in.post("/domains", data=form)
    assert again.status_code == 422
    assert 'id="name-error">new.example is registered already.' in again.text
    assert 'value="New.example."' in again.text
    assert '<option value="management" selected>' in again.text


def test_what_was_typed_is_escaped(signed_in: FlaskClient) -> None:
    answer = signed_in.post("/domains", data={"name": '"><script>alert(1)</script>', "kind": "relay"})
    assert answer.status_code == 422
    assert "<script>alert" not in answer.text


def test_a_domain_that_nobody_uses_is_removed_after_a_question_and_a_second_click_is_harmless(
    signed_in: FlaskClient, open_database: OpenDatabase
) -> None:
    signed_in.post("/domains", data={"name": "new.example", "kind": "relay"})
    with open_database():
        domain_id = Domain.get(Domain.name == "new.example").id
    question = signed_in.get(f"/domains/{domain_id}/remove")
    assert "Remove new.example?" in question.text
    for said in ("new.example is not registered any more.", "No such domain is registered here."):
        answer = signed_in.post(f"/domains/{domain_id}/remove")
        assert (answer.status_code, answer.location) == (303, "/domains")
        assert said in signed_in.get("/domains").text


def test_a_domain_in_use_can_not_be_removed(signed_in: FlaskClient, ids: dict[str, int]) -> None:
    path = f"/domains/{ids['contoso.example']}/remove"
    question = signed_in.get(path).text
    assert "2 addresses are on this domain" in question
    assert 'method="post" action="/domains' not in question
    signed_in.post(path)
    assert "2 addresses are on contoso.example" in signed_in.get("/domains").text


def test_another_organisations_domain_can_be_neither_seen_nor_removed(
    signed_in: FlaskClient, ids: dict[str, int], open_database: OpenDatabase
) -> None:
    path = f"/domains/{ids['fabrikam.example']}/remove"
    assert signed_in.get(path).status_code == 404
    signed_in.post(path)
    with open_database():
        assert Domain.select().where(Domain.name == "fabrikam.example").exists()


def test_the_page_says_that_a_domain_added_by_hand_is_taken_on_somebodys_word(signed_in: FlaskClient) -> None:
    assert "taken on your word" in signed_in.get("/domains").text
    signed_in.post("/domains", data={"name": "adatum.example", "kind": "relay"})
    assert "An administrator's word" in unescape(signed_in.get("/domains").text)
