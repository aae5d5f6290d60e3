"""What a conversion changes on an account, and whom it refuses."""

from contextlib import suppress
from datetime import datetime

import pytest

from ppe import accounts, db
from ppe.clock import utcnow
from ppe.errors import Refused
from ppe.models import (
    ADMIN,
    FUNCTIONAL,
    GROUP,
    Account,
    Address,
    AuditEvent,
    Connection,
    DirectoryObject,
    Exemption,
    Membership,
    SignInSession,
)
from ppe.people import conversion
from ppe.people.by_hand import Seen
from tests.conftest import OpenDatabase, People, add_account
from tests.databases import on_both_databases
from tests.signin.steps import Meeting, at_once

pytestmark = on_both_databases


@pytest.fixture(autouse=True)
def _open(people: People, open_database: OpenDatabase) -> object:
    with open_database():
        yield


def seen(account: Account) -> Seen:
    return Seen(account.id, Account.get_by_id(account.id).version)


def now_of(account: Account) -> Account:
    found: Account = Account.get_by_id(account.id)
    return found


def convert(people: People, *accounts: Account) -> None:
    conversion.to_functional(people.contoso.id, [seen(account) for account in accounts], people.ada, utcnow())


def back(people: People, account: Account, role: str = "end_user", *, exempt: bool = False) -> None:
    conversion.to_user(people.contoso.id, [seen(account)], role, people.ada, utcnow(), exempt=exempt)


def in_directory(people: People, account: Account, **said: object) -> None:
    Account.update(directory_id="b", directory_fingerprint="x").where(Account.id == account.id).execute()
    DirectoryObject.create(
        connection=Connection.get(Connection.organization == people.contoso), object_id="b", fingerprint="x",
        seen_in_run=1, **({"is_group": False} | said),
    )  # fmt: skip


def test_the_account_stays_and_its_sign_in_ends(people: People) -> None:
    group = Account.create(organization=people.contoso, type=GROUP, display_name="Staff", created_at=utcnow())
    Membership.create(group=group, member=people.bob)
    Account.update(receives_digest=True, microsoft_id="m", directory_fingerprint="x").where(
        Account.id == people.bob.id
    ).execute()
    now = utcnow()
    SignInSession.create(
        account=people.bob, token_hash="t", role="end_user", first_step="password", created_at=now, confirmed_at=now,
        seen_at=now, expires_at=now,
    )  # fmt: skip
    convert(people, people.bob)
    bob = now_of(people.bob)
    assert (bob.type, bob.active, bob.receives_digest, bob.version) == (FUNCTIONAL, True, True, 2)
    assert (bob.password_hash, bob.microsoft_id, bob.directory_fingerprint) == (None, None, None)
    assert not SignInSession.select().exists()
    assert Address.get(Address.account == bob).address == "bob@contoso.example"
    assert Membership.select().where(Membership.member == bob).exists()


def test_it_is_on_record_with_what_was_before(people: People) -> None:
    Account.update(active=False, deactivated_by="administrator").where(Account.id == people.bob.id).execute()
    convert(people, people.bob)
    event = AuditEvent.get(AuditEvent.action == "converted to functional account")
    assert (event.actor, event.subject) == ("Ada", "bob@contoso.example")
    assert event.details == {
        "before": {"type": "end_user", "active": False},
        "after": {"type": FUNCTIONAL, "active": True},
    }
    assert now_of(people.bob).deactivated_by is None


def test_a_set_is_converted_whole_or_not_at_all(people: People) -> None:
    cleo = add_account(people.contoso, "end_user", "Cleo", "cleo@contoso.example")
    stale = Seen(people.bob.id, 7)
    with pytest.raises(Refused, match="changed this account meanwhile"):
        conversion.to_functional(people.contoso.id, [seen(cleo), stale], people.ada, utcnow())
    assert now_of(cleo).type == "end_user"
    convert(people, cleo, people.bob)
    assert {now_of(cleo).type, now_of(people.bob).type} == {FUNCTIONAL}


@pytest.mark.parametrize(
    "stands", [{"type": FUNCTIONAL}, {"type": GROUP}, {"removed_at": utcnow()}], ids=["functional", "group", "removed"]
)
def test_only_a_person_who_is_here_is_converted(people: People, stands: dict[str, object]) -> None:
    Account.update(**stands).where(Account.id == people.bob.id).execute()
    with pytest.raises(Refused, match="changed this account meanwhile"):
        convert(people, people.bob)
    assert now_of(people.bob).converted_at is None
    with pytest.raises(Refused, match="changed this account meanwhile"):
        back(people, people.ada)


def test_nobody_converts_themselves_or_the_last_administrator(people: People) -> None:
    with pytest.raises(Refused, match="can't convert yourself"):
        convert(people, people.ada)
    reader = add_account(people.contoso, ADMIN, "Rea", "rea@contoso.example")
    with pytest.raises(Refused, match="last active administrator"):
        conversion.to_functional(people.contoso.id, [seen(people.ada)], reader_only(reader), utcnow())
    assert now_of(people.ada).type == ADMIN


def test_two_administrators_who_convert_each_other_at_once_leave_one(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    bea = add_account(people.contoso, ADMIN, "Bea", "bea@contoso.example")
    found = {people.ada.id: seen(people.ada), bea.id: seen(bea)}
    monkeypatch.setattr(accounts, "require_administrator", Meeting().before(accounts.require_administrator))

    def converts(by: Account, whom: Account) -> bool:
        with db.database.connection_context(), suppress(Refused):
            conversion.to_functional(people.contoso.id, [found[whom.id]], by, utcnow())
            return True
        return False

    assert sorted(at_once(lambda: converts(people.ada, bea), lambda: converts(bea, people.ada))) == [False, True]
    assert Account.select().where(Account.organization == people.contoso, Account.type == ADMIN).count() == 1


def reader_only(account: Account) -> Account:
    Account.update(read_only=True).where(Account.id == account.id).execute()
    return now_of(account)


def test_another_organisations_person_does_not_exist(people: People) -> None:
    with pytest.raises(Refused):
        convert(people, people.eve)
    assert now_of(people.eve).type == ADMIN


def test_a_functional_account_becomes_a_user_that_the_next_sync_looks_at_anew(people: People) -> None:
    in_directory(people, people.bob)
    convert(people, people.bob)
    Account.update(directory_fingerprint="x").where(Account.id == people.bob.id).execute()  # a sync has been
    with pytest.raises(Refused, match="changed this account meanwhile"):
        conversion.to_user(people.contoso.id, [Seen(people.bob.id, 1)], "end_user", people.ada, utcnow())
    back(people, people.bob, "silent_user")
    bob = now_of(people.bob)
    assert (bob.type, bob.converted_at, bob.directory_fingerprint) == ("silent_user", None, None)
    assert not Exemption.select().exists()


def test_a_blocked_one_is_exempted_with_the_same_click(people: People) -> None:
    in_directory(people, people.bob, enabled=False, primary_address="bob@contoso.example")
    convert(people, people.bob)
    assert "would deactivate this user" in conversion.danger(now_of(people.bob))
    back(people, people.bob, exempt=True)
    assert Exemption.get().object_id == "b"


@pytest.mark.parametrize(
    "said",
    [{"primary_address": None}, {"primary_address": "b@contoso.example", "guest": True},
     {"primary_address": "bob@contoso.example", "gone_at": utcnow()}],
    ids=["no mailbox", "guest", "gone"],
)  # fmt: skip
def test_who_would_be_removed_by_the_next_sync_is_told_too(people: People, said: dict[str, object]) -> None:
    in_directory(people, people.bob, **said)
    convert(people, people.bob)
    assert "would remove this user" in conversion.danger(now_of(people.bob))
    assert conversion.obstacle(now_of(people.bob)) == ""


def test_nothing_threatens_whom_the_directory_has_or_does_not_know(people: People) -> None:
    in_directory(people, people.bob, primary_address="bob@contoso.example")
    assert conversion.danger(now_of(people.bob)) == ""
    DirectoryObject.delete().execute()
    assert conversion.danger(now_of(people.bob)) == ""


@pytest.mark.parametrize("role", [ADMIN, "functional_account", ""])
def test_nobody_becomes_an_administrator_on_the_way_back(people: People, role: str) -> None:
    convert(people, people.bob)
    with pytest.raises(Refused, match="Choose a role"):
        back(people, people.bob, role)
    assert now_of(people.bob).type == FUNCTIONAL


@pytest.mark.parametrize("gone_at", [None, utcnow()], ids=["there", "gone"])
def test_a_group_of_the_directory_becomes_no_user(people: People, gone_at: datetime | None) -> None:
    staff = add_account(people.contoso, FUNCTIONAL, "Staff", "staff@contoso.example")
    in_directory(people, staff, is_group=True, gone_at=gone_at)
    with pytest.raises(Refused, match="comes from a group"):
        back(people, staff)
    DirectoryObject.delete().execute()  # it was another tenant's
    with pytest.raises(Refused, match="comes from a group"):
        back(people, staff)


def test_one_with_members_becomes_no_user(people: People) -> None:
    staff = add_account(people.contoso, FUNCTIONAL, "Staff", "staff@contoso.example")
    Membership.create(group=staff, member=people.bob)
    with pytest.raises(Refused, match="has members"):
        back(people, staff)
    Membership.delete().execute()
    back(people, staff)
    assert now_of(staff).type == "end_user"
