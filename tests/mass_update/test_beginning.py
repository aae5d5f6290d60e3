"""Whom a mass update is for: the ticked, or whoever the filter of the list finds."""

from dataclasses import fields

import pytest

from ppe import exemptions
from ppe.clock import utcnow
from ppe.lists import listings
from ppe.lists.search import Filter
from ppe.mass_update import beginning, preparing
from ppe.models import (
    END_USER,
    FUNCTIONAL,
    PERSON_TYPES,
    SILENT_USER,
    Account,
    AuditEvent,
)
from tests.conftest import People, add_account
from tests.databases import on_both_databases
from tests.mass_update.steps import applied, begun, crowd, proceed, rows

pytestmark = on_both_databases


def test_a_filter_stands_for_all_that_it_finds_and_the_audit_says_which(desk: People) -> None:
    crowd(desk, preparing.BATCH + 3)
    add_account(desk.fabrikam, END_USER, "P000", "p@fabrikam.example")
    one = applied(begun(desk, wanted=Filter(text="p0", role=END_USER), digest="on"), desk.ada)
    assert (one.expected, one.changed) == (100, 100)
    everybody = applied(begun(desk, wanted=Filter(role=END_USER), digest="on"), desk.ada)
    number = preparing.BATCH + 4
    assert (everybody.expected, everybody.changed, everybody.left_out) == (number, number - 100, 100)
    assert not Account.select().where(Account.organization == desk.fabrikam, Account.receives_digest).exists()
    told = [event.details.get("filter") for event in AuditEvent.select().order_by(AuditEvent.id)]
    assert told == [{"text": "p0", "role": END_USER}, None, {"role": END_USER}, None]


FILTERS = [
    Filter(),
    Filter("d"),
    Filter("@contoso"),
    Filter(role=FUNCTIONAL),
    Filter(state="active"),
    Filter(state="not_active"),
    Filter(state="removed"),
    Filter(source="by_hand"),
    Filter(source="directory"),
    Filter(exemption="exempt"),
    Filter(exemption="not_exempt"),
    Filter(sort="newest"),
    Filter(kind="distribution"),
]


@pytest.mark.parametrize("wanted", FILTERS, ids=str)
def test_whoever_a_list_shows_under_a_filter_is_looked_at_and_nobody_else(desk: People, wanted: Filter) -> None:
    for number, kind in enumerate((FUNCTIONAL, FUNCTIONAL, END_USER, END_USER, SILENT_USER)):
        add_account(desk.contoso, kind, f"D{number}", f"d{number}@contoso.example")
    exemptions.add(desk.contoso.id, "d2@contoso.example", "", None, "Ada", utcnow())
    for name, columns in (
        ("D0", {"group_kind": "distribution"}), ("D1", {"active": False, "directory_id": "d"}),
        ("D3", {"removed_at": utcnow(), "removed_addresses": ["d3@contoso.example"]}),
    ):  # fmt: skip
        Account.update(**columns).where(Account.display_name == name).execute()
    types = (FUNCTIONAL,) if wanted.kind or wanted.role == FUNCTIONAL else (*PERSON_TYPES, FUNCTIONAL)
    shown = listings.accounts(desk.contoso.id, types, wanted, utcnow().date()).rows
    assert shown
    one = proceed(begun(desk, wanted=wanted, types=types, digest="on"))
    assert set(rows(one)) == {row.account.display_name for row in shown}


def test_no_part_of_a_filter_is_forgotten_above() -> None:
    assert {field.name for field in fields(Filter) if any(getattr(one, field.name) for one in FILTERS)} == {
        field.name for field in fields(Filter)
    }


def test_what_can_be_ticked_is_of_ones_own_organisation_and_list(desk: People) -> None:
    desk_account = add_account(desk.contoso, FUNCTIONAL, "Desk", "desk@contoso.example")
    ids = [desk.bob.id, desk.eve.id, desk_account.id, 999_999, desk.bob.id]
    assert beginning.known(desk.contoso.id, PERSON_TYPES, ids) == [desk.bob.id]
