"""The lists as files: what the filter shows, nothing that a spreadsheet would run, and good for importing again."""

import csv
import tracemalloc
from collections.abc import Iterator
from io import BytesIO, StringIO

import pytest
from flask import Flask
from flask.testing import FlaskClient

from ppe import db
from ppe.clock import utcnow
from ppe.csv_import import line, review, upload
from ppe.db import execute, execute_many, stamp
from ppe.lists import exports
from ppe.lists.search import Filter
from ppe.models import (
    END_USER,
    FUNCTIONAL,
    GROUP,
    PERSON_TYPES,
    SILENT_USER,
    Account,
    Address,
    AuditEvent,
    Connection,
    CsvImport,
    CsvRow,
    DirectoryObject,
    Exemption,
    Membership,
)
from tests.conftest import OpenDatabase, People, add_account
from tests.views.gate import assert_administrators_only

HEADINGS = list(exports.PERSON_COLUMNS)


def table(browser: FlaskClient, path: str) -> list[list[str]]:
    answer = browser.get(path)
    assert (answer.status_code, answer.mimetype) == (200, "text/csv")
    assert answer.text.startswith("\ufeff")
    return list(csv.reader(StringIO(answer.text[1:], newline="")))


@pytest.mark.parametrize(
    "path", ["/users.csv", "/functional-accounts.csv", "/functional-accounts/members.csv", "/groups.csv"]
)
def test_files_are_for_administrators_alone(app: Flask, people: People, path: str) -> None:
    assert_administrators_only(app, path)


def test_a_line_says_everything_of_a_person(
    signed_in: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    with open_database():
        for alias in ("b2@contoso.example", "b1@contoso.example"):
            Address.create(account=people.bob, address=alias, domain="contoso.example", is_primary=False)
        Account.update(
            active=False, directory_id="x", first_name="Bob", last_name="Builder", mobile="+31612345678"
        ).where(Account.id == people.bob.id).execute()
        Exemption.create(
            organization=people.contoso, object_id="x", name="Bob", created_at=utcnow(), created_by_name="Ada"
        )
    rows = table(signed_in, "/users.csv")
    assert rows[0] == HEADINGS
    assert rows[1][3:] == ["ada@contoso.example", "", "", "Organization Admin", "Active", "By hand", "no"]
    assert rows[2] == [
        "Bob", "Bob", "Builder", "bob@contoso.example", "b1@contoso.example b2@contoso.example", "'+31612345678",
        "End User", "Not active", "Directory", "yes",
    ]  # fmt: skip
    assert "fabrikam" not in str(rows)


def test_the_file_holds_what_the_filter_shows(
    signed_in: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    with open_database():
        add_account(people.contoso, SILENT_USER, "Bobby Silent", "silent@contoso.example")
        add_account(people.contoso, FUNCTIONAL, "Bob's desk", "desk@contoso.example")
    assert [row[0] for row in table(signed_in, "/users.csv?text=bob")[1:]] == ["Bob", "Bobby Silent"]
    assert [row[0] for row in table(signed_in, "/users.csv?text=bob&role=silent_user")[1:]] == ["Bobby Silent"]
    assert [row[0] for row in table(signed_in, "/functional-accounts.csv")[1:]] == ["Bob's desk"]
    page = signed_in.get("/users?text=bob&role=silent_user").text
    assert 'href="/users.csv?text=bob&amp;role=silent_user"' in page
    with open_database():
        told = [(event.action, event.details) for event in AuditEvent.select() if "exported" in event.action]
    assert told[0] == ("users exported", {"filter": {"text": "bob"}})


def test_a_removed_persons_line_has_the_addresses_that_it_had(
    signed_in: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    with open_database():
        Address.delete().where(Address.account == people.bob).execute()
        Account.update(removed_at=utcnow(), removed_addresses=["bob@contoso.example", "b@contoso.example"]).where(
            Account.id == people.bob.id
        ).execute()
    assert [row[0] for row in table(signed_in, "/users.csv")[1:]] == ["Ada"]
    (bob,) = table(signed_in, "/users.csv?state=removed")[1:]
    assert (bob[3], bob[4], bob[7]) == ("bob@contoso.example", "b@contoso.example", "Removed")


@pytest.mark.parametrize(
    ("name", "written"),
    [("=1+1", "'=1+1"), ("+1", "'+1"), ("-1", "'-1"), ("@SUM(A1)", "'@SUM(A1)"), ("'=1", "''=1"), ("\t=1", "'\t'=1"),
     ("x;=1+1", "x;'=1+1")],
)  # fmt: skip
def test_no_cell_is_taken_for_a_formula(
    signed_in: FlaskClient, people: People, open_database: OpenDatabase, name: str, written: str
) -> None:
    with open_database():
        Account.update(display_name=name).where(Account.id == people.bob.id).execute()
    assert table(signed_in, "/users.csv")[2][0] == written


def test_groups_have_a_line_for_each_member(
    signed_in: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    with open_database():
        made = [
            Account.create(
                organization=people.contoso, type=GROUP, display_name=name, directory_id=name, created_at=utcnow()
            )
            for name in ("Staff", "Nobody")
        ]
        for member in (people.ada, people.bob):
            Membership.create(group=made[0], member=member)
        DirectoryObject.create(
            connection=Connection.get(Connection.organization == people.contoso), object_id="Staff", is_group=True,
            group_kind="security", fingerprint="", seen_in_run=1,
        )  # fmt: skip
    assert table(signed_in, "/groups.csv") == [
        ["Group", "Kind", "Member", "Member address", "Member role"],
        ["Staff", "Security group", "Ada", "ada@contoso.example", "Organization Admin"],
        ["Staff", "Security group", "Bob", "bob@contoso.example", "End User"],
        ["Nobody", "Group", "", "", ""],
    ]


def test_so_do_functional_accounts_in_a_file_of_their_own(
    signed_in: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    with open_database():
        sales, desk, closed = (
            add_account(people.contoso, FUNCTIONAL, name.title(), f"{name}@contoso.example")
            for name in ("sales", "desk", "closed")
        )
        Account.update(group_kind="distribution").where(Account.id == sales.id).execute()
        for member in (people.ada, desk):
            Membership.create(group=sales, member=member)
        Address.delete().where(Address.account == closed).execute()
        Account.update(removed_at=utcnow(), removed_addresses=["closed@contoso.example"]).where(
            Account.id == closed.id
        ).execute()
        theirs = add_account(people.fabrikam, FUNCTIONAL, "Theirs", "theirs@fabrikam.example")
        Membership.create(group=theirs, member=people.eve)
    headings = ["Functional account", "Kind", "Primary address", "Member", "Member address", "Member role"]
    path = "/functional-accounts/members.csv"
    assert table(signed_in, path) == [
        headings,
        ["Sales", "Distribution list", "sales@contoso.example", "Ada", "ada@contoso.example", "Organization Admin"],
        ["Sales", "Distribution list", "sales@contoso.example", "Desk", "desk@contoso.example", "Functional Account"],
        ["Desk", "Functional Account", "desk@contoso.example", "", "", ""],
    ]
    assert [row[:3] for row in table(signed_in, f"{path}?state=removed")[1:]] == [
        ["Closed", "Functional Account", "closed@contoso.example"]
    ]
    assert [row[0] for row in table(signed_in, f"{path}?kind=distribution&text=sa")[1:]] == ["Sales", "Sales"]
    assert f'href="{path}?kind=distribution"' in signed_in.get("/functional-accounts?kind=distribution").text
    with open_database():
        last = AuditEvent.select().order_by(AuditEvent.id.desc()).get()
    asked = {"filter": {"text": "sa", "kind": "distribution"}}
    assert (last.action, last.details) == ("members of functional accounts exported", asked)


def accounts() -> Iterator[tuple[object, ...]]:
    rows = Account.select().where(Account.type << [END_USER, SILENT_USER, FUNCTIONAL]).order_by(Account.display_name)
    for row in rows:
        addresses = Address.select().where(Address.account == row).order_by(Address.address)
        spelled = [(address.address, address.is_primary) for address in addresses]
        yield row.display_name, row.first_name, row.last_name, row.mobile, row.type, spelled


def test_an_exported_file_can_be_imported_again(
    signed_in: FlaskClient, people: People, open_database: OpenDatabase, app: Flask
) -> None:
    with open_database():
        zoe = add_account(people.contoso, SILENT_USER, "=Zoë, “the” first", "zoe@contoso.example")
        Address.create(account=zoe, address="z@contoso.example", domain="contoso.example", is_primary=False)
        Account.update(mobile="+31612345678", first_name="-Zoë", last_name="'=x").where(Account.id == zoe.id).execute()
        before = list(accounts())
    content = signed_in.get("/users.csv").data
    with app.app_context(), db.database.connection_context():
        Account.delete().where(Account.id << [zoe.id, people.bob.id]).execute()
        one = upload.take(
            people.contoso, BytesIO(content), "users.csv", default_role=END_USER, send_welcome_mails=False,
            by_name="Ada", now=utcnow(),
        )  # fmt: skip
        line.proceed(one.id, "", utcnow)
        one = CsvImport.get_by_id(one.id)
        assert [row.number for row in CsvRow.select().where(CsvRow.standing == "bad")] == [2]  # Ada: an administrator
        assert one.unread_headings == ["Source", "Exempt from Sync"]
        review.accept(one, "Ada", utcnow())
        line.proceed(one.id, "", utcnow)
        assert list(accounts()) == before


def test_no_number_of_people_is_held_at_once(people: People, open_database: OpenDatabase) -> None:
    with open_database():
        execute_many(
            "INSERT INTO account (organization_id, type, display_name, first_name, last_name, mobile, active,"
            " read_only, receives_digest, version, created_at, name_key, surname_key)"
            " VALUES (?, 'end_user', ?, '', '', '', ?, ?, ?, 1, ?, '', '')",
            [(people.contoso.id, f"Person {i:05}", True, False, False, stamp(utcnow())) for i in range(10_000)],
        )
        everybody = add_account(people.contoso, FUNCTIONAL, "Everybody", "everybody@contoso.example")
        execute(
            "INSERT INTO membership (group_id, member_id) SELECT ?, id FROM account WHERE type = 'end_user'",
            (everybody.id,),
        )
        today = utcnow().date()
        for lines, count in (
            (exports.people(people.contoso.id, PERSON_TYPES, Filter(), today), 10_002),
            (exports.members(people.contoso.id, FUNCTIONAL, Filter(), today), 10_001),
        ):
            tracemalloc.start()
            assert sum(1 for _ in lines) == count
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            assert peak < 2_000_000
