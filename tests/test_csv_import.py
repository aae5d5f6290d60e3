"""A file on its way through the worker: read, reviewed, applied; each line once, whatever happens meanwhile."""

from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
from flask import Flask

from ppe import accounts, db, tasks, work
from ppe.clock import utcnow
from ppe.csv_import import applying, forgetting, line, reading, review, upload
from ppe.errors import Refused
from ppe.models import (
    Account,
    Address,
    AuditEvent,
    CsvAddress,
    CsvImport,
    CsvPiece,
    CsvRow,
    Domain,
    Mail,
)
from tests.conftest import People, add_account
from tests.databases import on_both_databases
from tests.dying import killed_at_every_write

pytestmark = on_both_databases


@pytest.fixture
def desk(app: Flask, people: People) -> Iterator[People]:
    with app.app_context(), db.database.connection_context():
        yield people


def uploaded(people: People, text: str, role: str = "end_user", *, welcome: bool = False) -> CsvImport:
    return upload.take(
        people.contoso, BytesIO(text.encode()), "people.csv", default_role=role, send_welcome_mails=welcome,
        by_name="Ada", now=utcnow(),
    )  # fmt: skip


def read(people: People, text: str, role: str = "end_user", *, welcome: bool = False) -> CsvImport:
    return proceed(uploaded(people, text, role, welcome=welcome))


def proceed(one: CsvImport) -> CsvImport:
    line.proceed(one.id, "", utcnow)
    found: CsvImport = CsvImport.get_by_id(one.id)
    return found


def imported(one: CsvImport) -> CsvImport:
    review.accept(one, "Ada", utcnow())
    return proceed(one)


def reasons(one: CsvImport) -> dict[int, str]:
    return {row.number: row.reason for row in CsvRow.select().where(CsvRow.csv_import == one.id) if row.reason}


def lines(count: int, start: int = 0) -> str:
    return "".join(f"P{n},Q,p{n}@contoso.example,,a{n}@contoso.example\n" for n in range(start, start + count))


def test_a_file_in_the_products_format_becomes_people_with_everything_it_says(desk: People) -> None:
    one = read(
        desk, "Zoë,Lovelace,Zoe@contoso.example,+31612345678,zl@contoso.example,z@contoso.example\n", "silent_user"
    )
    assert (one.state, one.lines, one.bad, one.ticked) == ("review", 1, 0, 1)
    assert Account.get_or_none(Account.display_name == "Zoë Lovelace") is None
    done = imported(one)
    assert (done.state, done.made, done.failed) == ("done", 1, 0)
    zoe = Account.get(Account.display_name == "Zoë Lovelace")
    assert (zoe.type, zoe.first_name, zoe.last_name, zoe.mobile, zoe.active, zoe.directory_id) == (
        "silent_user", "Zoë", "Lovelace", "+31612345678", True, None,
    )  # fmt: skip
    assert {(a.address, a.is_primary) for a in Address.select().where(Address.account == zoe)} == {
        ("zoe@contoso.example", True), ("zl@contoso.example", False), ("z@contoso.example", False),
    }  # fmt: skip


def test_a_headed_file_names_roles_and_columns_in_any_order(desk: People) -> None:
    headings = "E-mail;Shoe size;Role;Display name;Aliases\n"
    text = headings + "info@contoso.example;43;Functional Account;Info;a@contoso.example b@contoso.example\n"
    done = imported(read(desk, text))
    assert done.unread_headings == ["Shoe size"]
    info = Account.get(Account.display_name == "Info")
    assert (info.type, Address.select().where(Address.account == info).count()) == ("functional_account", 3)


def test_bad_lines_say_their_number_and_reason_and_stop_nothing_else(desk: People) -> None:
    text = (
        "Ada,Again,ada@contoso.example\n"
        "Eve,Else,eve@fabrikam.example\n"
        "\n"
        "Una,Known,una@nowhere.example\n"
        "No,Mail,nonsense\n"
        "Two,First,two@contoso.example\n"
        "Two,Second,TWO@contoso.example\n"
        'Open,"Quote,open@contoso.example\n'
        "Good,One,good@contoso.example,,bob@contoso.example\n"
        "Good,Two,good@contoso.example\n"
    )
    with_fabrikam = Domain.create(
        organization=desk.contoso, name="shared.example", kind="relay", proof="set-up", created_at=utcnow()
    )
    add_account(desk.fabrikam, "end_user", "Mallory", f"m@{with_fabrikam.name}")
    one = read(desk, text + "M,X,m@shared.example\n")
    assert reasons(one) == {
        1: "ada@contoso.example is here already: Ada has it, and is left as it is.",
        2: "The primary address eve@fabrikam.example is on fabrikam.example, which is not registered here.",
        4: "The primary address una@nowhere.example is on nowhere.example, which is not registered here.",
        5: "The primary address “nonsense” is no mail address.",
        7: "two@contoso.example is on line 6 already.",
        8: "A quotation mark is opened here and not closed.",
        9: "bob@contoso.example belongs to Bob already.",
        11: "m@shared.example belongs to another organisation.",
    }
    assert (one.lines, one.bad, one.ticked) == (10, 8, 2)
    assert one.unknown_domains == {"fabrikam.example": 1, "nowhere.example": 1}
    assert (imported(one).made, Account.get(Account.display_name == "Good Two").type) == (2, "end_user")
    ada = Account.get_by_id(desk.ada.id)
    assert (ada.display_name, ada.version) == ("Ada", 1)


def test_the_same_address_is_found_in_any_batch(desk: People) -> None:
    text = lines(reading.BATCH + 5) + "X,Y,x@contoso.example,,p3@contoso.example\nZ,Z,a4@contoso.example\n"
    assert reasons(read(desk, text)) == {
        reading.BATCH + 6: "p3@contoso.example is on line 4 already.",
        reading.BATCH + 7: "a4@contoso.example is on line 5 already.",
    }


def test_welcome_mails_go_to_the_end_users_added_and_to_nobody_else(desk: People) -> None:
    headed = "First name,Email,Role\nUma,uma@contoso.example,End User\nSal,sal@contoso.example,Silent User\n"
    imported(read(desk, headed, welcome=True))
    uma = Account.get(Account.display_name == "Uma")
    assert [(mail.kind, mail.account_id) for mail in Mail.select()] == [("welcome", uma.id)]
    imported(read(desk, "No,Mail,no.mail@contoso.example\n"))
    assert Mail.select().count() == 1


def test_only_what_is_ticked_is_imported(desk: People) -> None:
    one = read(desk, lines(3))
    review.tick(one, [1, 2, 3], [1, 3])
    done = imported(CsvImport.get_by_id(one.id))
    assert (done.ticked, done.made) == (2, 2)
    assert Account.get_or_none(Account.display_name == "P1 Q") is None


def test_ticks_that_moved_elsewhere_are_not_applied_unseen(desk: People) -> None:
    one = read(desk, lines(3))
    with pytest.raises(Refused, match="changed after you opened"):
        review.require_same_elsewhere(one, [1], 1)
    review.require_same_elsewhere(one, [1], 2)


def test_a_line_that_fails_is_set_apart_and_the_rest_of_its_batch_goes_through(desk: People) -> None:
    one = read(desk, lines(10))
    add_account(desk.contoso, "end_user", "Quick", "a5@contoso.example")
    add_account(desk.fabrikam, "end_user", "Hidden", "p7@contoso.example")
    done = imported(one)
    assert (done.made, done.failed) == (8, 2)
    assert reasons(done) == {
        6: "a5@contoso.example was given to Quick after the file was read.",
        8: "p7@contoso.example was given to another organisation after the file was read.",
    }


def test_a_domain_that_was_removed_meanwhile_gets_nobody(desk: People) -> None:
    one = read(desk, lines(2))
    Domain.delete().where(Domain.organization == desk.contoso).execute()
    done = imported(one)
    assert (done.made, done.failed) == (0, 2)
    assert reasons(done)[1].startswith("The domain contoso.example is not registered here any more.")


def test_a_second_acceptance_and_a_second_worker_find_nothing_to_do(desk: People) -> None:
    one = read(desk, lines(3))
    review.accept(one, "Ada", utcnow())
    with pytest.raises(Refused):
        review.accept(one, "Ada", utcnow())
    assert work.claim(CsvImport, one.id, utcnow()) is not None
    assert proceed(one).state == "applying"  # somebody who lives has it
    assert work.waiting(CsvImport, utcnow()) == []


def test_cancelling_stops_before_anything_is_written_and_leaves_what_was(desk: People) -> None:
    one = read(desk, lines(3))
    review.cancel(one, "Ada", utcnow())
    with pytest.raises(Refused):
        review.accept(CsvImport.get_by_id(one.id), "Ada", utcnow())
    with pytest.raises(Refused):
        review.cancel(one, "Ada", utcnow())
    assert Account.get_or_none(Account.display_name == "P1 Q") is None


def test_a_worker_whose_import_is_cancelled_writes_nothing_more(desk: People, monkeypatch: pytest.MonkeyPatch) -> None:
    one = read(desk, lines(3))
    review.accept(one, "Ada", utcnow())
    make = applying._make

    def cancelled_meanwhile(*arguments: Any) -> None:
        make(*arguments)
        CsvImport.update(state="cancelled", claim=None).where(CsvImport.id == one.id).execute()

    monkeypatch.setattr(applying, "_make", cancelled_meanwhile)
    assert proceed(one).made == 0
    assert Account.get_or_none(Account.display_name == "P1 Q") is None


def test_an_empty_list_is_said_so(desk: People) -> None:
    one = read(desk, "First name,Email\n\n")
    assert (one.state, one.error_sentence) == ("failed", "There is no line with anybody in this file.")


def test_upload_start_end_and_cancelling_are_on_record_with_counts(desk: People) -> None:
    imported(read(desk, lines(2) + "x,y,z\n"))
    review.cancel(read(desk, lines(1, 5)), "Ada", utcnow())
    said = [
        (event.action, event.subject, event.actor, event.details)
        for event in AuditEvent.select().order_by(AuditEvent.id)
    ]
    assert [action for action, *_ in said] == [
        "CSV file uploaded", "CSV import started", "CSV import applied", "CSV file uploaded", "CSV import cancelled",
    ]  # fmt: skip
    assert said[2][1:3] == ("people.csv", "Ada")
    assert {"lines": 3, "bad": 1, "ticked": 2, "imported": 2, "failed": 0}.items() <= said[2][3].items()


def test_what_was_imported_stays_on_record_with_the_account_that_came_of_each_line(desk: People) -> None:
    one = imported(read(desk, lines(3) + "No,Where,x@nowhere.example\n"))
    forgetting.forget_old(utcnow() + forgetting.KEPT_FOR * 2)
    made = {row.number: row.account for row in CsvRow.select().where(CsvRow.csv_import == one).order_by(CsvRow.number)}
    assert [account and account.display_name for account in made.values()] == ["P0 Q", "P1 Q", "P2 Q", None]
    Account.delete().where(Account.display_name == "P0 Q").execute()
    assert CsvRow.get(CsvRow.number == 1).account is None


def test_the_text_goes_when_it_is_read_and_everything_after_a_month_unless_it_was_imported(desk: People) -> None:
    one = read(desk, lines(3))
    assert (CsvPiece.select().count(), CsvAddress.select().count(), CsvRow.select().count()) == (0, 0, 3)
    torn = CsvImport.create(
        organization=desk.contoso, created_by_name="Ada", created_at=utcnow() - forgetting.UPLOADS_LAST * 2
    )
    CsvPiece.create(csv_import=torn, number=1, content="x")
    forgetting.forget_old(utcnow())
    assert [left.id for left in CsvImport.select()] == [one.id]
    forgetting.forget_old(utcnow() + forgetting.KEPT_FOR * 2)
    assert (CsvImport.select().count(), CsvRow.select().count()) == (0, 0)


def killed(one: CsvImport) -> int:
    """How many workers died at it."""

    def waits_for_another() -> None:
        assert work.waiting(CsvImport, utcnow()) == [one.id]

    return killed_at_every_write(
        lambda: line.proceed(one.id, "", utcnow), (accounts, applying, reading), waits_for_another
    )


def test_killed_at_every_write_each_line_is_read_and_imported_once(
    people: People, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "BATCH", 4)
    monkeypatch.setattr(applying, "_TICKED", applying._TICKED.replace("500", "4"))
    with app.app_context(), db.database.connection_context():
        one = uploaded(people, lines(10) + "Dup,Dup,p1@contoso.example\n", welcome=True)
    assert killed(one) >= 3
    with app.app_context(), db.database.connection_context():
        ready = CsvImport.get_by_id(one.id)
        assert (ready.state, ready.lines, ready.bad, ready.ticked) == ("review", 11, 1, 10)
        assert reasons(ready) == {11: "p1@contoso.example is on line 2 already."}
        review.accept(ready, "Ada", utcnow())
    assert killed(one) >= 3
    with app.app_context(), db.database.connection_context():
        done = CsvImport.get_by_id(one.id)
        assert (done.state, done.made, done.failed) == ("done", 10, 0)
        assert Address.select().join(Account).where(Account.last_name == "Q").count() == 20
        assert Account.select().where(Account.last_name == "Q").count() == Mail.select().count() == 10
        assert AuditEvent.select().where(AuditEvent.action == "CSV import applied").count() == 1


def test_the_tick_finds_an_import_whose_task_was_lost(desk: People) -> None:
    one = uploaded(desk, lines(1))
    assert work.waiting(CsvImport, utcnow()) == [one.id]
    tasks.ring_all()
    assert any(task.name == "csv import" for task in tasks.huey.pending())
