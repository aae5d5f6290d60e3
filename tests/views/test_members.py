"""The members of a group there and here, everyone through nested groups, and what a waiting list would change."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from ppe.clock import utcnow
from ppe.groups import nesting
from ppe.models import FUNCTIONAL, GROUP, Account, Membership
from tests.conftest import OpenDatabase, People, sign_in
from tests.views.conftest import Console
from tests.views.gate import assert_administrators_only


@pytest.fixture
def company(people: People, open_database: OpenDatabase) -> Account:
    """<b>Company</b>, with Sales in it, with Bob in that."""
    with open_database():
        made = [
            Account.create(organization=people.contoso, type=GROUP, display_name=name, created_at=utcnow())
            for name in ("<b>Company</b>", "<i>Sales</i>")
        ]
        Membership.create(group=made[0], member=made[1])
        Membership.create(group=made[1], member=people.bob)
    found: Account = made[0]
    return found


def main_of(text: str) -> str:
    return text.partition("<main")[2].partition("</main>")[0]


def test_the_pages_are_for_administrators_alone(app: Flask, company: Account) -> None:
    assert_administrators_only(app, f"/groups/{company.id}/directory-members")
    assert_administrators_only(app, f"/functional-accounts/{company.id}/directory-members")


def test_everyone_in_nested_groups_is_a_click_away(signed_in: FlaskClient, company: Account) -> None:
    direct = main_of(signed_in.get(f"/groups/{company.id}").text)
    assert "Everyone, with 1 group inside it" in direct
    assert "Bob" not in direct
    everyone = main_of(signed_in.get(f"/groups/{company.id}?everyone=yes").text)
    assert "Bob" in everyone
    assert "through &lt;i&gt;Sales&lt;/i&gt;" in everyone
    assert "<i>Sales" not in everyone


def test_of_too_many_groups_inside_the_nearest_are_looked_into_and_the_page_says_so(
    signed_in: FlaskClient,
    people: People,
    company: Account,
    open_database: OpenDatabase,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert "nearest" not in main_of(signed_in.get(f"/groups/{company.id}?everyone=yes").text)
    monkeypatch.setattr(nesting, "MOST", 1)
    text = main_of(signed_in.get(f"/groups/{company.id}?everyone=yes").text)
    assert "Everyone, with the nearest 1 group inside it" in text
    assert "There may be further groups inside it" in text


def test_without_groups_inside_there_is_nothing_to_choose(
    signed_in: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    with open_database():
        flat = Account.create(organization=people.contoso, type=FUNCTIONAL, display_name="Flat", created_at=utcnow())
        Membership.create(group=flat, member=people.bob)
    text = main_of(signed_in.get(f"/functional-accounts/{flat.id}?everyone=yes").text)
    assert "Everyone" not in text
    assert "Bob" in text


def test_a_person_s_page_says_in_what_they_are_through_others(
    signed_in: FlaskClient, people: People, company: Account
) -> None:
    text = main_of(signed_in.get(f"/users/{people.bob.id}").text)
    assert "Through these, in" in text
    assert f'href="/groups/{company.id}"' in text
    assert "by &lt;i&gt;Sales&lt;/i&gt;" in text


def test_another_organisation_finds_no_such_members(client: FlaskClient, company: Account) -> None:
    eve = sign_in(client, "eve@fabrikam.example")
    assert eve.get(f"/groups/{company.id}/directory-members").status_code == 404


class TestWithADirectory:
    @pytest.fixture
    def group_id(self, console: Console, open_database: OpenDatabase) -> int:
        """Staff, synced with Clara in it; then Dora joins there, Clara leaves, and Bob is put into it by hand here."""
        console.connect()
        first = console.review()
        console.post(first, "accept", ticked_elsewhere=4)
        assert console.work(first).state == "done"
        tenant = console.tenant
        staff, clara, dora = (tenant.find(name) for name in ("Staff", "clara@contoso.example", "dora@contoso.example"))
        tenant.add_member(staff, dora)
        tenant.remove_member(staff, clara)
        with open_database():
            group = Account.get(Account.type == GROUP)
            Membership.create(group=group, member=console.people.bob)
            found: int = group.id
            return found

    def test_what_a_waiting_list_would_change_stands_on_the_page(self, console: Console, group_id: int) -> None:
        before = main_of(console.browser.get(f"/groups/{group_id}").text)
        assert "No sync that waits for your review changes it." in before
        assert "Security group" in before
        assert "did this: Adding. New in the directory." in before
        run_id = console.review()
        text = main_of(console.browser.get(f"/groups/{group_id}").text)
        assert "Members added: Dora" in text
        assert "Members taken away: Clara" in text
        assert f"/import-sync/runs/{run_id}?section=updating" in text
        console.post(run_id, "ticks", section="updating", was=[console.rows(run_id)["Staff"].id])
        assert "not ticked" in main_of(console.browser.get(f"/groups/{group_id}").text)
        console.post(run_id, "cancel")
        assert "Members added" not in main_of(console.browser.get(f"/groups/{group_id}").text)

    @pytest.mark.usefixtures("group_id")
    def test_a_person_s_page_says_which_groups_a_waiting_list_would_change_for_them(
        self, console: Console, open_database: OpenDatabase
    ) -> None:
        with open_database():
            dora, clara = (Account.get(Account.display_name == name) for name in ("Dora", "Clara"))

        def said(person: Account) -> str:
            return re.sub(r"\s+", " ", main_of(console.browser.get(f"/users/{person.id}").text))

        assert "No sync that waits" in said(dora)
        run_id = console.review()
        address = f"/import-sync/runs/{run_id}?section=updating&amp;text=Staff"
        assert f'Joins <a href="{address}">Staff</a></li>' in said(dora)
        assert f'Leaves <a href="{address}">Staff</a></li>' in said(clara)
        assert "No sync that waits" not in said(dora)
        assert "Staff</a></li>" not in said(console.people.bob)
        console.post(run_id, "ticks", section="updating", was=[console.rows(run_id)["Staff"].id])
        assert 'Staff</a> <span class="aside">not ticked</span>' in said(dora)

    def test_without_a_waiting_list_the_page_says_what_the_last_sync_did(self, console: Console, group_id: int) -> None:
        def said() -> str:
            return main_of(console.browser.get(f"/groups/{group_id}").text)

        unticked = console.review()
        console.post(unticked, "tick-all", section="updating", ticked="no")
        console.post(unticked, "accept", ticked_elsewhere=0)
        assert console.work(unticked).state == "done"
        assert "was to do this, and it was not ticked: Updating. Changed in the directory: members." in said()
        done = console.review()
        assert "Updating. Changed" not in said()  # the waiting list says it
        console.post(done, "accept", ticked_elsewhere=1)
        assert console.work(done).state == "done"
        assert "did this: Updating. Changed in the directory: members." in said()
        assert f"/import-sync/runs/{done}?section=updating" in said()
        nothing = console.review()
        console.post(nothing, "accept", ticked_elsewhere=0)
        assert console.work(nothing).state == "done"
        assert "had nothing to change about it." in said()

    def test_the_members_are_compared_with_the_mirror(self, console: Console, group_id: int) -> None:
        console.review()
        text = re.sub(r"\s+", " ", main_of(console.browser.get(f"/groups/{group_id}/directory-members").text))
        for title, name in (
            ("In the directory, and not here", "Dora"), ("Here, and not in the directory", "Clara"),
            ("Added by hand", "Bob"),
        ):  # fmt: skip
            assert re.search(rf'{title} <span class="tab-count">1</span></h2> <ul[^>]*><li><a [^>]*>{name}</a>', text)

    def test_members_without_an_account_are_counted(self, console: Console, group_id: int) -> None:
        console.tenant.add_member(console.tenant.find("Staff"), console.tenant.add_device("LAPTOP"))
        console.review()
        text = console.browser.get(f"/groups/{group_id}/directory-members").text
        assert "1 member of the directory has no account here" in text

    def test_a_group_of_ours_alone_has_nothing_to_be_compared_with(self, console: Console, company: Account) -> None:
        text = console.browser.get(f"/groups/{company.id}/directory-members").text
        assert "The directory says nothing about this group at present." in text
        assert "Compare the members" not in console.browser.get(f"/groups/{company.id}").text

    def test_a_group_is_exempted_on_its_page(self, console: Console, group_id: int) -> None:
        answer = console.browser.post(f"/exemptions/accounts/{group_id}", follow_redirects=True)
        assert answer.request.path == f"/groups/{group_id}"
        assert "every sync leaves it alone" in answer.text
        assert "Nothing: it is exempt from sync." in answer.text
        assert console.rows(console.review())["Staff"].section == "exempt"
