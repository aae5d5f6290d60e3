"""Conversions, syncs and the directory's life in any order: what must hold of a converted account whatever happens."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from ppe import exemptions
from ppe.clock import utcnow
from ppe.db import execute
from ppe.errors import Refused
from ppe.models import (
    FUNCTIONAL,
    PERSON_TYPES,
    Account,
    Address,
    Authenticator,
    Connection,
    Exemption,
    SyncChange,
    SyncRun,
)
from ppe.people import conversion
from ppe.people.by_hand import Seen
from ppe.practice.people import Person
from ppe.practice.server import PracticeServer
from ppe.practice.tenant import Tenant
from ppe.sync import conversion_choice, review
from tests.sync.conftest import Line
from tests.sync.desk import Desk
from tests.sync.night import Night

pytestmark = pytest.mark.slow

ADDRESSES = [f"{local}@contoso.example" for local in "abcdef"]
ONE = st.integers(0, 5)
WHAT = st.sampled_from(
    ["hire", "hire blocked", "hire guest", "group", "delete", "purge", "restore", "block", "allow", "rename", "move",
     "swap", "alias", "remove mailbox"]
)  # fmt: skip
LIFE = st.lists(st.tuples(WHAT, ONE, ONE), max_size=4)
SWITCHES = ("sync_active_users", "add_users", "update_users", "remove_deleted_users", "sync_distribution_groups")


@dataclass(frozen=True)
class Standing:
    """How an account stands."""

    type: str
    active: bool
    is_removed: bool
    is_converted: bool
    primary: str | None
    object_id: str | None


def standing() -> dict[int, Standing]:
    primaries = {row.account_id: row.address for row in Address.select().where(Address.is_primary)}
    return {
        one.id: Standing(
            one.type, one.active, one.removed_at is not None, one.converted_at is not None, primaries.get(one.id),
            one.directory_id,
        )
        for one in Account.select()
    }  # fmt: skip


class Conversions(RuleBasedStateMachine):
    """One organisation, its tenant, and an administrator who converts."""

    line: Line

    def __init__(self) -> None:
        super().__init__()
        tenant = Tenant.empty()
        self.server = PracticeServer(tenant, delta_page=4, member_slice=2)
        self.server.__enter__()
        self.line(self.server)
        self.desk, self.tenant = Desk(self.server, domains=("contoso.example",)), tenant
        self.night = Night(self.desk)
        self.last: SyncRun | None = None

    def teardown(self) -> None:
        self.server.__exit__(None, None, None)

    @initialize()
    def begin(self) -> None:
        people = [self.tenant.hire(f"Person {n}", address) for n, address in enumerate(ADDRESSES[:3])]
        self.tenant.add_group("Everybody", "security", members=people)
        self.last = self.desk.sync()
        self.convert(0)

    @rule(life=LIFE)
    def sync_by_hand(self, life: list[tuple[str, int, int]]) -> None:
        self._happen(life)
        done = self._watched(self.desk.sync)
        if any("directory_id" in row.after for row in self.desk.rows(done).values()):
            self._watched(self.desk.sync)  # who follows another object leaves the groups of the former one run later
        again = self.desk.plan()
        assert not [row.reason for row in self.desk.rows(again).values() if row.ticked], "sync twice, nothing to do"

    @rule(life=LIFE)
    def sync_on_the_schedule(self, life: list[tuple[str, int, int]]) -> None:
        self._happen(life)
        self._watched(self.night.done)

    @rule(life=LIFE, chosen=st.sets(ONE, max_size=3))
    def convert_in_a_review(self, life: list[tuple[str, int, int]], chosen: set[int]) -> None:
        self._happen(life)
        planned = self.desk.plan()
        rows = sorted(self.desk.rows(planned).values(), key=lambda row: row.object_id)
        ids = [row.id for number, row in enumerate(rows) if number in chosen]
        conversion_choice.choose(planned, ids, self.desk.admin, utcnow())
        self._watched(lambda: self.desk.accept(planned))
        for row in self.desk.rows(planned).values():
            if row.outcome == "done" and row.after.get("converted"):
                account = Account.get_by_id(row.account_id)
                assert (account.type, account.active, account.removed_at) == (FUNCTIONAL, True, None)

    @rule(who=ONE)
    def convert(self, who: int) -> None:
        people = [one for one in self._accounts(PERSON_TYPES) if one.id != self.desk.admin.id]
        if people:
            one = people[who % len(people)]
            Account.update(password_hash="a hash", microsoft_id=f"m{one.id}").where(Account.id == one.id).execute()
            Authenticator.create(account=one, secret="encrypted", confirmed_at=utcnow(), created_at=utcnow())
            conversion.to_functional(
                self.desk.organization.id, [Seen(one.id, one.version)], self.desk.admin, utcnow()
            )  # fmt: skip
            assert Account.get_by_id(one.id).type == FUNCTIONAL

    @rule(who=ONE, exempt=st.booleans())
    def convert_back(self, who: int, exempt: bool) -> None:
        accounts = self._accounts([FUNCTIONAL])
        if accounts:
            one = accounts[who % len(accounts)]
            seen = [Seen(one.id, one.version)]
            with suppress(Refused):
                conversion.to_user(
                    self.desk.organization.id, seen, "end_user", self.desk.admin, utcnow(), exempt=exempt
                )

    @rule(who=ONE)
    def tick_what_is_not(self, who: int) -> None:
        """A person's deed: from here on nothing is asked of this account."""
        planned = self.desk.plan()
        rows = [row for row in self.desk.rows(planned, "deleting").values() if not row.ticked]
        if rows:
            row = rows[who % len(rows)]
            review.tick(planned, True, change_ids=[row.id])
            self._watched(lambda: self.desk.accept(planned), but={row.account_id})

    @rule(who=ONE)
    def exempt_or_not(self, who: int) -> None:
        now, exempt = utcnow(), list(Exemption.select().where(Exemption.ended_at.is_null()))
        if exempt:
            exemptions.end(self.desk.organization.id, exempt[0].id, "Ada", now)
        else:
            exemptions.add(self.desk.organization.id, ADDRESSES[who], "", None, "Ada", now)

    @rule(switch=st.sampled_from(SWITCHES))
    def switch(self, switch: str) -> None:
        self.desk.settings(**{switch: not getattr(self.desk.connection, switch)})

    @rule()
    def undo_the_last(self) -> None:
        before, last = standing(), self.last
        if last is None:
            return
        with suppress(Refused):
            self.last = self.desk.undo(last)
            undone = {row.account_id for row in self.desk.rows(self.last).values() if row.outcome == "done"}
            self._kept(before, but=undone)

    @invariant()
    def nobody_signs_in_as_a_converted_account_and_it_receives_mail(self) -> None:
        converted = Account.select().where(Account.converted_at.is_null(False), Account.removed_at.is_null())
        for account in converted:
            assert (account.type, account.active) == (FUNCTIONAL, True)
            assert (account.password_hash, account.microsoft_id) == (None, None)
            assert not Authenticator.select().where(Authenticator.account == account).exists()
            primary = Address.get(Address.account == account, Address.is_primary).address
            assert execute("SELECT 1 FROM mail_recipient WHERE address = ?", (primary,)).fetchone()

    def _watched(self, sync: Callable[[], SyncRun], but: set[int] | None = None) -> SyncRun:
        """A sync, and what it left as it was."""
        before = standing()
        self.last = done = sync()
        rows = self.desk.rows(done).values()
        assert all(row.outcome == "done" or self._was_late(row) for row in rows if row.ticked)
        chosen = {row.account_id for row in rows if row.after.get("converted")}
        self._kept(before, but=(but or set()) | chosen)
        self._followed()
        return done

    def _was_late(self, row: SyncChange) -> bool:
        """Of several new objects with the address of one whose object is gone, the first is followed."""
        return row.outcome == "stale" and "directory_id" in row.after

    def _kept(self, before: dict[int, Standing], but: set[int]) -> None:
        """No sync has removed, deactivated or re-typed a converted account, or taken its address away."""
        wanted = {one.id: one.primary for one in self.tenant.people} | {
            one.id: one.primary for one in self.tenant.groups
        }
        now = standing()
        for account_id, was in before.items():
            if was.is_converted and not was.is_removed and account_id not in but:
                found = now[account_id]
                assert (found.type, found.active, found.is_removed, found.is_converted) == (
                    FUNCTIONAL, True, False, True,
                )  # fmt: skip
                assert found.primary in (was.primary, wanted.get(found.object_id or ""))

    def _followed(self) -> None:
        """Everybody else is treated as the directory says, where nothing keeps the sync from it."""
        connection: Connection = self.desk.connection
        frozen = not all(getattr(connection, name) for name in SWITCHES)
        if frozen or Exemption.select().where(Exemption.ended_at.is_null()).exists():
            return
        enabled = {one.id: one.enabled for one in self.tenant.people if one.primary and not one.guest}
        for one in self._accounts(PERSON_TYPES):
            if one.directory_id is not None:
                assert one.directory_id in enabled, "gone, and not removed"
                assert one.active == enabled[one.directory_id]

    def _accounts(self, types: object) -> list[Account]:
        found = Account.select().where(Account.type.in_(types), Account.removed_at.is_null()).order_by(Account.id)
        return list(found)

    def _happen(self, life: list[tuple[str, int, int]]) -> None:
        for what, who, where in life:
            self._one(what, who, ADDRESSES[where])

    def _one(self, what: str, who: int, address: str) -> None:
        tenant, people, deleted = self.tenant, self.tenant.people, self.tenant.deleted_people
        if what in ("hire", "hire blocked", "hire guest"):
            tenant.hire(f"New {who}", address, enabled=what == "hire", guest=what == "hire guest")
        elif what == "group":
            tenant.add_group(f"Group {who}", "microsoft365", address, members=[one.id for one in people[:who]])
        elif what == "restore" and deleted:
            tenant.restore(deleted[who % len(deleted)].id)
        elif people:
            self._to_somebody(what, people[who % len(people)], people[(who + 1) % len(people)], address)

    def _to_somebody(self, what: str, one: Person, other: Person, address: str) -> None:
        tenant = self.tenant
        match what:
            case "delete" | "purge" | "block" | "allow":
                getattr(tenant, what)(one.id)
            case "rename":
                tenant.rename(one.id, f"Renamed {address[0]}")
            case "move":
                tenant.set_addresses(one.id, address)
            case "swap" if one.primary and other.primary:
                tenant.set_addresses(one.id, other.primary)
                tenant.set_addresses(other.id, one.primary)
            case "alias":
                tenant.add_alias(one.id, address)
            case "remove mailbox":
                tenant.remove_mailbox(one.id)
            case _:
                pass


def test_a_conversion_holds_whatever_happens(line: Line) -> None:
    bounded = settings(
        max_examples=30,
        stateful_step_count=8,
        deadline=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=[HealthCheck.too_slow],
    )
    run_state_machine_as_test(type("Machine", (Conversions,), {"line": staticmethod(line)}), settings=bounded)
