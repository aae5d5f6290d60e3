from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from ppe import exemptions
from ppe.clock import utcnow
from ppe.errors import NotFound, Refused
from ppe.models import Account, Address, AuditEvent, Exemption
from ppe.people import person
from tests.conftest import OpenDatabase, People, add_account
from tests.databases import on_both_databases

pytestmark = on_both_databases

TODAY = utcnow().date()


@pytest.fixture(autouse=True)
def _database(people: People, open_database: OpenDatabase) -> Iterator[None]:
    with open_database():
        yield


def add(people: People, address: str, reason: str = "", last_day: date | None = None) -> str:
    return exemptions.add(people.contoso.id, address, reason, last_day, "Ada", utcnow())


def in_force(people: People, day: date = TODAY) -> list[Exemption]:
    return list(exemptions.in_force(people.contoso.id, day))


def test_an_address_that_nobody_has_yet_is_exempt_as_such(people: People) -> None:
    assert add(people, " New.Person@Contoso.example ") == "new.person@contoso.example"
    [made] = in_force(people)
    assert (made.address, made.object_id) == ("new.person@contoso.example", None)


def test_a_known_account_is_exempt_as_itself_by_any_of_its_addresses(people: People) -> None:
    Account.update(directory_id="bob-in-entra").where(Account.id == people.bob.id).execute()
    Address.create(account=people.bob, address="bobby@contoso.example", domain="contoso.example", is_primary=False)
    assert add(people, "Bobby@contoso.example") == "Bob"
    [made] = in_force(people)
    assert (made.address, made.object_id, made.name) == ("bob@contoso.example", "bob-in-entra", "Bob")


def test_an_address_of_another_organisation_tells_nothing_of_its_owner(people: People) -> None:
    assert add(people, "eve@fabrikam.example") == "eve@fabrikam.example"
    assert in_force(people)[0].object_id is None


@pytest.mark.parametrize(
    "typed", ["", "bob", "bob@", "@contoso.example", "a@b@c.example", "bob@contoso", "a b@c.example"]
)
def test_what_is_no_address_is_refused_beside_its_field(people: People, typed: str) -> None:
    with pytest.raises(Refused) as refused:
        add(people, typed)
    assert refused.value.field == "address"
    assert not in_force(people)


def test_a_last_day_that_is_over_is_refused_and_today_is_not(people: People) -> None:
    with pytest.raises(Refused) as refused:
        add(people, "bob@contoso.example", last_day=TODAY - timedelta(1))
    assert refused.value.field == "last_day"
    add(people, "bob@contoso.example", last_day=TODAY)
    assert in_force(people)


def test_an_exemption_holds_on_its_last_day_and_is_over_on_the_next(people: People) -> None:
    add(people, "bob@contoso.example", last_day=TODAY)
    tomorrow = TODAY + timedelta(1)
    assert (len(in_force(people, TODAY)), exemptions.over(people.contoso.id, TODAY).count()) == (1, 0)
    assert (len(in_force(people, tomorrow)), exemptions.over(people.contoso.id, tomorrow).count()) == (0, 1)


def test_the_same_exemption_said_twice_is_made_once(people: People) -> None:
    add(people, "bob@contoso.example", "leave", TODAY)
    add(people, "bob@contoso.example", "leave", TODAY)
    assert Exemption.select().count() == 1


def test_exempting_again_replaces_reason_and_day(people: People) -> None:
    add(people, "bob@contoso.example", "first")
    add(people, "bob@contoso.example", "second")
    assert [made.reason for made in in_force(people)] == ["second"]
    assert Exemption.select().count() == 2


def told() -> list[tuple[str, str, dict[str, Any]]]:
    """What the audit log says, the oldest first."""
    return [(event.action, event.subject, event.details) for event in AuditEvent.select().order_by(AuditEvent.id)]


def test_the_log_tells_reason_and_last_day_before_and_after(people: People) -> None:
    later = TODAY + timedelta(3)
    add(people, "bob@contoso.example", "ticket 4711", TODAY)
    add(people, "bob@contoso.example", "on leave", later)
    [changed] = in_force(people)
    exemptions.end(people.contoso.id, changed.id, "Ada", utcnow())
    first = {"reason": "ticket 4711", "last_day": TODAY.isoformat()}
    second = {"reason": "on leave", "last_day": later.isoformat()}
    assert told() == [
        ("exempted from sync", "Bob", {"before": {}, "after": first}),
        ("exempted from sync", "Bob", {"before": first, "after": second}),
        ("exemption ended", "Bob", {"before": second, "after": {}}),
    ]


def test_one_that_is_renewed_after_its_last_day_tells_how_it_was(people: People) -> None:
    account_by_object = {"object_id": "bob-in-entra", "address": "bob@contoso.example", "name": "Bob"}
    exemptions.add_many(people.contoso.id, [account_by_object], "on leave", TODAY, "Ada", utcnow())
    exemptions.add_many(people.contoso.id, [account_by_object], "", None, "Ada", utcnow() + timedelta(3))
    assert told()[1][2] == {
        "before": {"reason": "on leave", "last_day": TODAY.isoformat()},
        "after": {"reason": "", "last_day": None},
    }


def test_of_many_each_tells_what_it_replaces(people: People) -> None:
    things = [{"object_id": f"object-{n}", "address": None, "name": f"P{n}"} for n in range(3)]
    exemptions.add_many(people.contoso.id, things[1:2], "first", None, "Ada", utcnow())
    exemptions.add_many(people.fabrikam.id, things, "theirs", None, "Eve", utcnow())
    exemptions.add_many(people.contoso.id, things, "then", None, "Ada", utcnow())
    first = {"reason": "first", "last_day": None}
    assert [(subject, details["before"]) for _, subject, details in told()[-3:]] == [
        ("P0", {}), ("P1", first), ("P2", {}),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "known_by", [{"object_id": "bob-in-entra"}, {"object_id": None, "address": "bob@contoso.example"},
                 {"object_id": "not linked yet", "address": "bob@contoso.example"}],
)  # fmt: skip
def test_the_log_points_at_the_account_that_is_exempt(people: People, known_by: dict[str, str | None]) -> None:
    namesake = add_account(people.contoso, "functional_account", "Bob", "shared@contoso.example")
    Account.update(directory_id="bob-in-entra").where(Account.id == people.bob.id).execute()
    exemptions.add_many(people.contoso.id, [{"name": "Bob", **known_by}], "", None, "Ada", utcnow())
    [made] = in_force(people)
    exemptions.end(people.contoso.id, made.id, "Ada", utcnow())
    assert [event.action for event in person.events(people.bob)] == ["exemption ended", "exempted from sync"]
    assert not person.events(namesake)


def test_whoever_is_not_here_yet_is_nobody_s_history(people: People) -> None:
    add(people, "new@contoso.example")
    assert AuditEvent.get().subject_account is None


def test_ending_twice_is_the_same_as_ending_once(people: People) -> None:
    add(people, "bob@contoso.example")
    [made] = in_force(people)
    exemptions.end(people.contoso.id, made.id, "Ada", utcnow())
    exemptions.end(people.contoso.id, made.id, "Somebody else", utcnow())
    assert not in_force(people)
    assert Exemption.get_by_id(made.id).ended_by_name == "Ada"
    assert AuditEvent.select().where(AuditEvent.action == "exemption ended").count() == 1


def test_an_exemption_of_another_organisation_can_not_be_ended(people: People) -> None:
    add(people, "bob@contoso.example")
    [made] = in_force(people)
    with pytest.raises(NotFound):
        exemptions.end(people.fabrikam.id, made.id, "Eve", utcnow())
    assert in_force(people)


def test_an_account_is_covered_by_its_object_or_its_primary_address(people: People) -> None:
    bob = people.bob
    assert exemptions.covering(bob, "bob@contoso.example", TODAY) is None
    add(people, "bob@contoso.example")
    assert exemptions.covering(bob, "bob@contoso.example", TODAY)
    assert exemptions.covering(bob, "new@contoso.example", TODAY) is None
    bob.directory_id = "bob-in-entra"
    thing = {"object_id": "bob-in-entra", "address": None, "name": "Bob"}
    exemptions.add_many(people.contoso.id, [thing], "", None, "Ada", utcnow())
    assert exemptions.covering(bob, "new@contoso.example", TODAY)
    assert exemptions.covering(people.ada, "", TODAY) is None
