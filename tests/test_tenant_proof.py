from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from ppe import tenant_proof
from ppe.clock import utcnow
from ppe.models import Connection, SyncRun
from tests.conftest import OpenDatabase, People
from tests.databases import on_both_databases

pytestmark = on_both_databases

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
AGE = timedelta(hours=1)
UNREAD = "has read the domains of the Microsoft tenant that is connected now"


@pytest.fixture(autouse=True)
def _database(people: People, open_database: OpenDatabase) -> Iterator[None]:
    with open_database():
        connected_to(people, "ours")
        yield


def connected_to(people: People, tenant: str | None) -> None:
    Connection.update(tenant_id=tenant).where(Connection.organization == people.contoso).execute()


def heard(people: People, tenant: str | None, *domains: str, at: datetime | None = None, **other: object) -> None:
    """A sync of Contoso's was told these domains by the tenant; of none, it is from before that was noted."""
    cursor = {"domains": domains} | ({"tenant": tenant} if tenant else {})
    ran(people, at or utcnow(), cursor=cursor, **other)


def ran(people: People, at: datetime, **other: object) -> None:
    SyncRun.create(
        organization=people.contoso, connection=Connection.get(Connection.organization == people.contoso),
        holds_connection=False, created_at=at, **{"state": "done"} | other,
    )  # fmt: skip


def missing(people: People) -> str:
    return tenant_proof.missing(people.contoso.id, "new.example", NOW)


def test_the_connected_tenants_word_in_a_sync_of_late_is_proof(people: People) -> None:
    heard(people, "ours", "other.example", "new.example", at=NOW - AGE)
    assert not missing(people)


def test_a_sync_that_failed_for_the_domain_heard_it_all_the_same(people: People) -> None:
    heard(people, "ours", "new.example", at=NOW - AGE, state="failed")
    assert not missing(people)


def test_a_domain_that_the_tenant_has_not_verified_is_not_proven(people: People) -> None:
    heard(people, "ours", "other.example", at=NOW - AGE)
    assert missing(people).startswith("The last sync did not find new.example among the verified domains")


@pytest.mark.parametrize("tenant", ["former", None])
def test_the_word_of_another_tenant_or_of_nobody_knows_which_proves_nothing(people: People, tenant: str | None) -> None:
    heard(people, tenant, "new.example", at=NOW - AGE)
    assert UNREAD in missing(people)


def test_a_word_is_good_for_two_days(people: People) -> None:
    heard(people, "ours", "new.example", at=NOW - timedelta(days=2))
    assert UNREAD in missing(people)
    heard(people, "ours", "new.example", at=NOW - timedelta(days=2) + timedelta(seconds=1))
    assert not missing(people)


@pytest.mark.parametrize(
    ("tenant", "domains", "said"), [("ours", ["other.example"], "did not find"), ("former", ["new.example"], UNREAD)]
)
def test_a_newer_list_wins(people: People, tenant: str, domains: list[str], said: str) -> None:
    heard(people, "ours", "new.example", at=NOW - AGE)
    heard(people, tenant, *domains, at=NOW - AGE / 2)
    assert said in missing(people)


def test_what_has_no_list_of_its_own_is_passed_over(people: People) -> None:
    """An undo asks no tenant, a sync may have come to nothing, and a review of what was held back has a copy."""
    heard(people, "ours", "other.example", at=NOW - 3 * AGE)
    ran(people, NOW - AGE, cursor={"chosen": None, "after": ""})
    ran(people, NOW - AGE, state="failed")
    assert "did not find" in missing(people)
    heard(people, "ours", "new.example", at=NOW - 2 * AGE, held_digest="d", state="review")
    assert "did not find" in missing(people)


def test_without_a_tenant_nobody_vouches(people: People) -> None:
    connected_to(people, None)
    heard(people, None, "new.example", at=NOW - AGE)
    assert missing(people) == "No Microsoft tenant is connected that could vouch for new.example."


def test_another_organisations_tenant_proves_nothing_here(people: People) -> None:
    Connection.update(tenant_id="ours").where(Connection.organization == people.fabrikam).execute()
    heard(people, "ours", "new.example", at=NOW - AGE)
    assert UNREAD in tenant_proof.missing(people.fabrikam.id, "new.example", NOW)
