"""The pages that ask before an account is converted, and what their buttons do."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from ppe.models import FUNCTIONAL, Account, Connection, DirectoryObject, Exemption, Organization
from tests.conftest import OpenDatabase, People
from tests.views.conftest import Console
from tests.views.gate import assert_administrators_only


@pytest.fixture
def blocked(people: People, open_database: OpenDatabase) -> Account:
    """Bob, whom the directory has and does not let in."""
    with open_database():
        Account.update(directory_id="b").where(Account.id == people.bob.id).execute()
        DirectoryObject.create(
            connection=Connection.get(Connection.organization == people.contoso), object_id="b", is_group=False,
            enabled=False, primary_address="bob@contoso.example", fingerprint="x", seen_in_run=1,
        )  # fmt: skip
    return people.bob


def press(browser: FlaskClient, path: str, **form: str) -> str:
    """Open the page that asks, and press its button."""
    asked = browser.get(path).text
    version = re.search(r'name="version" value="(\d+)"', asked)
    assert version, asked
    return browser.post(path, data={"version": version[1], **form}, follow_redirects=True).text


def stored(account: Account, open_database: OpenDatabase) -> Account:
    with open_database():
        found: Account = Account.get_by_id(account.id)
        return found


def test_both_ways_are_for_administrators_alone(app: Flask, people: People) -> None:
    for path in (f"/users/{people.ada.id}/convert", f"/functional-accounts/{people.ada.id}/convert-back"):
        assert_administrators_only(app, path)
        assert_administrators_only(app, path, method="POST")


def test_a_person_is_converted_and_back_by_two_clicks_each(
    signed_in: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    assert f"/users/{people.bob.id}/convert" in signed_in.get(f"/users/{people.bob.id}").text
    text = press(signed_in, f"/users/{people.bob.id}/convert")
    assert "Bob is a functional account now, and no sync changes that." in text
    assert "Converted by hand" in text
    assert signed_in.get(f"/users/{people.bob.id}").status_code == 404
    text = press(signed_in, f"/functional-accounts/{people.bob.id}/convert-back", role="silent_user")
    assert "Bob is a user now." in text
    assert stored(people.bob, open_database).type == "silent_user"


def test_the_page_says_what_ends_and_what_stays(signed_in: FlaskClient, blocked: Account) -> None:
    text = signed_in.get(f"/users/{blocked.id}/convert").text
    assert "Sign-in ends at once" in text
    assert "A blocked sign-in there changes nothing here" in text
    assert "It is no administrator any more." not in text


def test_the_tech_contact_is_told_to_be_replaced(
    signed_in: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    path = f"/users/{people.bob.id}/convert"
    assert "tech contact" not in signed_in.get(path).text
    with open_database():
        Organization.update(tech_contact=people.bob).where(Organization.id == people.contoso.id).execute()
    assert "It is the tech contact" in signed_in.get(path).text


def test_who_would_be_deactivated_by_the_next_sync_can_be_exempted(
    signed_in: FlaskClient, blocked: Account, open_database: OpenDatabase
) -> None:
    press(signed_in, f"/users/{blocked.id}/convert")
    path = f"/functional-accounts/{blocked.id}/convert-back"
    assert "mail to them would bounce" in signed_in.get(path).text
    assert re.search(r'name="exempt"[^>]*checked', press(signed_in, path, role="nobody", exempt="yes"))
    press(signed_in, path, role="end_user", exempt="yes")
    with open_database():
        assert Exemption.get().object_id == "b"


def test_a_form_that_somebody_overtook_changes_nothing(
    signed_in: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    answer = signed_in.post(f"/users/{people.bob.id}/convert", data={"version": "7"}, follow_redirects=True)
    assert "changed this account meanwhile" in answer.text
    assert stored(people.bob, open_database).type == "end_user"


def test_a_role_that_is_not_offered_is_refused_beside_its_field(
    signed_in: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    press(signed_in, f"/users/{people.bob.id}/convert")
    answer = signed_in.post(
        f"/functional-accounts/{people.bob.id}/convert-back", data={"version": "2", "role": "organization_admin"}
    )
    assert answer.status_code == 422
    assert 'id="role-error"' in answer.text
    assert stored(people.bob, open_database).type == FUNCTIONAL


def test_nobody_is_offered_their_own_conversion(signed_in: FlaskClient, people: People) -> None:
    assert "/convert" not in signed_in.get(f"/users/{people.ada.id}").text
    text = signed_in.get(f"/users/{people.ada.id}/convert").text
    assert "You can't convert yourself" in text
    assert "<button" not in text.partition("<main")[2].partition("</main>")[0]


class TestInTheReview:
    @pytest.fixture
    def run_id(self, console: Console) -> int:
        """Clara and Dora are here, Emil is new; Clara is blocked and Dora has a mobile now."""
        console.connect()
        emil = console.tenant.find("emil@contoso.example")
        console.tenant.delete(emil)
        first = console.review()
        console.post(first, "accept", ticked_elsewhere=3)
        assert console.work(first).state == "done"
        console.tenant.restore(emil)
        console.tenant.block(console.tenant.find("clara@contoso.example"))
        console.tenant.set_mobile(console.tenant.find("dora@contoso.example"), "+31 6 12345678")
        return console.review()

    def test_one_row_by_its_own_button(self, console: Console, run_id: int) -> None:
        clara = console.rows(run_id)["Clara"]
        assert "Convert to functional account" in console.get(run_id, "?section=disabling")
        console.post(run_id, "functional", only=clara.id, section="disabling")
        row = console.rows(run_id)["Clara"]
        assert (row.section, row.kind, row.ticked) == ("updating", "functional_account", True)
        text = console.get(run_id, "?section=updating")
        assert "It becomes a functional account: no sign-in, and mail flows." in text
        assert "will add or keep a functional account" in text

    def test_many_at_once_in_one_region(self, console: Console, run_id: int) -> None:
        rows = console.rows(run_id)
        answer = console.browser.post(
            f"/import-sync/runs/{run_id}/functional",
            data={"chosen": [rows[name].id for name in ("Clara", "Dora", "Emil")], "section": "adding"},
            headers={"HX-Request": "true"},
        )
        assert answer.headers["HX-Retarget"] == "#run"
        assert "<html" not in answer.text
        kinds = {name: row.kind for name, row in console.rows(run_id).items()}
        assert kinds == dict.fromkeys(("Clara", "Dora", "Emil"), "functional_account")

    def test_nothing_selected_says_so(self, console: Console, run_id: int) -> None:
        console.post(run_id, "functional", section="disabling")
        assert "First select the rows that are to become functional accounts." in console.get(run_id)

    def test_the_list_then_makes_it_true(self, console: Console, run_id: int) -> None:
        clara = console.rows(run_id)["Clara"]
        console.post(run_id, "functional", only=clara.id)
        console.post(run_id, "accept", ticked_elsewhere=3)
        console.work(run_id)
        found = console.browser.get("/functional-accounts?text=clara").text
        assert "Clara" in found
        assert "Active" in found
