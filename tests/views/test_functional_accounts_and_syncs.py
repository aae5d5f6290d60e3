"""Functional accounts and members given by hand, and what syncs make of them: what their pages say."""

from flask.testing import FlaskClient

from ppe import db
from ppe.clock import utcnow
from ppe.models import FUNCTIONAL, Account, Membership, SyncRun
from ppe.sync import fields, review
from tests.views.conftest import Console

NEWS = {"display_name": "News", "primary": "news@contoso.example", "group_kind": "distribution"}


def _made(browser: FlaskClient) -> str:
    """The address of a functional account made by hand, before the directory has it."""
    address: str = browser.post("/functional-accounts/new", data=NEWS).location
    return address


def _sync(console: Console) -> None:
    run_id = console.review()
    with db.database.connection_context():
        review.accept(SyncRun.get_by_id(run_id), "Ada", utcnow())
    assert console.work(run_id).state == "done"


def _give(console: Console, page: str, *names: str) -> None:
    for name in names:
        answer = console.browser.post(f"{page}/members", data={"address": f"{name.lower()}@contoso.example"})
        assert answer.status_code == 303, answer.text


def _members() -> set[str]:
    with db.database.connection_context():
        group = Account.get(Account.type == FUNCTIONAL)
        return {row.member.display_name for row in Membership.select().where(Membership.group == group)}


def test_no_sync_takes_away_or_adds_a_member_of_an_account_made_by_hand(console: Console) -> None:
    console.connect()
    _sync(console)
    page = _made(console.browser)
    _give(console, page, "Clara", "Bob")
    console.tenant.rename(console.tenant.find("clara@contoso.example"), "Clara Two")
    _sync(console)
    assert _members() == {"Clara Two", "Bob"}
    assert console.rows(console.review()) == {}


def test_once_a_group_of_the_directory_is_linked_it_decides_about_its_own_people(console: Console) -> None:
    console.connect()
    _sync(console)
    page = _made(console.browser)
    _give(console, page, "Clara", "Bob")
    assert "Should the directory have a group with this address one day" in console.browser.get(page).text
    tenant = console.tenant
    tenant.add_group("News", "distribution", "news@contoso.example", members=[tenant.find("dora@contoso.example")])
    _sync(console)
    _sync(console)
    assert _members() == {"Dora", "Bob"}
    text = console.browser.get(page).text
    assert "given by hand" not in text
    assert f"<dt>Kind</dt><dd>{fields.GROUP_KIND_WORDS['distribution']}</dd>" in text


def test_a_mailbox_of_the_directory_has_no_members_there_so_no_sync_takes_ours(console: Console) -> None:
    """It is linked to a user object, which is not a group without members."""
    console.connect()
    _sync(console)
    page = _made(console.browser)
    _give(console, page, "Clara", "Bob")
    mailbox = console.tenant.hire("News", "news@contoso.example")
    _sync(console)
    console.tenant.rename(mailbox, "News Mailbox")
    _sync(console)
    assert _members() == {"Clara", "Bob"}
    text = console.browser.get(page).text
    assert "Members are given by hand here" in text
    assert "Should the directory have a group" not in text
    _give(console, page, "Dora")
    assert _members() == {"Clara", "Bob", "Dora"}
