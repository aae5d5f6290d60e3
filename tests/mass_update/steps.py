"""What an administrator and a worker do with a mass update."""

from typing import Any

from ppe.clock import utcnow
from ppe.lists.search import Filter
from ppe.mass_update import beginning, line, review
from ppe.mass_update.choices import Choices
from ppe.models import (
    END_USER,
    PERSON_TYPES,
    Account,
    MassUpdate,
    MassUpdateRow,
)
from tests.conftest import People


def begun(
    people: People, *ticked: int, wanted: Filter | None = None, types: tuple[str, ...] = PERSON_TYPES, **choices: Any
) -> MassUpdate:
    """For these accounts, or without any for all that the filter finds."""
    ids = list(ticked) if wanted is None else None
    return beginning.begin(types, ids, wanted or Filter(), Choices(**choices), people.ada, utcnow())


def proceed(one: MassUpdate) -> MassUpdate:
    line.proceed(one.id, utcnow)
    found: MassUpdate = MassUpdate.get_by_id(one.id)
    return found


def applied(one: MassUpdate, by: Account) -> MassUpdate:
    ready = proceed(one)
    assert ready.state == "review"
    review.accept(ready, by, utcnow())
    return proceed(ready)


def rows(one: MassUpdate) -> dict[str, tuple[str, dict[str, Any], dict[str, Any], str]]:
    found = MassUpdateRow.select().where(MassUpdateRow.mass_update == one.id)
    return {row.name: (row.standing, row.before, row.after, row.reason) for row in found}


def crowd(people: People, count: int, **columns: Any) -> list[Account]:
    made = [
        Account.create(organization=people.contoso, type=END_USER, display_name=f"P{n:03}", created_at=utcnow())
        for n in range(count)
    ]
    if columns:
        Account.update(**columns).where(Account.id << [one.id for one in made]).execute()
    return made


def again(account: Account) -> Account:
    found: Account = Account.get_by_id(account.id)
    return found
