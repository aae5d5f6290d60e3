import html
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from ppe.clock import utcnow
from ppe.models import (
    ADMIN,
    SILENT_USER,
    Account,
    Address,
    AuditEvent,
    Connection,
    DirectoryObject,
    Domain,
    Exemption,
    Mail,
    Membership,
    Organization,
    SignInSession,
)
from tests.conftest import OpenDatabase, People, sign_in
from tests.views.gate import assert_administrators_only

NEW = {"first_name": "Cleo", "last_name": "Clark", "primary": "Cleo@contoso.example", "type": "end_user"}


def _of(account: Account) -> Account:
    found: Account = Account.get_by_id(account.id)
    return found


def _form(browser: FlaskClient, account: Account) -> dict[str, str]:
    """The edit form as it would be sent unchanged."""
    text = browser.get(f"/users/{account.id}/edit").text
    names = ("first_name", "last_name", "display_name", "primary", "mobile", "version", "seen")
    form = {}
    for name in names:
        field = re.search(rf'<input[^>]* name="{name}" value="([^"]*)"', text)
        assert field, name
        form[name] = html.unescape(field[1])
    aliases = re.search(r'name="aliases"[^>]*>([^<]*)</textarea>', text)
    role = re.search(r'<option value="([a-z_]+)" selected', text)
    assert aliases
    assert role
    return form | {"aliases": html.unescape(aliases[1]), "type": role[1]}


def _edit(browser: FlaskClient, account: Account, **changed: str) -> TestResponse:
    return browser.post(f"/users/{account.id}/edit", data=_form(browser, account) | changed)


def _meanwhile(answer: TestResponse) -> list[str]:
    """What the form says that others changed."""
    _, _, after = answer.text.partition("What changed meanwhile:")
    return re.findall("<li>(.*?)</li>", after.partition("</ul>")[0])


def _press(browser: FlaskClient, account: Account, deed: str, open_database: OpenDatabase, **form: str) -> str:
    with open_database():
        version = _of(account).version
    return browser.post(f"/users/{account.id}/{deed}", data={"version": version, **form}, follow_redirects=True).text


@pytest.fixture
def synced(people: People, open_database: OpenDatabase) -> Account:
    """Bob, as the directory knows him."""
    with open_database():
        Account.update(directory_id="b", directory_fingerprint="x").where(Account.id == people.bob.id).execute()
        DirectoryObject.create(
            connection=Connection.get(Connection.organization == people.contoso), object_id="b", is_group=False,
            display_name="Robert", proxy_addresses=["SMTP:bob@contoso.example"], fingerprint="x", seen_in_run=1,
        )  # fmt: skip
    return people.bob


def test_forms_and_buttons_are_for_administrators_alone(app: Flask, people: People) -> None:
    assert_administrators_only(app, "/users/new")
    assert_administrators_only(app, "/users/new", method="POST")
    assert_administrators_only(app, f"/users/{people.ada.id}/deactivate")
    for deed in ("edit", "deactivate", "activate", "remove", "restore"):
        assert_administrators_only(app, f"/users/{people.ada.id}/{deed}", method="POST")


def test_a_person_is_added_by_hand_with_a_welcome_mail(
    signed_in: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    answer = signed_in.post("/users/new", data=NEW | {"aliases": "C@contoso.example", "welcome": "yes"})
    assert answer.status_code == 303
    with open_database():
        made = Account.get(Account.display_name == "Cleo Clark")
        addresses = {row.address: row.is_primary for row in Address.select().where(Address.account == made)}
        assert addresses == {"cleo@contoso.example": True, "c@contoso.example": False}
        assert (Mail.get().kind, Mail.get().account_id) == ("welcome", made.id)
        event = AuditEvent.get(AuditEvent.action == "user added")
        assert (event.subject, event.details["after"]["last_name"]) == ("cleo@contoso.example", "Clark")
    assert "user added" in signed_in.get(f"/users/{made.id}").text


@pytest.mark.parametrize(("role", "welcome"), [("silent_user", {"welcome": "yes"}), ("end_user", {})])
def test_no_welcome_mail_goes_to_a_silent_user_or_unasked(
    signed_in: FlaskClient, open_database: OpenDatabase, role: str, welcome: dict[str, str]
) -> None:
    signed_in.post("/users/new", data=NEW | {"type": role} | welcome)
    with open_database():
        assert Account.get(Account.display_name == "Cleo Clark").type == role
        assert not Mail.select().exists()


def test_an_address_is_given_on_a_domain_with_umlauts(
    signed_in: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    with open_database():
        Domain.create(
            organization=people.contoso, name="xn--bcher-kva.example", kind="relay", proof="dns", created_at=utcnow()
        )
    typed = {"primary": "cleo@bücher.example", "aliases": "c@Bücher.example cc@xn--bcher-kva.example"}
    page = signed_in.post("/users/new", data=NEW | typed, follow_redirects=True).text
    with open_database():
        found = {row.address for row in Address.select().where(Address.domain == "xn--bcher-kva.example")}
    assert found == {f"{name}@xn--bcher-kva.example" for name in ("cleo", "c", "cc")}, page
    again = signed_in.post("/users/new", data=NEW | {"primary": "CLEO@BÜCHER.example"})
    assert "belongs to Cleo Clark" in again.text
    assert "Cleo" in signed_in.get("/users?text=cleo@bücher").text


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("primary", "cleo", "is no mail address"),
        ("primary", "cleo@elsewhere.example", "elsewhere.example is not registered here"),
        ("primary", "bob@contoso.example", "belongs to Bob"),
        ("primary", "eve@fabrikam.example", "fabrikam.example is not registered here"),
        ("primary", "", "Write the primary address"),
        ("aliases", "x@contoso.example ada@contoso.example", "belongs to Ada"),
        ("primary", "cleo@☃.example", "is no mail address"),
        ("mobile", "12", "with its country code"),
        ("type", "group", "Choose a role"),
    ],
)
def test_what_makes_no_sense_is_refused_beside_its_field_and_kept(
    signed_in: FlaskClient, open_database: OpenDatabase, field: str, typed: str, words: str
) -> None:
    answer = signed_in.post("/users/new", data=NEW | {field: typed})
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert words in answer.text
    assert 'value="Clark"' in answer.text
    with open_database():
        assert not Account.select().where(Account.last_name == "Clark").exists()


def test_an_edit_is_on_record_with_before_and_after(
    signed_in: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    answer = _edit(signed_in, people.bob, display_name="Émile", primary="e@contoso.example", receives_digest="yes")
    assert answer.status_code == 303
    with open_database():
        bob = _of(people.bob)
        assert (bob.display_name, bob.name_key, bob.receives_digest) == ("Émile", "emile", True)
        assert [row.address for row in Address.select().where(Address.account == bob)] == ["e@contoso.example"]
        told = AuditEvent.get(AuditEvent.action == "user changed").details
    assert (told["before"]["display_name"], told["after"]["display_name"]) == ("Bob", "Émile")
    assert "Nothing was changed." in _edit_and_follow(signed_in, people.bob)


def _edit_and_follow(browser: FlaskClient, account: Account) -> str:
    form = _form(browser, account) | {"receives_digest": "yes"}
    return browser.post(f"/users/{account.id}/edit", data=form, follow_redirects=True).text


def test_what_the_directory_owns_is_said_to_come_back_and_the_exemption_is_offered(
    signed_in: FlaskClient, synced: Account, open_database: OpenDatabase
) -> None:
    text = signed_in.get(f"/users/{synced.id}/edit").text
    assert "The next sync restores this." in text
    assert 'name="exempt"' in text
    _edit(signed_in, synced, display_name="Bobby", exempt="yes")
    with open_database():
        assert _of(synced).directory_fingerprint is None
        assert Exemption.get().object_id == "b"
    assert "The next sync restores this." not in signed_in.get(f"/users/{synced.id}/edit").text


def test_a_role_is_no_business_of_the_directory(
    signed_in: FlaskClient, synced: Account, open_database: OpenDatabase
) -> None:
    _edit(signed_in, synced, type=SILENT_USER)
    with open_database():
        assert (_of(synced).type, _of(synced).directory_fingerprint) == (SILENT_USER, "x")


def test_the_page_shows_the_directorys_words_beside_ours(signed_in: FlaskClient, synced: Account) -> None:
    text = signed_in.get(f"/users/{synced.id}").text
    assert "<span>Robert</span>" in text
    assert "Differs" in text


def test_a_form_that_was_overtaken_is_refused_with_what_changed_and_keeps_both(
    signed_in: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    late = _form(signed_in, people.bob)
    _edit(signed_in, people.bob, last_name="Baker")
    answer = signed_in.post(f"/users/{people.bob.id}/edit", data=late | {"first_name": "Bobby"})
    assert answer.status_code == 409
    assert _meanwhile(answer) == ["Last name: nothing → Baker"]
    assert 'value="Baker"' in answer.text
    assert 'value="Bobby"' in answer.text
    with open_database():
        assert _of(people.bob).first_name == ""


def test_what_changed_meanwhile_names_every_field_that_did_and_no_other(
    signed_in: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    form = _form(signed_in, people.bob)
    _edit(signed_in, people.bob, receives_digest="yes", type=ADMIN, read_only="yes")
    answer = signed_in.post(f"/users/{people.bob.id}/edit", data=form | {"first_name": "Bobby"})
    assert _meanwhile(answer) == [
        "Role: End User → Organization Admin",
        "Read-only administrator: No → Yes",
        "Quarantine digest: Not received → Received",
    ]


def test_a_form_that_was_overtaken_by_what_it_does_not_show_says_so(
    signed_in: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    form = _form(signed_in, people.bob)
    _press(signed_in, people.bob, "deactivate", open_database)
    answer = signed_in.post(f"/users/{people.bob.id}/edit", data=form | {"first_name": "Bobby"})
    assert answer.status_code == 409
    assert "Nothing that stands in this form changed meanwhile." in answer.text
    assert "What changed meanwhile" not in answer.text


def test_a_read_only_administrator_can_be_made_and_changes_nothing(
    app: Flask, signed_in: FlaskClient, people: People
) -> None:
    _edit(signed_in, people.bob, type=ADMIN, read_only="yes")
    bob = sign_in(app.test_client(), "bob@contoso.example")
    assert "Add user" not in bob.get("/users").text
    assert bob.post("/users/new", data=NEW).status_code == 403


def test_a_read_only_administrator_is_told_so_by_every_page_that_asks(
    signed_in: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    with open_database():
        Account.update(read_only=True).where(Account.id == people.ada.id).execute()
    for question in ("edit", "deactivate", "convert", "remove"):
        assert "You may look but not change" in signed_in.get(f"/users/{people.bob.id}/{question}").text, question
    with open_database():
        Account.update(removed_at=utcnow()).where(Account.id == people.bob.id).execute()
    assert "You may look but not change" in signed_in.get(f"/users/{people.bob.id}/restore").text


def test_deactivating_ends_sessions_and_activating_lets_in_again(
    app: Flask, signed_in: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    bob = sign_in(app.test_client(), "bob@contoso.example")
    text = _press(signed_in, people.bob, "deactivate", open_database)
    assert "Bob is not active now: no sign-in, and mail for it is refused." in text
    assert bob.get("/account").location.startswith("/sign-in")
    with open_database():
        assert (_of(people.bob).active, _of(people.bob).deactivated_by) == (False, "administrator")
        assert not SignInSession.select().where(SignInSession.account == people.bob).exists()
    assert "Bob is active now." in _press(signed_in, people.bob, "activate", open_database)
    sign_in(app.test_client(), "bob@contoso.example")


def test_before_somebody_is_deactivated_the_page_asks_and_names_what_ends(
    signed_in: FlaskClient, synced: Account, open_database: OpenDatabase
) -> None:
    page = signed_in.get(f"/users/{synced.id}").text
    assert f'href="/users/{synced.id}/deactivate">Deactivate…</a>' in page
    assert f'action="/users/{synced.id}/deactivate"' not in page, "not by one click"
    with open_database():
        Address.create(account=synced, address="b@contoso.example", domain="contoso.example", is_primary=False)
    asked = signed_in.get(f"/users/{synced.id}/deactivate").text.replace("<wbr>", "")
    for words in (
        "Deactivate Bob?",
        "Sign-in ends at once, with Microsoft and without, and Bob is signed out everywhere.",
        "Mail to bob@contoso.example and 1 alias is refused: senders get it back.",
        "No sync activates it again, whatever the directory says of its sign-in.",
    ):
        assert words in asked
    with open_database():
        assert _of(synced).active, "asking changes nothing"


def test_whom_there_is_nothing_to_ask_about_is_told_instead(
    signed_in: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    assert "You can't deactivate yourself." in signed_in.get(f"/users/{people.ada.id}/deactivate").text
    for columns, words in (({"active": False}, "not active already"), ({"removed_at": utcnow()}, "It is removed")):
        with open_database():
            Account.update(**columns).where(Account.id == people.bob.id).execute()
        asked = signed_in.get(f"/users/{people.bob.id}/deactivate").text
        assert words in asked
        assert "Leave it active" not in asked


def test_the_tech_contact_is_warned_about_as_such(
    signed_in: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    assert "tech contact" not in signed_in.get(f"/users/{people.bob.id}/deactivate").text
    with open_database():
        Organization.update(tech_contact=people.bob).where(Organization.id == people.contoso.id).execute()
    assert "It is the tech contact" in signed_in.get(f"/users/{people.bob.id}/deactivate").text


def test_a_removed_person_is_restored_with_groups_and_without_what_others_have_now(
    signed_in: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    with open_database():
        group = Account.create(organization=people.contoso, type="group", display_name="Staff", created_at=utcnow())
        Membership.create(group=group, member=people.bob)
        Address.create(account=people.bob, address="b@contoso.example", domain="contoso.example", is_primary=False)
    assert "For 30 days" in signed_in.get(f"/users/{people.bob.id}/remove").text
    assert "Bob is removed." in _press(signed_in, people.bob, "remove", open_database)
    signed_in.post("/users/new", data=NEW | {"primary": "bob@contoso.example"})
    asked = signed_in.get(f"/users/{people.bob.id}/restore").text
    assert "bob@contoso.example belongs to Cleo Clark." in asked
    assert "Bob is restored." in _press(signed_in, people.bob, "restore", open_database)
    with open_database():
        assert _of(people.bob).removed_at is None
        [address] = Address.select().where(Address.account == people.bob)
        assert (address.address, address.is_primary) == ("b@contoso.example", True)
        assert Membership.select().where(Membership.group == group, Membership.member == people.bob).exists()
        deeds = {event.action for event in AuditEvent.select()}
    assert {"user removed", "user restored"} <= deeds


def test_a_removed_person_can_be_kept_from_coming_back_with_the_next_sync(
    signed_in: FlaskClient, synced: Account, open_database: OpenDatabase
) -> None:
    assert "the next sync brings it back" in signed_in.get(f"/users/{synced.id}/remove").text
    _press(signed_in, synced, "remove", open_database, exempt="yes")
    with open_database():
        assert Exemption.get().object_id == "b"


def test_nobody_shuts_themselves_out(signed_in: FlaskClient, people: People, open_database: OpenDatabase) -> None:
    for deed in ("deactivate", "remove"):
        assert f"You can&#39;t {deed} yourself." in _press(signed_in, people.ada, deed, open_database)
    for change in ({"type": "end_user"}, {"read_only": "yes"}):
        answer = _edit(signed_in, people.ada, **change)
        assert "You can&#39;t take your own role away." in answer.text
    with open_database():
        ada = _of(people.ada)
        assert (ada.type, ada.active, ada.read_only, ada.removed_at) == (ADMIN, True, False, None)


def test_a_button_on_a_page_that_was_overtaken_does_nothing(
    signed_in: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    for deed in ("deactivate", "remove"):
        text = signed_in.post(f"/users/{people.bob.id}/{deed}", data={"version": 99}, follow_redirects=True).text
        assert "changed this account meanwhile" in text
    with open_database():
        assert (_of(people.bob).active, _of(people.bob).removed_at) == (True, None)


def test_the_history_shows_nobody_elses(signed_in: FlaskClient, people: People) -> None:
    _edit(signed_in, people.bob, mobile="+31612345678")
    assert "user changed" in signed_in.get(f"/users/{people.bob.id}").text
    assert "user changed" not in signed_in.get(f"/users/{people.ada.id}").text
