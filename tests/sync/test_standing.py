"""What the status box says after every kind of run: decided from the connection alone, so no run has to be run here.

That runs leave the connection as it is here is shown in tests/views/test_status_box.py.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ppe.models import Connection, SyncRun
from ppe.sync import standing

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
SET_UP: dict[str, Any] = {"primary_domain": "contoso.example", "application_id": "a", "ad_key": "k"}
BY_HAND = SET_UP | {"last_verified_at": NOW - 9 * HOUR}
HOURLY: dict[str, Any] = BY_HAND | {"sync_frequency": 1, "next_sync_at": NOW + HOUR / 2}
ERROR = {"error_sentence": "The Client Secret has expired.", "error_advice": "Make a new one."}
FAILING = HOURLY | ERROR | {"failing_since": NOW - 5 * HOUR, "failures": 3, "next_sync_at": NOW + 4 * HOUR}
NEVER = "Never: When to Sync is set to Never"


def written(at: datetime) -> str:
    return f"{at:%d %H:%M}"


def stands(connection: dict[str, Any], run: dict[str, Any] | None = None) -> standing.Standing:
    at_work = None if run is None else SyncRun(**{"scheduled": False, "state": "pulling"} | run)
    return standing.of(Connection(**connection), at_work, NOW, written)


# The connection, the run at work; the colour, the headline, the sentences, and when the next run is.
EVERY_KIND: dict[str, tuple[dict[str, Any], dict[str, Any] | None, str, str, tuple[str, ...], str]] = {
    "nothing is set up": ({}, None, "grey", "Not set up yet", ("Fill in the settings",), NEVER),
    "saved and never tested": (
        SET_UP, None, "grey", "Not verified", ("The connection has not been tested yet.",), NEVER,
    ),
    "tested well, never run": (BY_HAND, None, "green", "Working", ("Last success 24 03:00.",), NEVER),
    "tested badly": (BY_HAND | ERROR, None, "red", "Not working", ("It last worked 24 03:00.",), NEVER),
    "tested badly and never well": (SET_UP | ERROR, None, "red", "Not working", (), NEVER),
    "tested badly while a schedule goes on": (
        HOURLY | ERROR, None, "red", "Not working",
        ("It last worked 24 03:00.", "A sync on the schedule tries again on 24 12:30."), "24 12:30",
    ),
    "a sync by hand went well": (
        BY_HAND | {"last_successful_sync": NOW - HOUR}, None, "green", "Working", ("Last success 24 11:00.",), NEVER,
    ),
    "a sync by hand failed": (
        BY_HAND | {"last_successful_sync": NOW - HOUR} | ERROR, None, "red", "Not working",
        ("It last worked 24 11:00.",), NEVER,
    ),
    "the schedule has not begun": (HOURLY, None, "green", "Working", ("Last success 24 03:00.",), "24 12:30"),
    "a sync on the schedule went well": (
        HOURLY | {"last_successful_sync": NOW - HOUR, "last_scheduled_success_at": NOW - HOUR}, None,
        "green", "Working", ("Last success 24 11:00.",), "24 12:30",
    ),
    "syncs on the schedule fail": (
        FAILING, None, "red", "Not working",
        (
            "It last worked 24 03:00.",
            "Syncs on the schedule have failed since 24 07:00 (3 in a row). The next is tried on 24 16:00.",
        ),
        "24 16:00",
    ),
    "the first sync on the schedule failed": (
        FAILING | {"failures": 1, "last_verified_at": None}, None, "red", "Not working",
        ("Syncs on the schedule have failed since 24 07:00. The next is tried on 24 16:00.",), "24 16:00",
    ),
    "they fail, and a test by hand went well": (
        FAILING | dict.fromkeys(ERROR) | {"last_verified_at": NOW - HOUR}, None, "green", "Working",
        (
            "Last success 24 11:00.",
            "Syncs on the schedule have failed since 24 07:00 (3 in a row). Since then the connection was found",
        ),
        "24 16:00",
    ),
    "they failed until the frequency was set to Never": (
        FAILING | {"sync_frequency": 0, "next_sync_at": None}, None, "red", "Not working",
        (
            "It last worked 24 03:00.",
            "Syncs on the schedule have failed since 24 07:00 (3 in a row). None is tried while When to Sync is Never.",
        ),
        NEVER,
    ),
    "they recovered": (
        HOURLY | {"last_successful_sync": NOW - HOUR, "last_scheduled_success_at": NOW - HOUR, "failures": 0}, None,
        "green", "Working", ("Last success 24 11:00.",), "24 12:30",
    ),
    "changes are held back": (
        HOURLY | {"last_successful_sync": NOW - HOUR, "holding_since": NOW - 7 * HOUR}, None, "green", "Working",
        ("Last success 24 11:00.", "Syncs on the schedule have held changes back since 24 05:00: they wait for you."),
        "24 12:30",
    ),
    "a sync by hand is at work": (
        BY_HAND, {}, "green", "Working", ("Last success 24 03:00.", "A sync is at work."), NEVER,
    ),
    "a sync on the schedule is at work": (
        HOURLY, {"scheduled": True}, "green", "Working",
        ("Last success 24 03:00.", "A sync on the schedule is at work."), "24 12:30",
    ),
    "it is throttled": (
        HOURLY, {"scheduled": True, "not_before": NOW + HOUR / 6}, "green", "Working",
        ("Last success 24 03:00.", "Microsoft asks us to wait. The sync goes on by itself on 24 12:10."), "24 12:30",
    ),
    "it was throttled, and goes on": (
        HOURLY, {"scheduled": True, "not_before": NOW - HOUR}, "green", "Working",
        ("Last success 24 03:00.", "A sync on the schedule is at work."), "24 12:30",
    ),
    "the slot has come": (
        HOURLY | {"next_sync_at": NOW}, None, "green", "Working", ("Last success 24 03:00.",), "Within a minute",
    ),
    "the slot waits for the sync at work": (
        HOURLY | {"next_sync_at": NOW - HOUR}, {}, "green", "Working", ("Last success 24 03:00.", "A sync is at work."),
        "Due since 24 11:00: it begins when the sync at work has ended",
    ),
    "nobody comes to the slot": (
        HOURLY | {"next_sync_at": NOW - HOUR}, None, "green", "Working", ("Last success 24 03:00.",),
        "Due since 24 11:00: the worker has not come to it yet",
    ),
    "they fail, and the slot has come": (
        FAILING | {"next_sync_at": NOW}, None, "red", "Not working",
        (
            "It last worked 24 03:00.",
            "Syncs on the schedule have failed since 24 07:00 (3 in a row). The next is tried within minutes.",
        ),
        "Within a minute",
    ),
    "the frequency went back by itself": (
        BY_HAND | {"frequency_reset_reason": "No tech contact."}, None, "green", "Working", ("Last success 24 03:00.",),
        "Never: When to Sync went back to Never by itself",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_after_every_kind_of_run_the_box_says_what_is_so(kind: str) -> None:
    connection, run, colour, headline, sentences, next_run = EVERY_KIND[kind]
    said = stands(connection, run)
    assert (said.colour, said.headline, said.next_run) == (colour, headline, next_run)
    assert len(said.sentences) == len(sentences)
    assert all(told.startswith(expected) for told, expected in zip(said.sentences, sentences, strict=True)), said
    assert (said.reason is None) is (colour != "red")


def test_the_reason_comes_with_what_to_do() -> None:
    assert stands(FAILING).reason == ("The Client Secret has expired.", "Make a new one.")
