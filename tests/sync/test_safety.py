from hypothesis import given
from hypothesis import strategies as st

from ppe.sync.safety import KINDS, LEAVINGS, REMOVALS, Count, Limit, limits, over

ALLOWED = limits({})


def _is_over(rows: int, lately: int, base: int, limit: Limit | None = None) -> bool:
    allowed = ALLOWED if limit is None else dict.fromkeys(KINDS, limit)
    return bool(over([Count(REMOVALS, rows, lately, base)], allowed))


def test_just_below_at_and_just_above_the_number() -> None:
    assert [_is_over(rows, 0, 20) for rows in (4, 5, 6)] == [False, False, True]


def test_just_below_at_and_just_above_the_percentage() -> None:
    assert [_is_over(rows, 0, 1000) for rows in (99, 100, 101)] == [False, False, True]


def test_few_of_a_tiny_organisation_pass_and_nothing_is_divided_by_nothing() -> None:
    assert not _is_over(5, 0, 5)
    assert not _is_over(5, 0, 0)
    assert _is_over(6, 0, 0)


def test_several_small_runs_in_a_row_do_not_slip_under() -> None:
    assert not _is_over(60, 0, 1000)
    assert _is_over(60, 60, 1000)


def test_what_was_done_before_holds_nothing_back_where_nothing_is_to_be_done() -> None:
    assert not _is_over(0, 500, 1000)


def test_each_limit_can_be_changed_by_itself() -> None:
    changed = limits({REMOVALS: [50, 20], "nonsense": [1, 1], LEAVINGS: "broken"})
    assert changed[REMOVALS] == Limit(50, 20)
    assert changed[LEAVINGS] == Limit(5, 10)
    assert set(changed) == set(KINDS)
    assert _is_over(1, 0, 100, Limit(0, 0))


def test_the_sentence_has_the_numbers() -> None:
    (found,) = over([Count(REMOVALS, 37, 4, 120)], ALLOWED)
    assert (
        found.sentence == "37 removals, after 4 in the last 24 hours: more than 5 and more than 10 % of 120 accounts."
    )
    (leaving,) = over([Count(LEAVINGS, 1, 9, 20)], ALLOWED)
    assert leaving.sentence == (
        "1 member taken from a group, after 9 in the last 24 hours: more than 5 and more than 10 % of 20 memberships."
    )


@given(st.integers(1, 10**6), st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 999), st.integers(0, 100))
def test_over_means_over_both(rows: int, lately: int, base: int, number: int, percent: int) -> None:
    total = rows + lately
    expected = total > number and total / 1 > percent * base / 100
    assert _is_over(rows, lately, base, Limit(number, percent)) == expected
