"""What shuts out more than a sync may do unattended is applied only with the number typed."""

from typing import Any

import pytest

from ppe.clock import utcnow
from ppe.errors import Refused
from ppe.mass_update import harm, review
from ppe.models import ADMIN, END_USER, FUNCTIONAL, SILENT_USER, Account, AuditEvent, Connection, MassUpdate
from tests.conftest import People, add_account
from tests.databases import on_both_databases
from tests.mass_update.steps import begun, crowd, proceed

pytestmark = on_both_databases


def of(people: People, count: int, **choices: Any) -> MassUpdate:
    """A preview for so many more people; Ada and Bob are there besides."""
    everybody = [one.id for one in crowd(people, count)]
    return proceed(begun(people, *everybody, **choices))


def sentences(one: MassUpdate) -> list[str]:
    return [kind.sentence for kind in harm.over(one)]


@pytest.mark.parametrize(("count", "is_over"), [(5, False), (6, True)])
def test_deactivations_are_held_to_the_limit_of_a_sync(desk: People, count: int, is_over: bool) -> None:
    one = of(desk, count, state="not_active")
    expected = [f"{count} deactivations: more than 5 and more than 10 % of {count + 2} accounts."]
    assert sentences(one) == (expected if is_over else [])


def test_few_in_a_large_organisation_are_within_it(desk: People) -> None:
    crowd(desk, 60)
    assert sentences(of(desk, 6, state="not_active")) == []


@pytest.mark.parametrize(
    ("choices", "number"),
    [
        ({"role": FUNCTIONAL}, 6),
        ({"role": SILENT_USER}, 6),
        ({"role": END_USER}, 0),
        ({"state": "active"}, 0),
        ({"digest": "on", "exemption": "exempt"}, 0),
    ],
)
def test_sign_ins_that_end_with_the_role_count_too(desk: People, choices: dict[str, Any], number: int) -> None:
    expected = [f"{number} sign-ins taken away: more than 5 and more than 10 % of 8 accounts."] if number else []
    assert sentences(of(desk, 6, **choices)) == expected


def test_whoever_had_nothing_to_lose_is_not_counted(desk: People) -> None:
    Account.update(active=False).where(Account.id == desk.bob.id).execute()
    silent = [add_account(desk.contoso, SILENT_USER, f"S{n}", f"s{n}@contoso.example").id for n in range(6)]
    assert sentences(proceed(begun(desk, desk.bob.id, *silent, role=FUNCTIONAL))) == []
    Connection.update(limits={"disablings": [0, 0]}).where(Connection.organization == desk.contoso).execute()
    one = proceed(begun(desk, desk.bob.id, silent[0], digest="on", state="not_active"))
    assert (one.to_change, [kind.rows for kind in harm.over(one)]) == (2, [1])


def test_the_limit_is_the_organisations_own(desk: People) -> None:
    Connection.update(limits={"disablings": [1, 20]}).where(Connection.organization == desk.contoso).execute()
    assert sentences(of(desk, 2, state="not_active")) == [
        "2 deactivations: more than 1 and more than 20 % of 4 accounts."
    ]


def test_functional_accounts_that_get_no_mail_any_more_count_among_their_own(desk: People) -> None:
    crowd(desk, 100)
    made = [add_account(desk.contoso, FUNCTIONAL, f"F{n}", f"f{n}@contoso.example").id for n in range(7)]
    one = proceed(begun(desk, *made[:6], types=(FUNCTIONAL,), state="not_active"))
    assert sentences(one) == ["6 deactivations: more than 5 and more than 10 % of 7 accounts."]


@pytest.mark.parametrize("typed", ["", " ", "5", "six"])
def test_a_wrong_or_missing_number_changes_nothing(desk: People, typed: str) -> None:
    one = of(desk, 6, state="not_active")
    with pytest.raises(Refused, match="Type 6 here to confirm it, or cancel") as refused:
        review.accept(one, desk.ada, utcnow(), typed)
    assert refused.value.field == "confirmed"
    kept = MassUpdate.get_by_id(one.id)
    assert (kept.state, kept.accepted_at, AuditEvent.select().count()) == ("review", None, 0)


def test_the_right_number_lets_it_through_and_is_on_record(desk: People) -> None:
    one = of(desk, 6, state="not_active")
    review.accept(one, desk.ada, utcnow(), " 6 ")
    assert proceed(one).changed == 6
    assert AuditEvent.get(AuditEvent.action == "mass update").details["confirmed"] == "6"


def test_within_the_limit_nothing_is_typed(desk: People) -> None:
    one = of(desk, 5, state="not_active")
    review.accept(one, desk.ada, utcnow())
    assert proceed(one).changed == 5
    assert "confirmed" not in AuditEvent.get(AuditEvent.action == "mass update").details


def test_whoever_changed_since_the_preview_makes_the_number_another(desk: People) -> None:
    one = of(desk, 7, state="not_active")
    Account.update(version=2).where(Account.display_name == "P000").execute()
    with pytest.raises(Refused, match="It is 6, not 7"):
        review.accept(one, desk.ada, utcnow(), "7")


def test_another_organisations_accounts_make_no_room(desk: People) -> None:
    for n in range(100):
        Account.create(organization=desk.fabrikam, type=ADMIN, display_name=f"E{n}", created_at=utcnow())
    assert sentences(of(desk, 6, state="not_active"))
