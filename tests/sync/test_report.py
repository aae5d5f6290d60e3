from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ppe.sync import report
from ppe.sync.report import Line, Problem

MINUTE = timedelta(minutes=1)
AT = datetime(2026, 11, 24, 12, tzinfo=UTC)


def test_what_was_done_is_added_up_and_what_is_left_is_not() -> None:
    one = Line("adding", "Added", done=2, failed=1, left_out=4)
    other = Line("adding", "Added", done=3, stale=1, held=7)
    assert report.totals([one, other, Line("deleting", "Deleted", done=1)]) == (
        Line("adding", "Added", done=5, failed=1, stale=1), Line("deleting", "Deleted", done=1),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("found", "before", "quiet"),
    [
        ([], [], True),
        ([], [Line("adding", "Added", left_out=1)], True),
        ([Line("adding", "Added", left_out=1)], [Line("adding", "Added", left_out=1)], True),
        ([Line("adding", "Added", left_out=1)], [], False),
        ([Line("adding", "Added", left_out=2)], [Line("adding", "Added", left_out=1)], False),
        ([Line("adding", "Added", done=1)], [Line("adding", "Added", done=1)], False),
    ],
)
def test_quiet_is_who_says_nothing_new(found: list[Line], before: list[Line], quiet: bool) -> None:
    assert report.is_quiet(found, before) is quiet


def test_failures_for_one_reason_are_one_problem() -> None:
    def failure(sentence: str, run_id: int) -> Problem:
        return Problem(sentence, "Wait.", AT + run_id * MINUTE, AT + run_id * MINUTE, run_id)

    assert report.problems([failure("Away.", 1), failure("Cut.", 2), failure("Away.", 3)]) == (
        Problem("Away.", "Wait.", AT + MINUTE, AT + 3 * MINUTE, 3, 2),
        failure("Cut.", 2),
    )


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        (("Bo\r\nBcc: x", "bo@x.example"), "Bo Bcc: x (bo@x.example)"),
        (("bo@x.example", "bo@x.example"), "bo@x.example"),
        (("\u202eoB", ""), "oB"),
    ],
)
def test_a_name_is_one_line_with_its_address(of: Any, expected: str) -> None:
    assert report.named(*of).words == expected
