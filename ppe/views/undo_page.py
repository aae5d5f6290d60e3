"""What the page of a run says about undoing it, and about the run that it undoes."""

from collections.abc import Sequence
from typing import Any

from flask_login import current_user

from ppe.models import DONE, PLANNING, SyncRun
from ppe.sync import undoing, undone

HEADLINES = {PLANNING: "Looking at what can be undone", "review": "Nothing is undone yet", "applying": "Undoing"}
MEANINGS = {
    "adding": "Deleted by that sync: each account comes back as it was.",
    "updating": "Updated or disabled by that sync: each account is put back, field by field.",
    "disabling": "Reactivated by that sync: each account is deactivated again.",
    "deleting": "Added by that sync: each account is removed, and kept for 30 days.",
    "exempt": "Left alone by every sync until the exemption ends.",
    "not_imported": "Stays as it is, for the reason that each row gives.",
}
DEEDS = {"adding": "bring back", "updating": "put back", "disabling": "deactivate", "deleting": "remove"}


def gather(run: SyncRun, change_ids: Sequence[int]) -> dict[str, Any]:
    """What is undone of this run, on the page and in all, and whether anything is left to undo."""
    if run.state != DONE:
        return {"by": [], "rows": {}, "waiting": None, "is_possible": False, "changes": 0}
    by, changes = undone.by_runs(run), undone.done(run)
    left = changes - sum(part.changes for part in by)
    return {
        "by": by,
        "rows": undone.among(change_ids),
        "waiting": undoing.under_way(run).first(),
        "is_possible": left > 0 and not current_user.read_only,
        "changes": changes,
    }
