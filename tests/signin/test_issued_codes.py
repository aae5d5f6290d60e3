from collections.abc import Iterator
from datetime import timedelta

import pytest

from ppe.clock import utcnow
from ppe.errors import NotFound, Refused
from ppe.models import FUNCTIONAL, GROUP, SILENT_USER, Account, Address, AuditEvent, Mail
from ppe.signin import issued_codes, limits
from ppe.signin.visitor import Visitor
from tests.conftest import OpenDatabase, People
from tests.databases import on_both_databases

pytestmark = on_both_databases

NOW = utcnow()


@pytest.fixture(autouse=True)
def _database(people: People, open_database: OpenDatabase) -> Iterator[None]:
    with open_database():
        yield


def _ask(people: People, account_id: int, **later: float) -> str:
    return issued_codes.ask_for(account_id, people.ada, Visitor("203.0.113.9"), NOW + timedelta(**later))


def test_a_mail_is_asked_for_and_the_asker_is_on_record(people: People) -> None:
    assert _ask(people, people.bob.id) == "bob@contoso.example"
    mail = Mail.get()
    assert (mail.kind, mail.account_id, mail.details) == ("one_time_code", people.bob.id, {"issued_by": "Ada"})
    event = AuditEvent.get(AuditEvent.action == "one-time code mailed")
    assert (event.actor, event.subject, event.remote_address) == ("Ada", "bob@contoso.example", "203.0.113.9")


def test_nobody_issues_one_to_themselves(people: People) -> None:
    with pytest.raises(Refused, match="another administrator"):
        _ask(people, people.ada.id)
    assert not Mail.select().exists()


@pytest.mark.parametrize("change", [{"active": False}, {"removed_at": NOW}, {"type": SILENT_USER}])
def test_who_can_not_sign_in_gets_none(people: People, change: dict[str, object]) -> None:
    Account.update(**change).where(Account.id == people.bob.id).execute()
    with pytest.raises(Refused, match="can't sign in"):
        _ask(people, people.bob.id)
    assert not Mail.select().exists()


def test_without_an_address_there_is_nowhere_to_send_it(people: People) -> None:
    Address.delete().where(Address.account == people.bob).execute()
    with pytest.raises(Refused):
        _ask(people, people.bob.id)


@pytest.mark.parametrize("kind", [GROUP, FUNCTIONAL])
def test_what_is_no_person_is_not_found(people: People, kind: str) -> None:
    Account.update(type=kind).where(Account.id == people.bob.id).execute()
    with pytest.raises(NotFound):
        _ask(people, people.bob.id)


def test_another_organisations_people_are_not_found(people: People) -> None:
    with pytest.raises(NotFound):
        _ask(people, people.eve.id)
    assert not Mail.select().exists()


def test_five_an_hour_are_enough(people: People) -> None:
    for _ in range(5):
        _ask(people, people.bob.id)
    with pytest.raises(limits.TooMany):
        _ask(people, people.bob.id, minutes=59)
    assert Mail.select().count() == 5
    _ask(people, people.bob.id, minutes=61)
