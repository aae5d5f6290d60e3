"""Whose object is let go of: of a removed account of the same organisation, when another one is to follow it."""

import pytest

from ppe import directory_links
from ppe.clock import utcnow
from ppe.models import Account
from tests.conftest import OpenDatabase, People


@pytest.fixture(autouse=True)
def _linked(people: People, open_database: OpenDatabase) -> object:
    """Bob and Eve, of two organisations, are removed and follow an object of the same number."""
    with open_database():
        Account.update(directory_tenant="t", directory_id="o", directory_fingerprint="f", removed_at=utcnow()).where(
            Account.id.in_((people.bob.id, people.eve.id))
        ).execute()
        yield


def link(account: Account) -> tuple[str | None, str | None, str | None, int]:
    now = Account.get_by_id(account.id)
    return now.directory_tenant, now.directory_id, now.directory_fingerprint, now.version


def test_a_removed_account_lets_go_of_what_another_is_to_follow(people: People) -> None:
    directory_links.let_go(people.contoso.id, {"o": people.ada.id, "p": people.bob.id})
    assert link(people.bob) == (None, None, None, 2)
    assert link(people.eve) == ("t", "o", "f", 1), "another organisation's"


def test_whoever_follows_it_already_keeps_it(people: People) -> None:
    directory_links.let_go(people.contoso.id, {"o": people.bob.id})
    assert link(people.bob) == ("t", "o", "f", 1)


def test_who_is_not_removed_keeps_it(people: People) -> None:
    Account.update(removed_at=None).where(Account.id == people.bob.id).execute()
    directory_links.let_go(people.contoso.id, {"o": people.ada.id})
    assert link(people.bob) == ("t", "o", "f", 1)
