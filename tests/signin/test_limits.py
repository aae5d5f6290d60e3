from collections.abc import Iterator
from datetime import timedelta

import pytest

from ppe.clock import utcnow
from ppe.models import Attempt
from ppe.signin import limits
from tests.conftest import OpenDatabase

NOW = utcnow()


@pytest.fixture(autouse=True)
def _database(open_database: OpenDatabase) -> Iterator[None]:
    with open_database():
        yield


def _fail(times: int, address: str = "ada@contoso.example", network: str = "203.0.113.9") -> None:
    for _ in range(times):
        limits.count_attempt(address, network, NOW)


def test_too_many_for_one_address_from_wherever() -> None:
    for number in range(limits.PER_ADDRESS):
        _fail(1, network=f"203.0.113.{number}")
    with pytest.raises(limits.TooMany, match="wait 15 minutes"):
        _fail(1, network="198.51.100.1")
    _fail(1, address="bob@contoso.example")


def test_too_many_from_one_network_address_for_whomever() -> None:
    for number in range(limits.PER_NETWORK):
        _fail(1, address=f"guess{number}@contoso.example")
    with pytest.raises(limits.TooMany):
        _fail(1, address="ada@contoso.example")
    _fail(1, address="ada@contoso.example", network="198.51.100.1")


def test_a_refused_attempt_does_not_lengthen_the_wait() -> None:
    _fail(limits.PER_ADDRESS)
    counted = Attempt.select().count()
    with pytest.raises(limits.TooMany):
        _fail(1)
    assert Attempt.select().count() == counted


def test_after_a_quarter_of_an_hour_it_is_forgotten() -> None:
    _fail(limits.PER_ADDRESS)
    limits.count_attempt("ada@contoso.example", "203.0.113.9", NOW + limits.WINDOW + timedelta(seconds=1))
    assert Attempt.select().count() == 2


def test_success_forgives_the_address_and_its_own_attempt_only() -> None:
    _fail(3, address="bob@contoso.example")
    _fail(4)
    limits.forgive("ada@contoso.example", "203.0.113.9")
    keys = [failure.key for failure in Attempt.select()]
    assert sum(key.startswith("network") for key in keys) == 6
    assert sum(key.startswith("address") for key in keys) == 3


def test_what_was_typed_is_not_kept() -> None:
    _fail(1, address="my secret password by mistake")
    assert not any("password" in failure.key for failure in Attempt.select())
