"""Without a tech contact nobody gets the summary: said at once, waited for seven days, and then it is Never again."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from ppe.models import ADMIN, END_USER, Account, Address, AuditEvent, Connection, Organization
from ppe.sync import tech_contact
from tests.conftest import OpenDatabase, People
from tests.sync.workers import at_once

NOW = datetime(2027, 3, 24, 12, tzinfo=UTC)  # the clocks change in the week after
MINUTE, DAY, WEEK = timedelta(minutes=1), timedelta(days=1), timedelta(days=7)


@pytest.fixture
def alone(people: People, open_database: OpenDatabase) -> Iterator[People]:
    """Contoso syncs every six hours, and so does Fabrikam, which has a tech contact."""
    with open_database():
        Connection.update(sync_frequency=6, next_sync_at=NOW + DAY).execute()
        Organization.update(tech_contact=people.eve).where(Organization.id == people.fabrikam.id).execute()
        yield people


def tick(now: datetime) -> None:
    for connection_id in tech_contact.due(now):
        tech_contact.settle(connection_id, now)


def appoint(people: People, account: Account | None) -> None:
    Organization.update(tech_contact=account).where(Organization.id == people.contoso.id).execute()


def stored(people: People) -> Connection:
    found: Connection = Connection.get(Connection.organization == people.contoso)
    return found


def audited() -> list[tuple[str, str]]:
    return [(event.actor, event.action) for event in AuditEvent.select().order_by(AuditEvent.id)]


def deadline(people: People, now: datetime) -> datetime | None:
    return tech_contact.deadline(stored(people), Organization.get_by_id(people.contoso.id), now)


def test_the_countdown_takes_seven_days_to_the_minute(alone: People) -> None:
    assert deadline(alone, NOW) == NOW + WEEK, "said at once, before any minute has come round"
    now = NOW
    while now < NOW + WEEK:
        tick(now)
        assert stored(alone).sync_frequency == 6
        assert deadline(alone, now) == NOW + WEEK
        now += timedelta(hours=4)
    tick(NOW + WEEK - MINUTE)
    assert stored(alone).sync_frequency == 6
    tick(NOW + WEEK)
    tick(NOW + WEEK + MINUTE)
    after = stored(alone)
    assert (after.sync_frequency, after.next_sync_at, after.contact_missing_since) == (0, None, None)
    assert "no tech contact" in str(after.frequency_reset_reason)
    assert audited() == [("the schedule", "tech contact missed"), ("the schedule", "frequency set back to Never")]
    assert deadline(alone, NOW + WEEK) is None
    assert Connection.get(Connection.organization == alone.fabrikam).sync_frequency == 6


def test_who_comes_back_in_time_ends_the_countdown_and_the_next_one_begins_anew(alone: People) -> None:
    tick(NOW)
    appoint(alone, alone.ada)
    tick(NOW + WEEK - MINUTE)
    tick(NOW + WEEK + DAY)
    assert (stored(alone).sync_frequency, stored(alone).contact_missing_since) == (6, None)
    assert deadline(alone, NOW + WEEK) is None
    appoint(alone, None)
    tick(NOW + 2 * WEEK)
    assert deadline(alone, NOW + 2 * WEEK + DAY) == NOW + 3 * WEEK
    assert [action for _, action in audited()] == ["tech contact missed", "tech contact found", "tech contact missed"]


@pytest.mark.parametrize(
    "change", [{"active": False}, {"removed_at": NOW}, {"type": END_USER}, {"read_only": False}], ids=str
)
def test_only_an_active_administrator_counts(alone: People, change: dict[str, Any]) -> None:
    appoint(alone, alone.ada)
    tick(NOW)
    assert stored(alone).contact_missing_since is None
    Account.update(**change).where(Account.id == alone.ada.id).execute()
    tick(NOW + DAY)
    assert stored(alone).contact_missing_since == (None if "read_only" in change else NOW + DAY)


def test_another_organisation_s_administrator_is_none_of_ours(alone: People) -> None:
    appoint(alone, alone.eve)
    tick(NOW)
    assert stored(alone).contact_missing_since == NOW


def test_never_is_left_alone(alone: People) -> None:
    Connection.update(sync_frequency=0, next_sync_at=None).where(Connection.organization == alone.contoso).execute()
    assert tech_contact.due(NOW + WEEK) == []
    assert deadline(alone, NOW) is None


def test_one_appointed_in_the_last_moment_keeps_the_frequency(alone: People) -> None:
    tick(NOW)
    (late,) = tech_contact.due(NOW + WEEK)
    appoint(alone, alone.ada)
    tech_contact.settle(late, NOW + WEEK)
    assert (stored(alone).sync_frequency, stored(alone).contact_missing_since) == (6, None)


def test_two_workers_write_it_down_once(
    alone: People, open_database: OpenDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    for now in (NOW, NOW + WEEK):
        (due,) = tech_contact.due(now)
        at_once(open_database, monkeypatch, tech_contact, "_is_over", partial(tech_contact.settle, due, now))
    assert [action for _, action in audited()] == ["tech contact missed", "frequency set back to Never"]


def test_the_contact_needs_an_address_to_be_written_to(alone: People) -> None:
    account = Account.create(organization=alone.contoso, type=ADMIN, display_name="Zoe", created_at=NOW)
    appoint(alone, account)
    tick(NOW)
    assert stored(alone).contact_missing_since == NOW
    Address.create(account=account, address="zoe@contoso.example", domain="contoso.example", is_primary=True)
    tick(NOW + DAY)
    assert stored(alone).contact_missing_since is None
