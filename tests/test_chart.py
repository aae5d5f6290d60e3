from datetime import date, timedelta
from itertools import pairwise

import pytest

from ppe import chart

TODAY = date(2026, 11, 24)


def test_there_are_thirty_days_and_the_last_is_today() -> None:
    drawn = chart.draw([], TODAY)
    assert [day.day for day in drawn.days] == [TODAY - timedelta(days=ago) for ago in range(29, -1, -1)]
    assert drawn.busy == []
    assert set(drawn.totals.values()) == {0}


def test_a_bar_stands_on_the_ground_and_its_parts_on_each_other() -> None:
    drawn = chart.draw([(TODAY, "adding", 3), (TODAY, "deleting", 1), (TODAY, "updating", 4)], TODAY)
    last = drawn.days[-1]
    assert [part.section for part in last.parts] == ["adding", "updating", "deleting"]
    y = chart.HEIGHT
    for part in last.parts:
        assert part.y + part.height == pytest.approx(y)
        y = part.y
    assert y == pytest.approx(chart.HEIGHT * (1 - 8 / drawn.top))
    assert last.words == "3 added, 4 updated, 1 deleted"


def test_runs_of_one_day_add_up_and_other_days_and_sections_are_left_out() -> None:
    rows = [
        (TODAY, "adding", 3),
        (TODAY, "adding", 4),
        (TODAY, "not_imported", 9),
        (TODAY - timedelta(days=30), "adding", 50),
        (TODAY + timedelta(days=1), "adding", 50),
    ]
    drawn = chart.draw(rows, TODAY)
    assert drawn.totals == {"adding": 7, "updating": 0, "disabling": 0, "deleting": 0}
    assert drawn.busy == [drawn.days[-1]]


def test_days_lie_side_by_side_within_the_drawing() -> None:
    days = chart.draw([], TODAY).days
    assert all(one.x + one.width < following.x for one, following in pairwise(days))
    assert days[0].x > 0
    assert days[-1].x + days[-1].width < 100


@pytest.mark.parametrize(
    ("most", "top"),
    [(0, 2), (1, 2), (2, 2), (3, 4), (4, 4), (5, 10), (11, 20), (40, 40), (41, 100), (100_001, 200_000)],
)
def test_the_drawing_ends_at_a_round_number_with_a_whole_one_in_its_middle(most: int, top: int) -> None:
    drawn = chart.draw([(TODAY, "adding", most)], TODAY)
    assert drawn.top == top
    assert drawn.top % 2 == 0


def test_one_change_beside_a_hundred_thousand_is_seen_and_nothing_leaves_the_drawing() -> None:
    rows = [(TODAY, "adding", 99_997), *((TODAY, name, 1) for name in ("updating", "disabling", "deleting"))]
    (bar,) = chart.draw(rows, TODAY).busy
    assert all(part.height >= 2 for part in bar.parts)
    assert min(part.y for part in bar.parts) >= 0
    assert sum(part.height for part in bar.parts) == pytest.approx(chart.HEIGHT, abs=0.05)
