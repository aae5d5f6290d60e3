"""Who is asked again, and for what: the session in the browser, and the consent."""

from collections.abc import Iterator

import pytest

from ppe.practice.tenant import Tenant
from tests.practice.relying_party import RelyingParty, error_of, relying_party, sent_back


@pytest.fixture
def app() -> Iterator[RelyingParty]:
    with relying_party() as party:
        yield party


def test_who_has_signed_in_goes_straight_through_next_time(app: RelyingParty):
    first = app.sign_in("ann@contoso.example")
    for asked in ({"login_hint": "ann@contoso.example"}, {}, {"prompt": "none"}):
        again = sent_back(app.open(**asked))
        assert again["session_state"] == first["session_state"]
        assert again["code"] != first["code"]


@pytest.mark.parametrize(
    "asked", [{"prompt": "login"}, {"prompt": "select_account"}, {"login_hint": "nell@contoso.example"}]
)
def test_who_has_signed_in_is_asked_all_the_same(app: RelyingParty, asked):
    app.sign_in("ann@contoso.example")
    assert app.open(**asked).status_code == 200


def test_another_person_is_another_session(app: RelyingParty):
    first = app.sign_in("ann@contoso.example")
    second = app.sign_in("nell@contoso.example", prompt="select_account")
    assert second["session_state"] != first["session_state"]


@pytest.mark.parametrize("verb", [Tenant.block, Tenant.delete])
def test_who_may_no_longer_sign_in_does_not_go_straight_through(app: RelyingParty, verb):
    app.sign_in("ann@contoso.example")
    verb(app.tenant, app.tenant.find("Ann"))
    assert app.open().status_code == 200
    assert error_of(app.open(prompt="none")) == ("login_required", "AADSTS50058")


def test_without_the_administrators_consent_each_person_is_asked_once(app: RelyingParty):
    app.tenant.withdraw_consent()
    page = app.press("sign_in", person=app.tenant.find("Ann"))
    assert "Permissions requested" in page.text
    assert "sign you in and read your profile" in page.text
    assert error_of(app.open(prompt="none")) == ("consent_required", "AADSTS65001")
    assert "code" in sent_back(app.press("accept"))
    assert "code" in sent_back(app.open())
    assert "Permissions requested" in app.press("sign_in", person=app.tenant.find("Nell")).text


def test_consent_can_be_asked_for_although_it_was_given(app: RelyingParty):
    person = app.tenant.find("Ann")
    assert "Permissions requested" in app.press("sign_in", person=person, prompt="consent").text
    assert "code" in sent_back(app.press("accept", prompt="consent"))


def test_withdrawing_the_consent_forgets_what_people_agreed_to(app: RelyingParty):
    app.tenant.withdraw_consent()
    app.sign_in("ann@contoso.example")
    app.tenant.withdraw_consent()
    assert "Permissions requested" in app.open().text
