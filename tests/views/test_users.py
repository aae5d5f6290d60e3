import html
import re

from flask import Flask
from flask.testing import FlaskClient

from ppe import exemptions
from ppe.clock import utcnow
from ppe.models import SILENT_USER, Account, Address, Authenticator, Mail, Membership
from tests.conftest import OpenDatabase, People, sign_in
from tests.databases import on_both_databases
from tests.views.gate import assert_administrators_only

pytestmark = on_both_databases


def test_users_are_for_administrators_alone(app: Flask, people: People) -> None:
    assert_administrators_only(app, "/users")
    assert_administrators_only(app, f"/users/{people.ada.id}")


def test_another_organisations_users_are_neither_listed_nor_reachable(signed_in: FlaskClient, people: People) -> None:
    for query in ("", "?text=eve", "?text=fabrikam"):
        assert "eve@fabrikam.example" not in signed_in.get(f"/users{query}").text
    assert signed_in.get(f"/users/{people.eve.id}").status_code == 404
    assert signed_in.get("/users/999999").status_code == 404


def test_a_row_says_role_state_source_and_how_many_aliases_more(
    signed_in: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    with open_database():
        for alias in ("a@contoso.example", "b@contoso.example", "c@contoso.example"):
            Address.create(account=people.bob, address=alias, domain="contoso.example", is_primary=False)
        Account.update(active=False, deactivated_by="administrator", directory_id="x").where(
            Account.id == people.bob.id
        ).execute()
    text = signed_in.get("/users?text=bob").text
    for words in ("bob@contoso.example", "a@contoso.example", "+2", "End User", "Not active", "by administrator"):
        assert words in text
    assert ">Directory</td>" in text
    assert "1 user<" in text


def test_names_are_shown_and_never_carried_out(
    signed_in: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    with open_database():
        Account.update(display_name="<script>alert(1)</script>").where(Account.id == people.bob.id).execute()
    for path in ("/users", f"/users/{people.bob.id}", "/users?text=<script>alert(1)</script>"):
        text = signed_in.get(path).text
        assert "&lt;script&gt;alert(1)" in text
        assert "<script>alert" not in text


def test_the_neighbours_of_a_page_are_links_that_keep_the_filter(
    signed_in: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    with open_database():
        for number in range(120):
            Account.create(
                organization=people.contoso, type="end_user", display_name=f"Person {number:03}", created_at=utcnow()
            )
    address, seen = "/users?text=person&source=by_hand", []
    while address:
        text = signed_in.get(address).text
        seen += re.findall(r">(Person \d{3})<", text)
        link = re.search(r'rel="next" href="([^"]+)"', text)
        assert "text=person" in address
        address = html.unescape(link[1]) if link else ""
    assert seen == [f"Person {number:03}" for number in range(120)]
    before = re.search(r'rel="prev" href="([^"]+)"', text)
    assert before
    assert "Person 050" in signed_in.get(html.unescape(before[1])).text


def test_a_page_that_makes_no_sense_is_the_first(signed_in: FlaskClient) -> None:
    for nonsense in ("0", "-1", "abc", "1e3", "٣", "9" * 40):
        text = signed_in.get(f"/users?after={nonsense}&before={nonsense}&role=king&state=&source=moon&sort=luck").text
        assert "bob@contoso.example" in text


def test_a_filter_that_finds_nobody_says_so(signed_in: FlaskClient) -> None:
    assert "No user matches this filter." in signed_in.get("/users?text=zzz").text


def test_the_page_of_one_user_shows_everything_known(
    signed_in: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    with open_database():
        Address.create(account=people.bob, address="rob@contoso.example", domain="contoso.example", is_primary=False)
        Account.update(directory_id="0000-bob", mobile="+49 151 1").where(Account.id == people.bob.id).execute()
        staff = Account.create(
            organization=people.contoso, type="group", display_name="Staff & Co", created_at=utcnow()
        )
        Membership.create(group=staff, member=people.bob)
    text = signed_in.get(f"/users/{people.bob.id}").text
    for words in ("bob@contoso.example", "rob@contoso.example", "0000-bob", "+49 151 1", "Staff &amp; Co"):
        assert words in text
    assert f'href="/groups/{staff.id}"' in text
    assert 'href="/exemptions?address=bob@contoso.example#new"' in text


def test_the_page_of_an_exempt_user_links_to_the_exemption(
    signed_in: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    with open_database():
        exemptions.add(people.contoso.id, "bob@contoso.example", "on leave", None, "Ada", utcnow())
    text = signed_in.get(f"/users/{people.bob.id}").text
    assert 'href="/exemptions?text=bob@contoso.example">Yes</a>: on leave' in text


def test_a_removed_user_is_still_shown_with_the_addresses_it_had(
    signed_in: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    with open_database():
        Address.delete().where(Address.account == people.bob).execute()
        Account.update(removed_at=utcnow(), removed_addresses=["bob@contoso.example"]).where(
            Account.id == people.bob.id
        ).execute()
    assert "bob@contoso.example" not in signed_in.get("/users").text
    assert "bob@contoso.example" in signed_in.get("/users?state=removed").text
    assert "kept for 30 days" in signed_in.get(f"/users/{people.bob.id}").text


def test_a_read_only_administrator_is_offered_no_change(
    client: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    with open_database():
        Account.update(read_only=True).where(Account.id == people.ada.id).execute()
    browser = sign_in(client, "ada@contoso.example")
    assert "#new" not in browser.get(f"/users/{people.bob.id}").text
    assert "Add domain" not in browser.get("/domains").text
    assert "Last day" not in browser.get("/exemptions").text


def test_a_one_time_code_is_mailed_to_a_user_by_a_button(
    signed_in: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    assert "Mail a one-time code" in signed_in.get(f"/users/{people.bob.id}").text
    answer = signed_in.post(f"/users/{people.bob.id}/one-time-code")
    assert (answer.status_code, answer.location) == (303, f"/users/{people.bob.id}#sign-in")
    assert "A one-time code is on its way to bob@contoso.example." in signed_in.get(f"/users/{people.bob.id}").text
    with open_database():
        mail = Mail.get()
    assert (mail.kind, mail.account_id) == ("one_time_code", people.bob.id)


def test_no_code_is_offered_or_mailed_to_oneself_or_to_whom_it_is_of_no_use(
    signed_in: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    with open_database():
        Account.update(type=SILENT_USER).where(Account.id == people.bob.id).execute()
    for account, words in ((people.ada, "from another administrator"), (people.bob, "can&#39;t sign in")):
        page = f"/users/{account.id}"
        assert "Mail a one-time code" not in signed_in.get(page).text
        signed_in.post(f"{page}/one-time-code")
        assert words in signed_in.get(page).text
    assert signed_in.post(f"/users/{people.eve.id}/one-time-code").status_code == 404
    with open_database():
        assert not Mail.select().exists()


def test_codes_and_pages_of_users_are_no_business_of_theirs(app: Flask, people: People) -> None:
    assert_administrators_only(app, f"/users/{people.ada.id}/one-time-code", method="POST")


def test_a_read_only_administrator_has_no_code_mailed(
    signed_in: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    with open_database():
        Account.update(read_only=True).where(Account.id == people.ada.id).execute()
    assert "Mail a one-time code" not in signed_in.get(f"/users/{people.bob.id}").text
    assert signed_in.post(f"/users/{people.bob.id}/one-time-code").status_code == 403


def test_the_page_of_one_user_says_how_they_sign_in(
    app: Flask, signed_in: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    page = f"/users/{people.bob.id}"
    text = signed_in.get(page).text
    assert "<dt>Signed in now</dt><dd>No</dd>" in text
    assert "<dt>Local password</dt><dd>Set</dd>" in text
    assert "Not set up</dd>" in text
    sign_in(app.test_client(), "bob@contoso.example")
    with open_database():
        Account.update(password_hash=None).where(Account.id == people.bob.id).execute()
        now = utcnow()
        Authenticator.create(account=people.bob, secret="x", created_at=now, confirmed_at=now)
    text = signed_in.get(page).text
    assert "Yes, last seen" in text
    assert "<dt>Local password</dt><dd>Not set</dd>" in text
    assert "Authenticator app, 0 recovery codes left" in text
