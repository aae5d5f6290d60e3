"""Whoever is exempt already stays so, with the reason and the last day: what exempts by the way wipes neither."""

from datetime import date, timedelta

import pytest
from flask.testing import FlaskClient

from ppe.clock import utcnow
from ppe.models import FUNCTIONAL, Account, AuditEvent, Exemption
from ppe.people import by_hand, details
from ppe.people.by_hand import Edit, Seen
from tests.conftest import OpenDatabase, People
from tests.databases import on_both_databases

pytestmark = on_both_databases

ALREADY = "It is exempt from sync already: its reason and its last day stay as they are."
LAST_DAY = date(2099, 1, 31)


@pytest.fixture
def bob(people: People, open_database: OpenDatabase) -> Account:
    """From the directory, as an old tab shows him: not exempt."""
    with open_database():
        Account.update(directory_id="b").where(Account.id == people.bob.id).execute()
        found: Account = Account.get_by_id(people.bob.id)
        return found


@pytest.fixture
def _exempt(signed_in: FlaskClient, bob: Account) -> None:
    """What another administrator has written down meanwhile."""
    form = {"address": "bob@contoso.example", "reason": "ticket 4711", "last_day": LAST_DAY.isoformat()}
    assert signed_in.post("/exemptions", data=form).status_code == 303


@pytest.fixture
def _functional(bob: Account, open_database: OpenDatabase) -> None:
    with open_database():
        Account.update(type=FUNCTIONAL, converted_at=utcnow()).where(Account.id == bob.id).execute()


EDITED = {"display_name": "Bobby", "primary": "bob@contoso.example", "type": "end_user"}
WAYS = {
    "Exempt from Sync": ("/exemptions/accounts/{}", {}),
    "edit": ("/users/{}/edit", EDITED),
    "edit, changing nothing": ("/users/{}/edit", EDITED | {"display_name": "Bob"}),
    "remove": ("/users/{}/remove", {}),
}


def _press(browser: FlaskClient, bob: Account, path: str, form: dict[str, str]) -> str:
    ticked = {"version": str(bob.version), "exempt": "yes"} | form
    answer = browser.post(path.format(bob.id), data=ticked, follow_redirects=True)
    assert answer.status_code == 200
    return answer.text


def _stands(open_database: OpenDatabase) -> list[tuple[str, date | None]]:
    with open_database():
        return [(one.reason, one.last_day) for one in Exemption.select().where(Exemption.ended_at.is_null())]


@pytest.mark.usefixtures("_exempt")
@pytest.mark.parametrize(("path", "form"), WAYS.values(), ids=WAYS)
def test_an_older_tab_leaves_reason_and_last_day_and_says_so(
    signed_in: FlaskClient, bob: Account, open_database: OpenDatabase, path: str, form: dict[str, str]
) -> None:
    assert ALREADY in _press(signed_in, bob, path, form)
    assert _stands(open_database) == [("ticket 4711", LAST_DAY)]
    with open_database():
        assert AuditEvent.select().where(AuditEvent.action == "exempted from sync").count() == 1


@pytest.mark.usefixtures("_functional", "_exempt")
def test_converting_back_leaves_them_too(signed_in: FlaskClient, bob: Account, open_database: OpenDatabase) -> None:
    assert ALREADY in _press(signed_in, bob, "/functional-accounts/{}/convert-back", {"role": "end_user"})
    assert _stands(open_database) == [("ticket 4711", LAST_DAY)]


@pytest.mark.usefixtures("_exempt")
def test_whoever_was_exempted_between_the_look_and_the_deed_is_left_so(
    bob: Account, people: People, open_database: OpenDatabase
) -> None:
    """The form was read before the exemption came, the account is written after it."""
    with open_database():
        wanted = details.of(bob, "bob@contoso.example", [])
        edits = [Edit(Seen(bob.id, bob.version), wanted)]
        by_hand.edit(people.contoso.id, edits, people.ada, utcnow(), exempt=True)
    assert _stands(open_database) == [("ticket 4711", LAST_DAY)]


@pytest.mark.usefixtures("_exempt")
@pytest.mark.parametrize(("path", "form"), WAYS.values(), ids=WAYS)
def test_an_exemption_that_is_over_keeps_nobody_from_a_new_one(
    signed_in: FlaskClient, bob: Account, open_database: OpenDatabase, path: str, form: dict[str, str]
) -> None:
    with open_database():
        Exemption.update(last_day=utcnow().date() - timedelta(days=2)).execute()
    assert ALREADY not in _press(signed_in, bob, path, form)
    [(reason, last_day)] = _stands(open_database)
    assert (reason, last_day) == ("" if "exemptions" in path else "changed by hand", None)


def test_the_page_that_asks_before_removing_offers_the_exemption_to_whom_it_is_of_use(
    signed_in: FlaskClient, bob: Account
) -> None:
    text = signed_in.get(f"/users/{bob.id}/remove").text
    assert 'name="exempt"' in text
    assert "the next sync brings it back" in text


@pytest.mark.usefixtures("_exempt")
def test_the_page_that_asks_before_removing_says_until_when_somebody_is_exempt(
    signed_in: FlaskClient, bob: Account
) -> None:
    text = signed_in.get(f"/users/{bob.id}/remove").text
    assert 'name="exempt"' not in text
    assert "it is exempt from sync until 31 Jan 2099: as long as it is, no sync brings it back." in text
