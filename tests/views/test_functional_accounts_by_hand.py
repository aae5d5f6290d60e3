"""A functional account lives by hand as a person does: added, edited, switched off and on, removed, restored."""

import html
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from ppe.clock import utcnow
from ppe.models import (
    FUNCTIONAL,
    Account,
    Address,
    AuditEvent,
    Connection,
    DirectoryObject,
    Exemption,
    Mail,
    Membership,
)
from tests.conftest import OpenDatabase, People, add_account
from tests.views.gate import assert_administrators_only

NEW = {"display_name": "Info", "primary": "Info@contoso.example", "group_kind": "distribution"}


@pytest.fixture
def desk(people: People, open_database: OpenDatabase) -> Account:
    """A functional account made by hand, with Bob in it."""
    with open_database():
        made = add_account(people.contoso, FUNCTIONAL, "Desk", "desk@contoso.example")
        Account.update(group_kind="distribution").where(Account.id == made.id).execute()
        Membership.create(group=made, member=people.bob)
        return of(made)


@pytest.fixture
def synced(people: People, desk: Account, open_database: OpenDatabase) -> Account:
    """The same, as the directory knows it."""
    with open_database():
        Account.update(directory_id="d", directory_fingerprint="x").where(Account.id == desk.id).execute()
        DirectoryObject.create(
            connection=Connection.get(Connection.organization == people.contoso), object_id="d", is_group=True,
            group_kind="mail_security", display_name="Help Desk", proxy_addresses=["SMTP:desk@contoso.example"],
            fingerprint="x", seen_in_run=1,
        )  # fmt: skip
        return of(desk)


def of(account: Account) -> Account:
    found: Account = Account.get_by_id(account.id)
    return found


def members_of(account: Account) -> set[str]:
    return {row.member.display_name for row in Membership.select().where(Membership.group == account)}


def form_of(browser: FlaskClient, account: Account) -> dict[str, str]:
    """The edit form as it would be sent unchanged."""
    text = browser.get(f"/functional-accounts/{account.id}/edit").text
    form = {}
    for name in ("display_name", "primary", "version", "seen"):
        field = re.search(rf'<input[^>]* name="{name}" value="([^"]*)"', text)
        assert field, name
        form[name] = html.unescape(field[1])
    aliases = re.search(r'name="aliases"[^>]*>([^<]*)</textarea>', text)
    assert aliases
    kind = re.search(r'<option value="([a-z_]+)" selected', text)
    return form | {"aliases": html.unescape(aliases[1])} | ({"group_kind": kind[1]} if kind else {})


def press(browser: FlaskClient, account: Account, deed: str, open_database: OpenDatabase, **form: str) -> str:
    with open_database():
        version = of(account).version
    address = f"/functional-accounts/{account.id}/{deed}"
    return browser.post(address, data={"version": version, **form}, follow_redirects=True).text


def test_forms_and_buttons_are_for_administrators_alone(app: Flask, desk: Account) -> None:
    for method in ("GET", "POST"):
        assert_administrators_only(app, "/functional-accounts/new", method=method)
    for deed in ("edit", "deactivate", "activate", "remove", "restore", "members", "members/remove"):
        assert_administrators_only(app, f"/functional-accounts/{desk.id}/{deed}", method="POST")


def test_one_is_added_by_hand_and_nobody_is_welcomed(
    signed_in: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    assert "Add functional account" in signed_in.get("/functional-accounts").text
    answer = signed_in.post(
        "/functional-accounts/new", data=NEW | {"aliases": "I@contoso.example", "welcome": "yes", "type": "end_user"}
    )
    assert answer.status_code == 303
    with open_database():
        made = Account.get(Account.display_name == "Info")
        assert (made.type, made.group_kind, made.directory_id, made.converted_at) == (
            FUNCTIONAL, "distribution", None, None,
        )  # fmt: skip
        addresses = {row.address: row.is_primary for row in Address.select().where(Address.account == made)}
        assert addresses == {"info@contoso.example": True, "i@contoso.example": False}
        assert not Mail.select().exists()
        told = AuditEvent.get(AuditEvent.action == "functional account added").details["after"]
        assert (told["group_kind"], "mobile" in told) == ("distribution", False)
    page = signed_in.get(answer.location).text
    assert "Distribution list" in page
    assert "functional account added" in page
    assert "<dt>Type</dt><dd>Functional Account</dd>" in page
    assert "<dt>Group kind</dt><dd>Distribution list</dd>" in page
    assert "Welcome mail" not in page
    assert "Added by hand: no sync changes it." in page


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("display_name", " ", "Write a name."),
        ("display_name", "x" * 201, "at most 200 characters"),
        ("primary", "", "Write the primary address"),
        ("primary", "info@elsewhere.example", "elsewhere.example is not registered here"),
        ("primary", "bob@contoso.example", "belongs to Bob"),
        ("aliases", "x@contoso.example ada@contoso.example", "belongs to Ada"),
        ("group_kind", "microsoft365", "Choose an account type."),
    ],
)
def test_what_makes_no_sense_is_refused_beside_its_field_and_kept(
    signed_in: FlaskClient, open_database: OpenDatabase, field: str, typed: str, words: str
) -> None:
    answer = signed_in.post("/functional-accounts/new", data=NEW | {"aliases": "kept@contoso.example", field: typed})
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert words in answer.text
    assert ("kept@contoso.example" in answer.text) == (field != "aliases")
    with open_database():
        assert not Account.select().where(Account.type == FUNCTIONAL).exists()


def test_an_edit_is_on_record_with_before_and_after(
    signed_in: FlaskClient, desk: Account, open_database: OpenDatabase
) -> None:
    form = form_of(signed_in, desk) | {
        "display_name": "Désk", "primary": "d@contoso.example", "receives_digest": "yes", "group_kind": "mail_security",
    }  # fmt: skip
    assert signed_in.post(f"/functional-accounts/{desk.id}/edit", data=form).status_code == 303
    with open_database():
        now = of(desk)
        assert (now.display_name, now.name_key, now.receives_digest, now.group_kind, now.type) == (
            "Désk", "desk", True, "mail_security", FUNCTIONAL,
        )  # fmt: skip
        assert [row.address for row in Address.select().where(Address.account == desk)] == ["d@contoso.example"]
        told = AuditEvent.get(AuditEvent.action == "functional account changed").details
    assert (told["before"]["display_name"], told["after"]["display_name"]) == ("Desk", "Désk")
    page = signed_in.get(f"/functional-accounts/{desk.id}").text
    assert "<dd>Desk → Désk</dd>" in page
    assert "<dt>Quarantine digest</dt><dd>Received</dd>" in page


def test_what_it_has_from_its_former_life_as_a_person_stays(
    signed_in: FlaskClient, desk: Account, open_database: OpenDatabase
) -> None:
    was = {"first_name": "Dora", "last_name": "Desk", "mobile": "+31612345678"}
    with open_database():
        Account.update(converted_at=utcnow(), group_kind=None, **was).where(Account.id == desk.id).execute()
    form = form_of(signed_in, desk) | {"display_name": "Dora's mail"}
    assert "group_kind" not in form
    assert signed_in.post(f"/functional-accounts/{desk.id}/edit", data=form).status_code == 303
    with open_database():
        now = of(desk)
        assert {name: getattr(now, name) for name in was} == was
        assert (now.display_name, now.group_kind) == ("Dora's mail", None)


def test_what_the_directory_owns_is_said_to_come_back_and_the_exemption_is_offered(
    signed_in: FlaskClient, synced: Account, open_database: OpenDatabase
) -> None:
    text = signed_in.get(f"/functional-accounts/{synced.id}/edit").text
    assert "The next sync restores its name and addresses" in text
    assert "Account type" not in text  # the directory says it
    form = form_of(signed_in, synced) | {"display_name": "Ours", "exempt": "yes"}
    assert signed_in.post(f"/functional-accounts/{synced.id}/edit", data=form).status_code == 303
    with open_database():
        assert of(synced).directory_fingerprint is None
        assert Exemption.get().object_id == "d"
    assert "The next sync restores" not in signed_in.get(f"/functional-accounts/{synced.id}/edit").text


def test_a_form_that_was_overtaken_is_refused_with_what_changed_and_keeps_both(
    signed_in: FlaskClient, desk: Account, open_database: OpenDatabase
) -> None:
    late = form_of(signed_in, desk)
    changed = form_of(signed_in, desk) | {"aliases": "new@contoso.example", "group_kind": "mail_security"}
    assert signed_in.post(f"/functional-accounts/{desk.id}/edit", data=changed).status_code == 303
    answer = signed_in.post(f"/functional-accounts/{desk.id}/edit", data=late | {"display_name": "Late"})
    assert answer.status_code == 409
    assert "Aliases: nothing → new@contoso.example" in answer.text
    assert "Account type: Distribution list → Mail-enabled security group" in answer.text
    assert 'value="Late"' in answer.text
    assert ">new@contoso.example</textarea>" in answer.text
    with open_database():
        assert of(desk).display_name == "Desk"


def test_one_is_switched_off_and_on(signed_in: FlaskClient, desk: Account, open_database: OpenDatabase) -> None:
    asked = signed_in.get(f"/functional-accounts/{desk.id}/deactivate").text
    assert "senders get it back" in asked
    assert "Sign-in ends" not in asked
    text = press(signed_in, desk, "deactivate", open_database)
    assert "Desk is not active now: mail for it is refused." in text
    with open_database():
        assert (of(desk).active, of(desk).deactivated_by) == (False, "administrator")
    assert "Desk is active now." in press(signed_in, desk, "activate", open_database)
    with open_database():
        deeds = {event.action for event in AuditEvent.select()}
    assert {"functional account deactivated", "functional account activated"} <= deeds


def test_a_removed_one_comes_back_with_its_members_and_the_addresses_that_are_free(
    signed_in: FlaskClient, people: People, desk: Account, open_database: OpenDatabase
) -> None:
    with open_database():
        Address.create(account=desk, address="spare@contoso.example", domain="contoso.example", is_primary=False)
    assert "with its groups and its members" in signed_in.get(f"/functional-accounts/{desk.id}/remove").text
    assert "Desk is removed." in press(signed_in, desk, "remove", open_database)
    with open_database():
        assert not Membership.select().exists()
        Address.create(account=people.bob, address="spare@contoso.example", domain="contoso.example", is_primary=False)
    asked = signed_in.get(f"/functional-accounts/{desk.id}/restore").text
    assert "spare@contoso.example belongs to Bob." in asked
    assert "Desk is restored." in press(signed_in, desk, "restore", open_database)
    with open_database():
        assert members_of(desk) == {"Bob"}
        assert [row.address for row in Address.select().where(Address.account == desk)] == ["desk@contoso.example"]
        deeds = {event.action for event in AuditEvent.select()}
    assert {"functional account removed", "functional account restored"} <= deeds
    assert "functional account restored" in signed_in.get(f"/functional-accounts/{desk.id}").text


def test_a_removed_one_can_be_kept_from_coming_back_with_the_next_sync(
    signed_in: FlaskClient, synced: Account, open_database: OpenDatabase
) -> None:
    assert "the next sync brings it back" in signed_in.get(f"/functional-accounts/{synced.id}/remove").text
    press(signed_in, synced, "remove", open_database, exempt="yes")
    with open_database():
        assert Exemption.get().object_id == "d"


def test_a_person_is_not_changed_here_nor_a_functional_account_there(
    signed_in: FlaskClient, people: People, desk: Account
) -> None:
    for deed in ("edit", "deactivate", "remove", "restore"):
        assert signed_in.post(f"/functional-accounts/{people.bob.id}/{deed}").status_code == 404
        assert signed_in.post(f"/users/{desk.id}/{deed}").status_code == 404


def test_a_button_on_a_page_that_was_overtaken_does_nothing(
    signed_in: FlaskClient, desk: Account, open_database: OpenDatabase
) -> None:
    for deed in ("deactivate", "remove"):
        address = f"/functional-accounts/{desk.id}/{deed}"
        text = signed_in.post(address, data={"version": 99}, follow_redirects=True).text
        assert "changed this account meanwhile" in text
    with open_database():
        assert (of(desk).active, of(desk).removed_at) == (True, None)


def test_a_read_only_administrator_sees_no_button(
    signed_in: FlaskClient, people: People, desk: Account, open_database: OpenDatabase
) -> None:
    with open_database():
        Account.update(read_only=True).where(Account.id == people.ada.id).execute()
    assert "Add functional account" not in signed_in.get("/functional-accounts").text
    page = signed_in.get(f"/functional-accounts/{desk.id}").text
    for button in (">Edit<", "Deactivate", "Remove…", "Take out", "Add member"):
        assert button not in page, button
    assert "Members are given by hand here" in page


def test_members_are_given_by_their_address_and_taken_out(
    signed_in: FlaskClient, people: People, desk: Account, open_database: OpenDatabase
) -> None:
    address = f"/functional-accounts/{desk.id}/members"
    text = signed_in.post(address, data={"address": " ADA@contoso.example"}, follow_redirects=True).text
    assert "Ada is in it now." in text
    assert 'Take out<span class="visually-hidden"> Ada</span>' in text
    assert "member added" in text
    left = signed_in.post(f"{address}/remove", data={"member": people.ada.id}, follow_redirects=True).text
    assert "member removed" in left
    with open_database():
        assert members_of(desk) == {"Bob"}
        event = AuditEvent.get(AuditEvent.action == "member removed")
        assert (event.subject, event.details) == (
            "desk@contoso.example", {"member": "Ada", "address": "ada@contoso.example"},
        )  # fmt: skip


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "Write the address of whoever is to be in it."),
        ("nobody@contoso.example", "Nobody here has the address nobody@contoso.example."),
        ("eve@fabrikam.example", "Nobody here has the address eve@fabrikam.example."),
        ("desk@contoso.example", "It can&#39;t be a member of itself."),
        ("bob@contoso.example", "Bob is in it already."),
    ],
)
def test_an_address_that_makes_no_sense_is_refused_beside_its_field_and_kept(
    signed_in: FlaskClient, desk: Account, typed: str, words: str
) -> None:
    answer = signed_in.post(f"/functional-accounts/{desk.id}/members", data={"address": typed})
    assert answer.status_code == 422
    assert f'<p class="field-error" id="address-error">{words}</p>' in answer.text
    assert f'name="address" value="{typed}"' in answer.text


def test_those_of_the_directory_are_the_directorys(
    signed_in: FlaskClient, people: People, synced: Account, open_database: OpenDatabase
) -> None:
    page = signed_in.get(f"/functional-accounts/{synced.id}").text
    assert "Add member" not in page
    assert "Take out" not in page
    assert "Compare the members with the directory" in page
    address = f"/functional-accounts/{synced.id}/members"
    refused = signed_in.post(address, data={"address": "ada@contoso.example"}, follow_redirects=True).text
    assert "The directory decides who is in it" in refused
    signed_in.post(f"{address}/remove", data={"member": people.bob.id})
    with open_database():
        assert members_of(synced) == {"Bob"}


def test_a_member_that_is_none_and_a_number_that_is_none_change_nothing(
    signed_in: FlaskClient, people: People, desk: Account, open_database: OpenDatabase
) -> None:
    for member in ("", "x", "9" * 30, str(people.eve.id)):
        address = f"/functional-accounts/{desk.id}/members/remove"
        assert signed_in.post(address, data={"member": member}).status_code == 303
    with open_database():
        assert Membership.select().count() == 1
        assert not AuditEvent.select().where(AuditEvent.action == "member removed").exists()
