"""The history on an account's page: its own, whatever became of its name and its addresses."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from ppe import audit
from ppe.clock import utcnow
from ppe.models import FUNCTIONAL, Account, AuditEvent, Connection, DirectoryObject, Domain
from ppe.people import person
from tests.conftest import OpenDatabase, People, add_account, sign_in
from tests.databases import on_both_databases

pytestmark = on_both_databases


def history(browser: FlaskClient, address: str) -> str:
    return browser.get(address).text.partition('id="history"')[2]


def deeds(history: str) -> list[str]:
    return re.findall(r": ([a-z -]+?) <span class=\"aside\">by ", history)


def _version(account: Account) -> int:
    found: int = Account.get_by_id(account.id).version
    return found


@pytest.fixture
def deactivated(signed_in: FlaskClient, people: People, open_database: OpenDatabase) -> Account:
    """Bob, who is not active any more."""
    with open_database():
        version = _version(people.bob)
    signed_in.post(f"/users/{people.bob.id}/deactivate", data={"version": version})
    return people.bob


def test_who_gets_the_address_of_somebody_removed_does_not_get_the_history(
    signed_in: FlaskClient, deactivated: Account, open_database: OpenDatabase
) -> None:
    with open_database():
        version = _version(deactivated)
    signed_in.post(f"/users/{deactivated.id}/remove", data={"version": version})
    new = {"display_name": "Bob", "primary": "bob@contoso.example", "type": "end_user"}
    successor = signed_in.post("/users/new", data=new).location
    assert deeds(history(signed_in, successor)) == ["user added"]
    assert deeds(history(signed_in, f"/users/{deactivated.id}")) == ["user removed", "user deactivated"]


def test_another_address_and_another_name_leave_the_history(
    signed_in: FlaskClient, deactivated: Account, open_database: OpenDatabase
) -> None:
    with open_database():
        version = _version(deactivated)
    form = {"display_name": "Robert", "primary": "robert@contoso.example", "type": "end_user", "version": version}
    assert signed_in.post(f"/users/{deactivated.id}/edit", data=form).status_code == 303
    assert deeds(history(signed_in, f"/users/{deactivated.id}")) == ["user changed", "user deactivated"]


def test_namesakes_have_a_history_each(
    signed_in: FlaskClient, deactivated: Account, people: People, open_database: OpenDatabase
) -> None:
    with open_database():
        others = [
            add_account(people.contoso, "end_user", "Bob", "bob2@contoso.example"),
            add_account(people.contoso, FUNCTIONAL, "Bob", "bob3@contoso.example"),
        ]
    assert deeds(history(signed_in, f"/users/{deactivated.id}")) == ["user deactivated"]
    assert deeds(history(signed_in, f"/users/{others[0].id}")) == []
    assert deeds(history(signed_in, f"/functional-accounts/{others[1].id}")) == []


def test_signing_in_and_failing_to_are_part_of_it(app: Flask, signed_in: FlaskClient, people: People) -> None:
    stranger = app.test_client()
    stranger.post("/sign-in/password", data={"address": "bob@contoso.example", "password": "wrong"})
    sign_in(app.test_client(), "bob@contoso.example")
    assert deeds(history(signed_in, f"/users/{people.bob.id}")) == ["signed in", "sign-in failed"]


def test_an_alias_that_no_sync_takes_over_is_told_with_the_reason(
    signed_in: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    with open_database():
        Account.update(directory_id="bob").where(Account.id == people.bob.id).execute()
        proxies = ["SMTP:bob@contoso.example", "smtp:b@wingtip.example", "smtp:bobby@contoso.example"]
        DirectoryObject.create(
            connection=Connection.get(Connection.organization == people.contoso), object_id="bob", is_group=False,
            display_name="Bob", proxy_addresses=proxies, enabled=True, fingerprint="x", seen_in_run=1,
        )  # fmt: skip
    page = signed_in.get(f"/users/{people.bob.id}").text
    told = "Left out by every sync: b@wingtip.example. Not registered here: wingtip.example."
    assert f'<span class="beneath">{told} <a href="/domains">Domains</a></span>' in page
    with open_database():
        Domain.create(
            organization=people.contoso, name="wingtip.example", kind="relay", proof="dns", created_at=utcnow()
        )
    assert "Left out by every sync" not in signed_in.get(f"/users/{people.bob.id}").text


def test_nothing_from_before_an_account_was_made_is_its_own(people: People, open_database: OpenDatabase) -> None:
    """SQLite gives the number of an account that was forgotten to another."""
    with open_database():
        before = people.bob.created_at - timedelta(seconds=1)
        audit.record(
            people.contoso.id, "Ada", "user removed", audit.Of("old@contoso.example", people.bob.id), now=before
        )
        assert person.events(people.bob) == []


def test_of_a_long_history_the_latest_are_shown_with_the_way_to_all(
    signed_in: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    with open_database():
        for number in range(30):
            subject = audit.Of(f"bob{number}@contoso.example", people.bob.id)
            audit.record(people.contoso.id, "Ada", "deed", subject, now=utcnow() + timedelta(seconds=number))
        audit.record(people.contoso.id, "Ada", "deed", "somebody else", now=utcnow())
    shown = history(signed_in, f"/users/{people.bob.id}")
    assert len(deeds(shown)) == 20
    assert "the latest 20" in shown
    whole = f"/account-management/audit-log?account={people.bob.id}"
    assert f'href="{whole}"' in shown
    page = signed_in.get(whole).text
    assert re.findall(r"bob(\d+)@<wbr>contoso", page) == [str(number) for number in reversed(range(30))]
    assert f'Only what is about <a href="/users/{people.bob.id}">Bob</a>' in page
    assert "somebody else" not in page
    narrowed = signed_in.get(f"{whole}&text=bob7@").text
    assert re.findall(r"bob(\d+)@<wbr>contoso", narrowed) == ["7"]


def test_another_organisations_account_is_not_named(signed_in: FlaskClient, people: People) -> None:
    page = signed_in.get(f"/account-management/audit-log?account={people.eve.id}").text
    assert "one account, which is not here any more" in page
    assert "Eve<" not in page


def test_an_event_outlives_its_account(people: People, open_database: OpenDatabase) -> None:
    with open_database():
        audit.record(people.contoso.id, "Ada", "user removed", audit.Of("Bob", people.bob.id), now=utcnow())
        Account.delete().where(Account.id == people.bob.id).execute()
        assert AuditEvent.get().subject_account == people.bob.id
