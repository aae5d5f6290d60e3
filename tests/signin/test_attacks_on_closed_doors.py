"""Attack cases 29 to 31: pages that are closed to strangers, and forms and cookies that come from elsewhere."""

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from ppe import setup
from ppe.clock import utcnow
from ppe.errors import Refused
from ppe.models import (
    END_USER,
    Account,
    Attempt,
    HalfSignIn,
    Mail,
    Organization,
    SignInSession,
    SyncRun,
)
from tests.conftest import PASSWORD, OpenDatabase, People
from tests.signin.entra import Entra
from tests.signin.steps import ADA, BOB, is_inside, new_browser, type_password


def test_29_set_up_stays_closed_whoever_is_deleted_later(
    client: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    typed = {"organization_name": "Evil", "name": "Eve", "address": "eve@evil.example", "password": PASSWORD,
             "password_again": PASSWORD, "token": "any"}  # fmt: skip
    deletions = (
        Account.update(type=END_USER), Account.update(removed_at=utcnow()), Account.delete(), Organization.delete(),
    )  # fmt: skip
    for deletion in deletions:
        with open_database():
            deletion.execute()
            assert not setup.is_open()
            with pytest.raises(Refused):
                setup.new_token(utcnow())
            with pytest.raises(Refused):
                setup.complete(setup.Beginning("Evil", "Eve", "eve@evil.example", PASSWORD), utcnow())
        assert client.get("/set-up").status_code == 404
        assert client.post("/set-up", data=typed).status_code == 404
        assert client.get("/sign-in").status_code == 200
    with open_database():
        assert Account.select().count() == 0


def test_30_nothing_about_the_directory_answers_strangers(
    app: Flask, client: FlaskClient, entra: Entra, people: People, open_database: OpenDatabase
) -> None:
    """Neither a page nor a button, with htmx or without; and Microsoft is not even asked."""
    entra.hire("Bob", BOB)
    rules = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/import-sync")]
    assert len(rules) > 10
    for rule in rules:
        path = re.sub(r"<[^>]+>", "1", rule.rule)
        for method in (rule.methods or set()) - {"OPTIONS"}:
            for headers in ({}, {"HX-Request": "true"}):
                answer = client.open(path, method=method, headers=headers)
                gone_to = answer.location or answer.headers.get("HX-Redirect", "")
                assert gone_to.partition("?")[0] == "/sign-in", (method, path)
                assert "contoso" not in answer.text.casefold(), (method, path)
    assert list(entra.server.log) == []
    with open_database():
        assert SyncRun.select().count() == 0


def _token_in(page: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found is not None
    return found[1]


def _every_post(app: Flask) -> Iterator[str]:
    for rule in app.url_map.iter_rules():
        if "POST" in (rule.methods or ()) and rule.endpoint.partition(".")[0] != "setup":
            yield re.sub(r"<[^>]+>", "1", rule.rule)


def test_31_no_form_is_taken_without_its_own_browsers_token(
    app: Flask, people: People, open_database: OpenDatabase
) -> None:
    """Neither before signing in, which would be login CSRF, nor after; a stale token is as good as none."""
    others = _token_in(app.test_client().get("/sign-in").text)
    stranger, ada = app.test_client(), app.test_client()
    token = _token_in(ada.get("/sign-in?main=1").text)
    form = {"address": ADA, "password": PASSWORD}
    assert ada.post("/sign-in/password", data=form | {"csrf_token": token}).location == "/"
    paths = list(_every_post(app))
    assert {"/sign-in/password", "/sign-in/code/set-up", "/sign-in/new-password", "/account/second-factor"} < {*paths}
    for browser, stale in ((stranger, others), (ada, token)):
        browser.get("/sign-in")
        for path in paths:
            for planted in ({}, {"csrf_token": stale}):
                answer = browser.post(path, data=form | planted)
                assert answer.status_code == 400, (path, planted)
                assert "Nothing was changed." in answer.text
    with open_database():
        assert SignInSession.select().count() == 1
        assert Attempt.select().count() == Mail.select().count() == HalfSignIn.select().count() == 0


def test_31_a_cookie_that_was_planted_before_is_worth_nothing_after(app: Flask, people: People) -> None:
    attacker, victim = new_browser(app), new_browser(app)
    for planted_by in ("/sign-in", "/sign-in?main=1", "/password/planted"):
        attacker.get(planted_by)
        planted = attacker.get_cookie("ppe_session")
        victim.set_cookie("ppe_session", planted.value if planted else "chosen by the attacker")
        assert type_password(victim, BOB).location == "/account"
        assert is_inside(victim)
        assert not is_inside(attacker)
        victim.post("/sign-out")


def test_31_whoever_was_signed_in_before_does_not_stay_in_the_new_session(app: Flask, people: People) -> None:
    """The attacker plants the cookie of a session of their own, and keeps a copy."""
    attacker, victim = new_browser(app), new_browser(app)
    type_password(attacker, "eve@fabrikam.example")
    planted = attacker.get_cookie("ppe_session")
    victim.set_cookie("ppe_session", planted.value if planted else "")
    assert type_password(victim, BOB).location == "/account"
    assert BOB in victim.get("/account").text.replace("<wbr>", "")
    assert BOB not in attacker.get("/account").text.replace("<wbr>", "")


def test_31_no_setting_makes_administrators_out_of_what_the_directory_lists(
    client: FlaskClient, entra: Entra, people: People, open_database: OpenDatabase
) -> None:
    type_password(client, ADA)
    answer = client.post(
        "/import-sync/azure",
        data={
            "default_user_role_name": "organization_admin",
            "primary_domain": entra.server.domain,
            "application_id": entra.server.application_id,
            "sync_frequency": "0",
        },
    )
    assert answer.status_code == 422
    assert "Choose End User or Silent User." in answer.text
