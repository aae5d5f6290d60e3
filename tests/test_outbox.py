from datetime import UTC, datetime, timedelta

import pytest

from ppe import outbox
from ppe.db import database
from ppe.models import END_USER, Mail
from tests.conftest import OpenDatabase, People, add_account
from tests.databases import on_both_databases

pytestmark = on_both_databases

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def one(people: People, open_database: OpenDatabase) -> int:
    """A mail that is due."""
    with open_database():
        outbox.ask("test", to="ada@contoso.example", now=NOW)
        return int(Mail.get().id)


def test_a_deed_that_did_not_happen_is_not_told_about(people: People, open_database: OpenDatabase) -> None:
    with open_database():
        with database.atomic() as deed:
            outbox.ask("test", to="ada@contoso.example", now=NOW)
            outbox.ask_many("welcome", people.contoso.id, [people.bob.id], NOW)
            deed.rollback()
        assert outbox.due(NOW) == []


def test_a_batch_is_like_so_many_single_ones(people: People, open_database: OpenDatabase) -> None:
    with open_database():
        others = [add_account(people.contoso, END_USER, f"P{n}", f"p{n}@contoso.example").id for n in range(5)]
        outbox.ask("welcome", organization_id=people.contoso.id, account_id=people.bob.id, now=NOW)
        outbox.ask_many("welcome", people.contoso.id, others, NOW)
        outbox.ask_many("welcome", people.contoso.id, [], NOW)
        mails = list(Mail.select().order_by(Mail.id))
        assert [mail.account_id for mail in mails] == [people.bob.id, *others]
        assert len({mail.message_id for mail in mails}) == 6
        ours = ("id", "account", "message_id")
        alike = [{name: mail.__data__[name] for name in mail.__data__ if name not in ours} for mail in mails]
        assert all(columns == alike[0] for columns in alike)
        assert outbox.due(NOW) == [mail.id for mail in mails]


def test_a_claim_is_one_worker_s_for_ten_minutes(one: int, open_database: OpenDatabase) -> None:
    with open_database():
        assert outbox.claim(one, NOW - MINUTE) is None
        first = outbox.claim(one, NOW)
        assert first is not None
        assert outbox.claim(one, NOW + 10 * MINUTE) is None
        assert outbox.due(NOW + 10 * MINUTE) == []
        second = outbox.claim(one, NOW + 11 * MINUTE)
        assert second is not None
        assert second.message_id == first.message_id


def test_who_lost_a_claim_cannot_postpone_what_another_is_sending(one: int, open_database: OpenDatabase) -> None:
    with open_database():
        slow = outbox.claim(one, NOW)
        assert outbox.claim(one, NOW + 11 * MINUTE)
        assert slow is not None
        outbox.postpone(slow, "too late", NOW + 12 * MINUTE)
        assert outbox.claim(one, NOW + 20 * MINUTE) is None


def test_what_is_sent_is_never_sent_again(one: int, open_database: OpenDatabase) -> None:
    with open_database():
        claimed = outbox.claim(one, NOW)
        assert claimed is not None
        outbox.sent(claimed, NOW)
        later = NOW + timedelta(days=1)
        assert (outbox.due(later), outbox.claim(one, later)) == ([], None)


def test_the_waits_grow_and_end_after_three_days(one: int, open_database: OpenDatabase) -> None:
    waits: list[int] = []
    now = NOW
    with open_database():
        while len(waits) < 200 and (claimed := outbox.claim(one, now)):
            outbox.postpone(claimed, f"attempt {claimed.attempts}", now)
            left = Mail.get()
            assert outbox.claim(one, left.not_before - timedelta(seconds=1)) is None
            waits.append((left.not_before - now) // MINUTE)
            now = left.not_before
        assert waits[:8] == [1, 2, 5, 15, 30, 60, 60, 60]
        assert timedelta(days=3) <= left.given_up_at - NOW < timedelta(days=3, hours=1)
        assert left.error == f"attempt {len(waits)}"
        assert outbox.due(now + timedelta(days=30)) == []


@pytest.mark.parametrize("field", [Mail.sent_at, Mail.given_up_at])
def test_rows_go_after_a_month(one: int, open_database: OpenDatabase, field: object) -> None:
    with open_database():
        outbox.forget_old(NOW + timedelta(days=365))
        assert Mail.select().count() == 1, "it still waits"
        Mail.update({field: NOW}).execute()
        outbox.forget_old(NOW + timedelta(days=29))
        assert Mail.select().count() == 1
        outbox.forget_old(NOW + timedelta(days=31))
        assert Mail.select().count() == 0
