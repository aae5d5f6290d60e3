"""What the page of a run shows: gathered here once, for the page, its fragment and its answers to a click."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from ppe.clock import utcnow
from ppe.models import (
    ADDING,
    APPLYING,
    CANCELLED,
    DELETING,
    DISABLING,
    DONE,
    FAILED,
    NOT_IMPORTED,
    PLANNING,
    PULLING,
    QUEUED,
    REVIEW,
    SUPERSEDED,
    UPDATING,
    SyncChange,
    SyncRun,
)
from ppe.sync import acceptance, fields, held, review, safety
from ppe.sync import run as runs
from ppe.sync.change import OFFER_CONVERT, OFFER_FUNCTIONAL
from ppe.views import ticks, undo_page

HEADLINES = {
    QUEUED: "Waiting for the worker",
    PULLING: "Reading the directory",
    PLANNING: "Comparing the directory with the accounts",
    REVIEW: "Ready for your review",
    APPLYING: "Applying the changes",
    DONE: "Finished",
    FAILED: "Failed",
    CANCELLED: "Cancelled",
    SUPERSEDED: "Replaced by a newer review",
}
OUTCOMES = {
    "done": "Done",
    "failed": "Failed",
    "stale": "Out of date",
    "none": "Not ticked",
}
MEANINGS = {
    "adding": "New in the directory: an account is made for each.",
    "updating": "Changed in the directory: the account follows, field by field.",
    "disabling": "Sign-in is blocked in the directory: the account stays, without sign-in and without mail.",
    "deleting": "Gone from the directory: the account is removed, and kept for 30 days in case it comes back.",
    "exempt": "Left alone by every sync until the exemption ends.",
    "not_imported": "In the directory, and left out for the reason that each row gives.",
}
DEEDS = {ADDING: "add", UPDATING: "update", DISABLING: "disable", DELETING: "delete"}
KINDS = {"user": "User", "functional_account": "Functional account", "group": "Group"}
MEMBERS_SHOWN = 20


def headline(run: SyncRun) -> str:
    """Where a run stands, in a few words."""
    if run.dry_run and run.state == CANCELLED:
        return "Dry run"
    return (HEADLINES if run.undoes_id is None else HEADLINES | undo_page.HEADLINES)[run.state]


def deeds(run: SyncRun) -> dict[str, str]:
    """What ticking a row of each section lets the run do."""
    return DEEDS if run.undoes_id is None else undo_page.DEEDS


def gather(run: SyncRun, asked: Mapping[str, str]) -> dict[str, Any]:
    """Everything the templates under runs/ need; `asked` is the query: section, text, outcome and page."""
    sections = review.sections(run)
    chosen = _chosen(sections, asked.get("section", ""))
    text, outcome = asked.get("text", "").strip()[:200], asked.get("outcome", "")
    page = review.rows(run, chosen.name, text, outcome if outcome in OUTCOMES else None, number(asked.get("page")))
    return {
        "run": run,
        "headline": headline(run),
        "progress": runs.progress(run),
        "sections": sections,
        "chosen": chosen,
        "asked_section": chosen.name if asked.get("section") == chosen.name else None,  # else the first that fills
        "meanings": MEANINGS if run.undoes_id is None else undo_page.MEANINGS,
        "deeds": deeds(run),
        "text": text,
        "outcome": outcome if outcome in OUTCOMES else "",
        "outcomes": OUTCOMES,
        "kinds": KINDS,
        "page": page,
        "rows": [_row(change, linked) for change, linked in _with_linked(run, page.rows)],
        "ticked": sum(section.ticked for section in sections if section.can_tick),
        "ticked_elsewhere": ticks.elsewhere(run, [change.id for change in page.rows]),
        "summary": review.summary(run) if run.accepted_at else [],
        "is_open": run.state == REVIEW,
        "mailboxes_known": _mailboxes_known(run, page.rows),
        "undo": undo_page.gather(run, [change.id for change in page.rows]),
        **_safety(run, asked),
    }


def _mailboxes_known(run: SyncRun, rows: Sequence[SyncChange]) -> bool | None:
    """Whether Microsoft 365 was asked which mailboxes are shared; None where no row on the page hangs on it."""
    if run.state != REVIEW or not any(row.offer in (OFFER_FUNCTIONAL, OFFER_CONVERT) for row in rows):
        return None
    return bool(run.cursor.get("reads_mailbox_settings"))


def _safety(run: SyncRun, asked: Mapping[str, str]) -> dict[str, Any]:
    """What was held back and where it waits; and what is over a limit, so that it asks for a typed confirmation."""
    over = acceptance.over(run, utcnow()) if run.state == REVIEW else []
    return {
        "held_reasons": held.reasons(run),
        "held_review": held.review_of(run),
        "over": over,
        "number": safety.number_of(over),
        "confirmed": asked.get("confirmed", "")[:20],
        "left_out": sum(domain["people"] for domain in run.unknown_domains),
    }


def took(run: SyncRun) -> str:
    """How long the run worked, without the time that its review waited."""
    if run.finished_at is None:
        return ""
    waited = run.accepted_at - run.planned_at if run.accepted_at and run.planned_at else timedelta()
    seconds = max(0, round((run.finished_at - run.created_at - waited).total_seconds()))
    minutes, rest = divmod(seconds, 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest or 1} s"


def _chosen(sections: Sequence[Any], name: str) -> Any:
    """The section that was asked for, or else the first that has something in it."""
    asked_for = [section for section in sections if section.name == name]
    filled = [section for section in sections if section.count and section.name != NOT_IMPORTED]
    return (asked_for or filled or sections)[0]


def number(text: str | None) -> int:
    """A page number out of a query; the first page for anything else."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 7 and int(text) else 1


def _with_linked(run: SyncRun, changes: Sequence[SyncChange]) -> list[tuple[SyncChange, list[str]]]:
    """Each change with the names of those that pass an address to it or from it."""
    links = {change.link for change in changes if change.link is not None}
    partners = SyncChange.select(SyncChange.id, SyncChange.link, SyncChange.name).where(
        SyncChange.run == run, SyncChange.link.in_(list(links) or [0])
    )
    named = [(partner.id, partner.link, partner.name) for partner in (partners if links else ())]
    return [
        (change, [name for id_, link, name in named if link == change.link and id_ != change.id]) for change in changes
    ]


def _differences(change: SyncChange) -> list[tuple[str, str, str]]:
    """What changes, without what a whole newcomer or leaver already shows by its name and address."""
    told = fields.differences(change.before, change.after)
    if change.section not in (ADDING, DELETING):
        return told
    obvious = {change.name, change.address, "Active"}
    return [(label, before, after) for label, before, after in told if (before or after) not in obvious]


def _row(change: SyncChange, linked: list[str]) -> dict[str, Any]:
    has_members = change.kind != "user"
    return {
        "change": change,
        "differences": _differences(change),
        "linked": linked,
        "joining": review.members(change, joins=True, limit=MEMBERS_SHOWN) if has_members else ([], 0),
        "leaving": review.members(change, joins=False, limit=MEMBERS_SHOWN) if has_members else ([], 0),
    }
