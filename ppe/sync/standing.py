"""How a connection stands, in a colour and in sentences: what the status box and Home say. Nobody is asked for it.

Green: it worked when it was last tried, by hand or in a sync. Grey: that was never shown. Red: it does not work, with
the reason.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from ppe.models import PULLING, QUEUED, WORKING_STATES, Connection, SyncRun
from ppe.sync.connection import is_set_up, last_success

GREEN, GREY, RED = "green", "grey", "red"
SOON = timedelta(minutes=2)  # the tick comes round every minute

Written = Callable[[datetime], str]


@dataclass(frozen=True, slots=True)
class Standing:
    """What is to be said: `reason` is what is wrong and what to do, `next_run` when the next unattended sync begins."""

    colour: str
    headline: str
    reason: tuple[str, str] | None
    sentences: tuple[str, ...]
    next_run: str


def of(connection: Connection, at_work: SyncRun | None, now: datetime, written: Written) -> Standing:
    """How the connection stands while this run, or none, is at work. `written` is how its reader writes a moment."""
    colour, headline = _colour(connection)
    reason = (connection.error_sentence, connection.error_advice or "") if connection.error_sentence else None
    said = (
        _success(connection, colour, written),
        _failing(connection, colour, now, written),
        _holding(connection, written),
        _at_work(at_work, now, written),
    )
    sentences = tuple(sentence for sentence in said if sentence)
    return Standing(colour, headline, reason, sentences, _next_run(connection, at_work, now, written))


def _colour(connection: Connection) -> tuple[str, str]:
    if connection.error_sentence:
        return RED, "Not working"
    if not is_set_up(connection):
        return GREY, "Not set up yet"
    return (GREEN, "Working") if last_success(connection) else (GREY, "Not verified")


def _success(connection: Connection, colour: str, written: Written) -> str:
    if not is_set_up(connection):
        return "Fill in the settings and save them; the guide on this page shows where everything comes from."
    succeeded = last_success(connection)
    if succeeded:
        return f"{'Last success' if colour == GREEN else 'It last worked'} {written(succeeded)}."
    return "" if colour == RED else "The connection has not been tested yet."


def _failing(connection: Connection, colour: str, now: datetime, written: Written) -> str:
    """Since when unattended syncs fail, and when the next is tried; they fail until one of them goes well."""
    slot = connection.next_sync_at if connection.sync_frequency else None
    when = f"on {written(slot)}" if slot and slot > now else "within minutes"
    if connection.failing_since is None:
        return f"A sync on the schedule tries again {when}." if colour == RED and slot else ""
    count = f" ({connection.failures} in a row)" if connection.failures > 1 else ""
    better = " Since then the connection was found to work." if colour == GREEN else ""
    next_try = f"The next is tried {when}." if slot else "None is tried while When to Sync is Never."
    return f"Syncs on the schedule have failed since {written(connection.failing_since)}{count}.{better} {next_try}"


def _holding(connection: Connection, written: Written) -> str:
    if connection.holding_since is None:
        return ""
    return f"Syncs on the schedule have held changes back since {written(connection.holding_since)}: they wait for you."


def _at_work(run: SyncRun | None, now: datetime, written: Written) -> str:
    """Only a run that has to do with Microsoft can be made to wait by it."""
    if run is None or run.state not in WORKING_STATES:
        return ""
    if run.not_before is not None and run.not_before > now and run.state in (QUEUED, PULLING):
        return f"Microsoft asks us to wait. The sync goes on by itself on {written(run.not_before)}."
    return "A sync on the schedule is at work." if run.scheduled else "A sync is at work."


def _next_run(connection: Connection, at_work: SyncRun | None, now: datetime, written: Written) -> str:
    if not connection.sync_frequency:
        by_itself = connection.frequency_reset_reason is not None
        return (
            "Never: When to Sync went back to Never by itself" if by_itself else "Never: When to Sync is set to Never"
        )
    slot = connection.next_sync_at
    if slot is None:
        return "As soon as the settings are saved again"
    if slot > now:
        return written(slot)
    if at_work is not None:
        return f"Due since {written(slot)}: it begins when the sync at work has ended"
    return "Within a minute" if now - slot < SOON else f"Due since {written(slot)}: the worker has not come to it yet"
