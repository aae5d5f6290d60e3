"""What is old goes, in short transactions: a preview that nobody applied, and what was applied once it is no news."""

from datetime import datetime, timedelta

from ppe.db import execute, stamp
from ppe.models import MassUpdate

PREVIEWS_KEPT_FOR = timedelta(days=30)
BATCH = 1000

_OLD = "SELECT id FROM mass_update WHERE (accepted_at IS NULL AND created_at < ?) OR accepted_at < ?"
_ROWS = f"""
    DELETE FROM mass_update_row WHERE id IN (SELECT id FROM mass_update_row WHERE mass_update_id = ? LIMIT {BATCH})
"""


def forget_old(now: datetime, days: int) -> None:
    """Remove what was applied so many days ago, as long as syncs are kept, and previews after 30."""
    parameters = (stamp(now - PREVIEWS_KEPT_FOR), stamp(now - timedelta(days=days)))
    for (mass_update_id,) in execute(_OLD, parameters).fetchall():
        while execute(_ROWS, (mass_update_id,)).rowcount:
            pass
        MassUpdate.delete().where(MassUpdate.id == mass_update_id).execute()
