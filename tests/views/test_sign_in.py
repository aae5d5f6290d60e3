import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from ppe.models import FUNCTIONAL, SILENT_USER, Account, SignInSession
from tests.conftest import PASSWORD, OpenDatabase, People, sign_in

ADA = {"address": "ada@contoso.example", "password": PASSWORD}
PAGE = "/import-sync/azure"


def test_the_right_pair_leads_home(client: FlaskClient, people: People) -> None:
    answer = client.post("/sign-in/password", data=ADA)
    assert (answer.status_code, answer.location) == (303, "/")
    assert client.get(PAGE).status_code == 200


def test_who_is_signed_in_already_is_not_asked_again(signed_in: FlaskClient) -> None:
    assert signed_in.get("/sign-in").location == "/"


def test_a_wrong_pair_keeps_the_address_and_not_the_password(client: FlaskClient, people: People) -> None:
    answer = client.post("/sign-in/password", data={"address": "ada@contoso.example", "password": "wrong wrong wrong"})
    assert answer.status_code == 422
    assert "or the password is wrong" in answer.text
    assert 'value="ada@contoso.example"' in answer.text
    assert "wrong wrong" not in answer.text
    assert client.get(PAGE).status_code == 303


@pytest.mark.parametrize("missing", ["address", "password"])
def test_an_empty_field_is_asked_for(client: FlaskClient, people: People, missing: str) -> None:
    answer = client.post("/sign-in/password", data={**ADA, missing: ""})
    assert answer.status_code == 422
    assert "Type your address and your password." in answer.text


def test_a_page_asked_for_before_is_shown_after(client: FlaskClient, people: People) -> None:
    asked = client.get(f"{PAGE}?x=1")
    assert asked.status_code == 303
    form = client.get(asked.location)
    wanted = re.search(r'name="next" value="([^"]*)"', form.text)
    assert wanted is not None
    answer = client.post("/sign-in/password", data={**ADA, "next": wanted[1]})
    assert answer.location == f"{PAGE}?x=1"


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example/import-sync/azure",
        "//evil.example/import-sync/azure",
        "/\\evil.example",
        "/sign-out",
        "/sign-in",
        "/nowhere",
        "javascript:alert(1)",
        "/import-sync/azure/",
        "/import-sync/azure/test",
        "http://[",
        "",
    ],
)
def test_no_other_address_is_followed(client: FlaskClient, people: People, wanted: str) -> None:
    assert client.post("/sign-in/password", data={**ADA, "next": wanted}).location == "/"


def test_htmx_is_sent_to_sign_in_as_a_whole_page(client: FlaskClient, people: People) -> None:
    answer = client.get(
        f"{PAGE}/status", headers={"HX-Request": "true", "HX-Current-URL": f"http://localhost{PAGE}?x=1"}
    )
    assert answer.status_code == 200
    assert answer.headers["HX-Redirect"] == "/sign-in?next=/import-sync/azure?x%3D1"
    assert answer.text == ""


def test_the_session_gets_a_new_id_and_the_old_cookie_is_worth_nothing(
    app: Flask, signed_in: FlaskClient, open_database: OpenDatabase
) -> None:
    before = signed_in.get_cookie("ppe_session")
    assert before is not None
    signed_in.post("/sign-out")
    with open_database():
        assert SignInSession.select().count() == 0
    thief = app.test_client()
    thief.set_cookie("ppe_session", before.value)
    assert thief.get(PAGE).status_code == 303
    sign_in(signed_in, "ada@contoso.example")
    after = signed_in.get_cookie("ppe_session")
    assert after is not None
    assert after.value != before.value


def test_signing_out_takes_a_button_not_a_link(signed_in: FlaskClient) -> None:
    assert signed_in.get("/sign-out").status_code == 405
    assert signed_in.get(PAGE).status_code == 200


def test_an_end_user_sees_their_own_account_alone(client: FlaskClient, people: People) -> None:
    typed = {"address": "bob@contoso.example", "password": PASSWORD, "next": PAGE}
    assert client.post("/sign-in/password", data=typed).location == "/account"
    page = client.get("/account").text
    assert "bob@contoso.example" in page
    assert PAGE not in page
    assert client.get(PAGE).location == "/account"
    assert client.post(PAGE).location == "/account"


@pytest.mark.parametrize("kind", [SILENT_USER, FUNCTIONAL])
def test_who_has_no_sign_in_gets_the_answer_of_a_wrong_password(
    client: FlaskClient, people: People, open_database: OpenDatabase, kind: str
) -> None:
    with open_database():
        Account.update(type=kind).where(Account.id == people.bob.id).execute()
    answer = client.post("/sign-in/password", data={"address": "bob@contoso.example", "password": PASSWORD})
    assert answer.status_code == 422
    assert "or the password is wrong" in answer.text


def test_the_address_comes_first_and_leads_to_the_password(client: FlaskClient, people: People) -> None:
    answer = client.post("/sign-in", data={"address": " bob@contoso.example ", "next": "/account"})
    assert answer.location == "/sign-in?main=1&email=bob@contoso.example&next=/account"
    form = client.get(answer.location).text
    assert 'value="bob@contoso.example"' in form
    assert 'name="next" value="/account"' in form
    assert "Microsoft" not in form


@pytest.mark.parametrize(("typed", "said"), [("", "Type your mail address."), ("bob", "such as ada@contoso.com")])
def test_what_is_no_address_is_asked_for_again(client: FlaskClient, people: People, typed: str, said: str) -> None:
    answer = client.post("/sign-in", data={"address": typed})
    assert answer.status_code == 422
    assert said in answer.text
    assert "or</span>" not in answer.text, "nobody here offers Microsoft"


def test_microsoft_pressed_by_hand_where_nobody_offers_it_says_so(client: FlaskClient, people: People) -> None:
    answer = client.post("/sign-in", data={"address": "bob@contoso.example", "way": "microsoft"})
    assert answer.status_code == 422
    assert "not set up for this domain" in answer.text


@pytest.mark.parametrize("query", ["", "?main=1&email=ada@contoso.example&next=/users"])
def test_the_originals_address_leads_to_ours(client: FlaskClient, people: People, query: str) -> None:
    assert client.get(f"/app/login.php{query}").location == f"/sign-in{query}"


def test_a_read_only_administrator_looks_and_changes_nothing(
    signed_in: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    with open_database():
        Account.update(read_only=True).where(Account.id == people.ada.id).execute()
    assert signed_in.get(PAGE).status_code == 200
    answer = signed_in.post(PAGE, data={"primary_domain": "contoso.com"})
    assert answer.status_code == 403
    assert "Your account is read-only" in answer.text


def test_deactivated_is_out_with_the_next_click(
    signed_in: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    with open_database():
        Account.update(active=False).where(Account.id == people.ada.id).execute()
    assert signed_in.get(PAGE).location == "/sign-in?next=/import-sync/azure"


def test_too_many_failures_get_a_clear_sentence(client: FlaskClient, people: People) -> None:
    for _ in range(10):
        client.post("/sign-in/password", data={**ADA, "password": "wrong wrong wrong"})
    answer = client.post("/sign-in/password", data=ADA)
    assert answer.status_code == 422
    assert "Please wait 15 minutes" in answer.text


def test_one_organisations_administrator_sees_its_own_name_alone(signed_in: FlaskClient) -> None:
    page = signed_in.get(PAGE).text
    assert "Contoso" in page
    assert "Fabrikam" not in page
