from collections.abc import Iterator

import pytest

from ppe.clock import utcnow
from ppe.errors import Refused
from ppe.models import FUNCTIONAL, Account, AuditEvent
from ppe.signin import limits, local, passwords
from ppe.signin.visitor import Visitor
from tests.conftest import PASSWORD, OpenDatabase, People

NOW = utcnow()


@pytest.fixture(autouse=True)
def _database(people: People, open_database: OpenDatabase) -> Iterator[None]:
    with open_database():
        yield


def _try(address: str = "ada@contoso.example", password: str = PASSWORD) -> Account:
    return local.account_with(address, password, Visitor("203.0.113.9"), NOW)


def test_the_right_pair_in_any_letter_case(people: People) -> None:
    assert _try(" Ada@Contoso.EXAMPLE ") == people.ada


def test_every_refusal_says_the_same(people: People) -> None:
    Account.update(password_hash=None).where(Account.id == people.bob.id).execute()
    Account.update(active=False).where(Account.id == people.eve.id).execute()
    said = set()
    for address, password in (
        ("ada@contoso.example", "wrong wrong wrong"),
        ("nobody@contoso.example", PASSWORD),
        ("bob@contoso.example", PASSWORD),
        ("eve@fabrikam.example", PASSWORD),
    ):
        with pytest.raises(Refused) as refused:
            _try(address, password)
        said.add(refused.value.sentence)
    assert len(said) == 1


def test_an_unknown_address_costs_as_many_hashes_as_a_known_one(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []
    genuine = passwords.matches

    def counted(password_hash: str | None, password: str) -> bool:
        compared.append(password_hash)
        return genuine(password_hash, password)

    monkeypatch.setattr(passwords, "matches", counted)
    for address in ("ada@contoso.example", "nobody@contoso.example"):
        with pytest.raises(Refused):
            _try(address, "wrong wrong wrong")
    assert len(compared) == 2


def test_a_functional_account_has_no_way_in(people: People) -> None:
    Account.update(type=FUNCTIONAL).where(Account.id == people.bob.id).execute()
    with pytest.raises(Refused):
        _try("bob@contoso.example")


def test_too_many_failures_shut_even_the_right_password_out() -> None:
    for _ in range(10):
        with pytest.raises(Refused):
            _try(password="wrong wrong wrong")
    with pytest.raises(limits.TooMany):
        _try()


def test_a_failure_is_on_record_without_the_password() -> None:
    with pytest.raises(Refused):
        _try(password="wrong wrong wrong")
    event = AuditEvent.get(AuditEvent.action == "sign-in failed")
    assert event.subject == "ada@contoso.example"
    assert "wrong" not in str(event.__data__)


def test_a_dated_hash_is_made_anew(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "is_dated", lambda _: True)
    before = people.ada.password_hash
    _try()
    assert Account.get_by_id(people.ada.id).password_hash != before
    assert _try() == people.ada
