"""A planned change about a person becomes that of a functional account: what it keeps, and which it can't be."""

from dataclasses import replace

import pytest

from ppe.sync.as_functional import as_functional, obstacle
from ppe.sync.change import ADDING, DELETING, DISABLING, FUNCTIONAL, OFFER_CONVERT, UPDATING, Change, Known

ANN = Known(7, 3, "end_user", "Ann", primary="ann@contoso.example", aliases=("a@contoso.example",))


def change(section: str, account: Known | None = ANN, **fields: object) -> Change:
    made = Change(section, "user", "Ann", "ann@contoso.example", account=account, fingerprint="f", ticked=False)
    return replace(made, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize("section", [ADDING, UPDATING, DISABLING, DELETING])
def test_whatever_it_was_it_is_ticked_and_offers_nothing_more(section: str) -> None:
    account = None if section == ADDING else ANN
    turned = as_functional(change(section, account, offer=OFFER_CONVERT))
    assert (turned.kind, turned.ticked, turned.offer) == (FUNCTIONAL, True, None)
    assert (turned.after["type"], turned.after["converted"]) == (FUNCTIONAL, True)


def test_a_deactivation_becomes_an_update_that_keeps_what_else_it_brings() -> None:
    turned = as_functional(change(DISABLING, after={"active": False, "display_name": "Anna"}))
    assert turned.section == UPDATING
    assert turned.after == {"display_name": "Anna", "type": FUNCTIONAL, "converted": True}
    assert turned.before == {"display_name": "Ann", "type": "end_user", "converted": False}
    assert turned.fingerprint == "f"


def test_who_is_not_active_is_activated() -> None:
    turned = as_functional(change(UPDATING, replace(ANN, active=False)))
    assert (turned.before["active"], turned.after["active"]) == (False, True)


def test_a_removal_brings_nothing_and_is_looked_at_anew_by_the_next_sync() -> None:
    turned = as_functional(change(DELETING, after={"display_name": "Anna"}))
    assert (turned.section, turned.fingerprint) == (UPDATING, None)
    assert "display_name" not in turned.after


def test_a_removed_account_comes_back_with_all_that_it_is_to_have() -> None:
    after = {"type": "end_user", "primary": "ann@contoso.example", "active": True}
    turned = as_functional(change(ADDING, replace(ANN, removed=True), after=after))
    assert (turned.section, turned.before) == (ADDING, {})
    assert turned.after == after | {"type": FUNCTIONAL, "converted": True}


@pytest.mark.parametrize(
    ("asked", "is_linked", "why"),
    [
        (change(ADDING, None), False, ""),
        (change(UPDATING), False, ""),
        (change(UPDATING, ticked=True), True, ""),
        (change(UPDATING), True, "tick them first"),
        (change(DELETING, ticked=True), True, "goes to somebody else"),
        (change(UPDATING, None), False, "no account here"),
        (change(UPDATING, replace(ANN, last_admin=True)), False, "last active administrator"),
        (change(UPDATING, kind="group"), False, "no person"),
        (change(UPDATING, kind=FUNCTIONAL), False, "one already"),
    ],
)
def test_which_it_can_be_and_why_others_can_not(asked: Change, is_linked: bool, why: str) -> None:
    said = obstacle(asked, is_linked=is_linked)
    assert why in said
    assert bool(why) == bool(said)
