"""A converted account and the syncs around it: ten on each side of each change, by hand and on the schedule in turn."""

from collections.abc import Callable, Iterable
from itertools import cycle

import pytest

from ppe.clock import utcnow
from ppe.db import execute
from ppe.errors import Refused
from ppe.models import FUNCTIONAL, Account, Membership, SyncChange, SyncRun
from ppe.people import conversion
from ppe.people.by_hand import Seen
from ppe.sync import conversion_choice
from tests.databases import on_both_databases
from tests.sync.desk import Desk
from tests.sync.night import Night

pytestmark = on_both_databases

ADDRESS = "support@contoso.example"


def seen(account: Account) -> Seen:
    return Seen(account.id, Account.get_by_id(account.id).version)


def convert(desk: Desk, account: Account) -> None:
    conversion.to_functional(desk.organization.id, [seen(account)], desk.admin, utcnow())


def accepts_mail(*addresses: str) -> bool:
    """What Postfix would find, asked as docs/postfix.md says."""
    return all(execute("SELECT 1 FROM mail_recipient WHERE address = ?", (a,)).fetchone() for a in addresses)


def untouched(desk: Desk, what: str) -> list[SyncChange]:
    """What the sync wanted to do to the account in any run that is over."""
    return list(SyncChange.select().where(SyncChange.name.startswith("Support"), SyncChange.section == what))


class Support:
    """A mailbox to which everything happens in the directory that can happen to one."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.id = desk.tenant.hire("Support", ADDRESS, aliases=["help@contoso.example"])
        desk.tenant.add_member(desk.tenant.add_group("Desk", "security", ""), self.id)

    @property
    def account(self) -> Account:
        found: Account = Account.get(Account.directory_id == self.id)
        return found

    def changes(self) -> Iterable[Callable[[], object]]:
        """The directory's life, round and round: nothing, blocked, renamed, an alias, unblocked, and once more."""
        tenant = self.desk.tenant
        return cycle(
            (
                lambda: None,
                lambda: tenant.block(self.id),
                lambda: tenant.rename(self.id, "Support Team"),
                lambda: tenant.set_addresses(self.id, ADDRESS, ["help@contoso.example", "hulp@contoso.example"]),
                lambda: tenant.allow(self.id),
                lambda: tenant.set_addresses(self.id, ADDRESS, ["help@contoso.example"]),
                lambda: tenant.rename(self.id, "Support"),
            )
        )


def ten_syncs(desk: Desk, night: Night, support: Support, check: Callable[[], None]) -> None:
    """Ten, each after a change in the directory, with a look after each."""
    for number, (change, _) in enumerate(zip(support.changes(), range(10), strict=False)):
        change()
        if number % 2:
            assert night.done().scheduled
        else:
            assert desk.sync().state == "done"
        check()


def test_ten_syncs_before_ten_as_a_functional_account_and_ten_after(desk: Desk) -> None:
    support, night = Support(desk), Night(desk)
    desk.sync()
    row_id, groups = support.account.id, {"Desk"}

    def is_a_user() -> None:
        assert (support.account.id, support.account.type) == (row_id, "end_user")

    def is_functional() -> None:
        account = support.account
        assert (account.id, account.type, account.active, account.removed_at) == (row_id, FUNCTIONAL, True, None)
        assert accepts_mail(ADDRESS, "help@contoso.example")
        assert desk.members("Desk") == {account.display_name}

    ten_syncs(desk, night, support, is_a_user)
    desk.give_credentials(support.account)
    convert(desk, support.account)
    is_functional()
    assert desk.credentials(support.account) == set()
    done_before = SyncChange.select().count()
    ten_syncs(desk, night, support, is_functional)
    since = list(SyncChange.select().where(SyncChange.id > done_before, SyncChange.name.startswith("Support")))
    assert {row.section for row in since} == {"updating"}, "neither deleted, nor disabled, nor added beside itself"
    assert not any({"type", "active"} & row.after.keys() for row in since)
    assert Account.select().where(Account.directory_id == support.id).count() == 1

    conversion.to_user(desk.organization.id, [seen(support.account)], "silent_user", desk.admin, utcnow())
    desk.tenant.allow(support.id)
    ten_syncs(desk, night, support, lambda: check_same(support.account, (row_id, "silent_user", None), groups, desk))


def check_same(account: Account, wanted: tuple[int, str, None], groups: set[str], desk: Desk) -> None:
    assert (account.id, account.type, account.removed_at) == wanted
    assert account.active == (account.deactivated_by is None)
    assert account.active == next(one.enabled for one in desk.tenant.people if one.id == account.directory_id)
    assert {row.group.display_name for row in Membership.select().where(Membership.member == account)} == groups


def test_whom_a_sync_deactivated_gets_mail_again_by_being_converted(desk: Desk) -> None:
    support, night = Support(desk), Night(desk)
    desk.sync()
    desk.tenant.block(support.id)
    night.done()
    assert not support.account.active
    assert not accepts_mail(ADDRESS)
    convert(desk, support.account)
    assert accepts_mail(ADDRESS, "help@contoso.example")
    for _ in range(3):
        night.done()
        assert accepts_mail(ADDRESS)
    desk.nothing_left()


@pytest.mark.parametrize("purge", [False, True], ids=["deleted", "purged"])
def test_a_converted_account_outlives_its_object_until_somebody_ticks_it(desk: Desk, purge: bool) -> None:
    support, night = Support(desk), Night(desk)
    desk.sync()
    convert(desk, support.account)
    desk.tenant.delete(support.id)
    if purge:
        desk.tenant.purge(support.id)
    for _ in range(10):
        row = desk.rows(night.done())["Support"]
        assert (row.section, row.ticked, row.outcome) == ("deleting", False, None)
        assert accepts_mail(ADDRESS)
    desk.sync_by_hand("Support")
    assert support.account.removed_at is not None


def test_a_removed_one_whose_blocked_object_comes_back_comes_back_as_it_was(desk: Desk) -> None:
    support = Support(desk)
    desk.sync()
    convert(desk, support.account)
    desk.tenant.block(support.id)
    desk.tenant.delete(support.id)
    desk.sync_by_hand("Support")
    desk.tenant.restore(support.id)
    desk.sync()
    account = support.account
    assert (account.type, account.active, account.removed_at) == (FUNCTIONAL, True, None)
    assert account.converted_at is not None
    desk.nothing_left()


def test_an_object_recreated_under_the_same_address_takes_over_the_functional_account(desk: Desk) -> None:
    support = Support(desk)
    desk.sync()
    convert(desk, support.account)
    row_id = support.account.id
    desk.tenant.delete(support.id)
    desk.tenant.purge(support.id)
    again = desk.tenant.hire("Support", ADDRESS, enabled=False)
    desk.sync()
    account = Account.get(Account.directory_id == again)
    assert (account.id, account.type, account.active) == (row_id, FUNCTIONAL, True)


@pytest.mark.parametrize("then", ["block", "delete"])
def test_a_row_of_the_review_is_converted_and_undone(desk: Desk, then: str) -> None:
    support = Support(desk)
    desk.sync()
    desk.give_credentials(support.account)
    desk.tenant.rename(support.id, "Support Team")
    getattr(desk.tenant, then)(support.id)
    planned = desk.plan()
    (row,) = (row for name, row in desk.rows(planned).items() if name.startswith("Support"))
    assert row.section == {"block": "disabling", "delete": "deleting"}[then]
    assert conversion_choice.choose(planned, [row.id], desk.admin, utcnow()) == (1, {})
    row = SyncChange.get_by_id(row.id)
    assert (row.section, row.kind, row.ticked) == ("updating", FUNCTIONAL, True)
    assert support.account.type == "end_user", "it becomes true with the list, not before"
    done = desk.accept(planned)
    account = support.account
    assert (account.type, account.active, account.removed_at) == (FUNCTIONAL, True, None)
    assert account.display_name == ("Support Team" if then == "block" else "Support")
    assert account.converted_at is not None
    assert desk.credentials(account) == set()
    assert accepts_mail(ADDRESS)
    for _ in range(3):
        ticked = [row.name for row in desk.rows(desk.plan()).values() if row.ticked]
        assert ticked == []
    desk.undo(done)
    account = support.account
    assert (account.type, account.converted_at) == ("end_user", None)


def test_a_newcomer_is_imported_as_a_functional_account_without_a_welcome_mail(desk: Desk) -> None:
    support = Support(desk)
    planned = desk.plan()
    SyncRun.update(send_welcome_mails=True).where(SyncRun.id == planned.id).execute()
    row = desk.rows(planned, "adding")["Support"]
    assert conversion_choice.choose(planned, [row.id], desk.admin, utcnow()) == (1, {})
    desk.accept(SyncRun.get_by_id(planned.id))
    assert support.account.type == FUNCTIONAL
    assert Night(desk).mails() == []
    desk.nothing_left()


def test_a_removed_person_comes_back_as_a_functional_account(desk: Desk) -> None:
    support = Support(desk)
    desk.sync()
    desk.tenant.delete(support.id)
    desk.sync()
    desk.give_credentials(support.account)
    desk.tenant.restore(support.id)
    planned = desk.plan()
    conversion_choice.choose(planned, [desk.rows(planned, "adding")["Support"].id], desk.admin, utcnow())
    desk.accept(planned)
    account = support.account
    assert (account.type, account.removed_at, account.converted_at is None) == (FUNCTIONAL, None, False)
    assert desk.credentials(account) == set()


def test_what_is_no_person_or_must_go_is_left_as_it_is_and_says_why(desk: Desk) -> None:
    support = Support(desk)
    bo = desk.tenant.hire("Bo", "bo@contoso.example")
    desk.sync()
    desk.tenant.delete(bo)
    desk.tenant.purge(bo)
    desk.tenant.set_addresses(support.id, "bo@contoso.example", [])
    desk.tenant.add_group("Another", "security", "")
    planned = desk.plan()
    rows = desk.rows(planned)
    _, said = conversion_choice.choose(planned, [row.id for row in rows.values()], desk.admin, utcnow())
    assert said == {"Another": "It is no person.", "Bo": "Its address goes to somebody else in this sync."}
    assert desk.rows(planned)["Bo"].section == "deleting"
    assert desk.rows(planned)["Support"].kind == FUNCTIONAL
    desk.accept(planned)
    assert desk.people()["Support"] == ("bo@contoso.example", set())


def test_an_undo_converts_nobody(desk: Desk) -> None:
    Support(desk)
    undoing = desk.plan_undo(desk.sync())
    row = desk.rows(undoing)["Support"]
    with pytest.raises(Refused, match="by an undo"):
        conversion_choice.choose(undoing, [row.id], desk.admin, utcnow())
