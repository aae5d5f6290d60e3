"""What a review form says of its ticks: only what its reader changed counts, and nothing is applied unseen."""

from collections.abc import Sequence

from flask import request

from ppe.errors import Refused
from ppe.models import TICKABLE, SyncChange, SyncRun
from ppe.sync import review

TICKS_MOVED = "The ticks were changed after you opened this page. Nothing was applied: please look again."


def elsewhere(run: SyncRun, shown: Sequence[int]) -> int:
    """How many ticked changes are not on the page: a form that sends it back applies only what its reader knew of."""
    ticked = SyncChange.select().where(SyncChange.run == run, SyncChange.ticked, SyncChange.section.in_(TICKABLE))
    return int(ticked.where(SyncChange.id.not_in(list(shown) or [0])).count())


def take_over(run: SyncRun) -> None:
    """Only what the reader ticked or unticked on the page counts: what stood there is told by the form itself."""
    ticked, before = set(numbers("ticked")), set(numbers("was"))
    if ticked - before:
        review.tick(run, True, change_ids=sorted(ticked - before))
    if before - ticked:
        review.tick(run, False, change_ids=sorted(before - ticked))


def require_same_elsewhere(run: SyncRun) -> None:
    """The ticks outside the page must still be those that the form was made with."""
    if elsewhere(run, numbers("shown")) != request.form.get("ticked_elsewhere", type=int):
        raise Refused(TICKS_MOVED)


def require_none_behind(run: SyncRun) -> None:
    """No row that the form shows unticked may be ticked nevertheless, unless by a link to one that was ticked."""
    unticked = set(numbers("shown")) - set(numbers("ticked"))
    behind = SyncChange.select().where(
        SyncChange.run == run, SyncChange.id.in_(list(unticked) or [0]), SyncChange.ticked, SyncChange.link.is_null()
    )
    if behind.exists():
        raise Refused(TICKS_MOVED)


def numbers(name: str) -> list[int]:
    """The ids that a form sends under a name; anything else is left out."""
    sent = request.form if request.method == "POST" else request.args
    return [int(text) for text in sent.getlist(name) if text.isascii() and text.isdigit() and len(text) < 19]
