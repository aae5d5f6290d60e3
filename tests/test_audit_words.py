from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playhouse import migrations

from ppe import audit, audit_log, audit_words, db
from ppe.audit_log import Filter
from ppe.models import AuditEvent, AuditWord, Organization
from tests.conftest import OpenDatabase, People
from tests.databases import FreshDatabase, on_both_databases, settings_on

pytestmark = on_both_databases

NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


def test_what_is_on_record_from_before_is_found_too(
    schemaless_database: FreshDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_on(schemaless_database(tmp_path), tmp_path)
    monkeypatch.setattr(db.database, "obj", db.connect(settings.database_url))
    with db.database.connection_context():
        migrations.Runner(db.database.obj, str(db.MIGRATIONS)).up("0016_gone_objects")
        contoso = Organization.create(name="Contoso", created_at=NOON)
        for organization in (contoso, None):
            AuditEvent.create(organization=organization, at=NOON, actor="Ada", action="user changed", subject="Bo Lí")
        db.bring_up_to_date()
        audit.record(contoso.id, "Ada", "user changed", "Cleo", now=NOON)
        found = audit_log.page(contoso.id, "UTC", Filter("bo li")).rows
        assert [(event.organization, event.at) for event in found] == [(contoso, NOON)]
        assert AuditWord.select().count() == 8


@pytest.fixture
def company(people: People, open_database: OpenDatabase) -> Iterator[People]:
    """Contoso and Fabrikam, with their tables open."""
    with open_database():
        yield people


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """A log that is large from the third event on, and words that are many from the second."""
    monkeypatch.setattr(audit_words, "MANY", 2)
    monkeypatch.setattr(audit_words, "FEW", 1)


def _record(company: People, subject: str, actor: str = "Ada", after: int = 0) -> None:
    audit.record(company.contoso.id, actor, "user changed", subject, now=NOON + timedelta(seconds=after))


def _found(company: People, text: str, **filters: object) -> list[str]:
    """All that a text finds, a page of two at a time."""
    subjects: list[str] = []
    before: int | None = None
    while True:
        page = audit_log.page(company.contoso.id, "UTC", Filter(text, **filters), before, 2)  # type: ignore[arg-type]
        subjects += [event.subject for event in page.rows]
        before = page.older
        if before is None:
            return subjects


def test_an_event_is_found_by_its_words_and_by_what_follows_a_sign_in_them(company: People) -> None:
    _record(company, "bo.li@contoso.example", "Ada Lovelace")
    for text in ("ada", "LOVE", "bo.li@contoso.example", "bo", "li@", "@contoso", "example", "ada contoso", '"bo'):
        assert _found(company, text) == ["bo.li@contoso.example"], text
    for text in ("da", "ontoso", "bo love eve", "contoso%", "contoso_e"):
        assert _found(company, text) == [], text


def test_accents_and_case_make_no_difference(company: People) -> None:
    _record(company, "Émile Zola")
    assert _found(company, "emile ZOLÁ") == ["Émile Zola"]


def test_signs_alone_ask_for_nothing(company: People) -> None:
    _record(company, "bo@contoso.example")
    assert _found(company, "@ --") == ["bo@contoso.example"]


def test_a_very_long_word_is_kept_and_found(company: People) -> None:
    _record(company, "a" * 5_000)
    assert _found(company, "a" * 200) == ["a" * 5_000]


@pytest.mark.usefixtures("large")
def test_of_a_large_log_too_everything_is_found_once_and_the_newest_first(company: People) -> None:
    """Ten of one actor, in an order that is not that of their numbers, and three of others between them."""
    order = [3, 0, 7, 1, 9, 2, 5, 8, 4, 6]
    for number in order:
        _record(company, f"user-{number} user", after=number // 2)  # two at the same moment
    for name in ("Bo", "Cleo", "Di"):
        _record(company, name, actor=name, after=2)
    expected = [f"user-{n} user" for n in sorted(order, key=lambda n: (n // 2, order.index(n)), reverse=True)]
    assert _found(company, "ada") == expected  # along one word
    assert _found(company, "user") == expected  # along the log: many different words begin so
    assert _found(company, "ada user") == expected
    assert _found(company, "user-7") == ["user-7 user"]  # one by one
    assert _found(company, "ada user-7") == ["user-7 user"]
    assert _found(company, "ada bo") == []


def test_a_word_that_many_events_have_is_one_word(company: People) -> None:
    for number in range(audit_words.FEW + 2):
        _record(company, "adam", after=number)
    assert audit_words._different(company.contoso.id, "ad") == ["ada", "adam"]


@pytest.mark.usefixtures("large")
def test_days_and_deeds_narrow_what_a_text_finds(company: People) -> None:
    for number in range(6):
        _record(company, f"user {number}", after=number * 86_400)
    audit.record(company.contoso.id, "Ada", "user removed", "user 9", now=NOON)
    for text in ("ada", "use", "user 4"):
        first, last = (NOON + timedelta(days=4)).date(), (NOON + timedelta(days=4)).date()
        assert _found(company, text, first_day=first, last_day=last) == ["user 4"], text
    assert _found(company, "ada", action="user removed") == ["user 9"]


@pytest.mark.usefixtures("large")
def test_another_organisations_events_are_not_found(company: People) -> None:
    for number in range(5):
        audit.record(company.fabrikam.id, "Ada", "user changed", f"theirs {number}", now=NOON)
    _record(company, "ours")
    assert _found(company, "ada") == ["ours"]
    assert _found(company, "theirs") == []


@pytest.mark.usefixtures("large")
def test_an_address_is_found_by_its_domain_as_people_write_it(company: People) -> None:
    for name in ("ute", "uwe", "udo"):
        _record(company, f"{name}@xn--bcher-kva.example")
    assert _found(company, "ute@Bücher") == ["ute@xn--bcher-kva.example"]
    assert len(_found(company, "@bücher.example")) == 3


def test_a_file_has_every_event_that_is_found(company: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_log, "ROWS_AT_ONCE", 2)
    for number in range(5):
        _record(company, f"user {number}", after=number)
    found = audit_log.export(company.contoso.id, "UTC", Filter("user"))
    assert [event.subject for event in found] == [f"user {number}" for number in reversed(range(5))]
