from collections.abc import Iterator
from datetime import timedelta

import pytest

from ppe.clock import utcnow
from ppe.models import Attempt
from ppe.signin import limits
from tests.conftest import OpenDatabase

NOW = utcnow()
ADDRESS, NETWORK = "ada@contoso.example", "203.0.113.9"


@pytest.fixture(autouse=True)
def _database(open_database: OpenDatabase) -> Iterator[None]:
    with open_database():
        yield


def _fail(times: int, address: str = ADDRESS, network: str = NETWORK) -> None:
    for _ in range(times):
        limits.count(limits.password_doors(address, network), NOW)


def test_too_many_for_one_address_from_wherever() -> None:
    for number in range(10):
        _fail(1, network=f"203.0.113.{number}")
    with pytest.raises(limits.TooMany, match="wait 15 minutes"):
        _fail(1, network="198.51.100.1")
    _fail(1, address="bob@contoso.example")


def test_too_many_from_one_network_address_for_whomever() -> None:
    for number in range(50):
        _fail(1, address=f"guess{number}@contoso.example")
    with pytest.raises(limits.TooMany):
        _fail(1, address=ADDRESS)
    _fail(1, address=ADDRESS, network="198.51.100.1")


def test_letter_case_and_blanks_make_no_other_address() -> None:
    _fail(10)
    with pytest.raises(limits.TooMany):
        _fail(1, address=" ADA@Contoso.example ")


def test_a_refused_attempt_does_not_lengthen_the_wait() -> None:
    _fail(10)
    counted = Attempt.select().count()
    with pytest.raises(limits.TooMany):
        _fail(1)
    assert Attempt.select().count() == counted


def test_after_a_quarter_of_an_hour_it_is_forgiven() -> None:
    _fail(10)
    later = NOW + limits.QUARTER + timedelta(seconds=1)
    limits.count(limits.password_doors(ADDRESS, NETWORK), later)


def test_what_is_older_than_a_day_is_not_kept() -> None:
    _fail(3)
    limits.count(limits.password_doors(ADDRESS, NETWORK), NOW + limits.DAY)
    assert Attempt.select().count() == 2


def test_success_forgives_the_address_and_its_own_attempt_only() -> None:
    _fail(3, address="bob@contoso.example")
    _fail(4)
    limits.forgive(limits.password_doors(ADDRESS, NETWORK))
    keys = [attempt.key for attempt in Attempt.select()]
    assert sum(key.startswith("network") for key in keys) == 6
    assert sum(key.startswith("address") for key in keys) == 3


def test_what_was_typed_is_not_kept() -> None:
    _fail(1, address="my secret password by mistake")
    assert not any("password" in attempt.key for attempt in Attempt.select())


def test_codes_have_a_limit_for_a_quarter_and_another_for_a_day() -> None:
    """Five in a quarter of an hour alone would be four hundred and eighty a day."""
    at = NOW
    for _ in range(4):
        for _ in range(5):
            limits.count(limits.code_doors(1), at)
        with pytest.raises(limits.TooMany, match="15 minutes"):
            limits.count(limits.code_doors(1), at)
        at += limits.QUARTER
    with pytest.raises(limits.TooMany, match="tomorrow"):
        limits.count(limits.code_doors(1), at)
    limits.count(limits.code_doors(2), at)


def test_text_messages_and_mails_are_rationed() -> None:
    for _ in range(5):
        limits.count(limits.text_doors(1, NETWORK), NOW)
    with pytest.raises(limits.TooMany, match="text messages"):
        limits.count(limits.text_doors(1, "198.51.100.1"), NOW)
    for _ in range(3):
        limits.count(limits.reset_doors(ADDRESS, NETWORK), NOW)
    with pytest.raises(limits.TooMany, match="mails"):
        limits.count(limits.reset_doors(ADDRESS, "198.51.100.1"), NOW)
