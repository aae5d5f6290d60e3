"""Previews that nobody applied go, in short transactions. What was applied stays, as the detail of an audit event."""

from datetime import datetime, timedelta

from ppe.db import execute
from ppe.models import CANCELLED, MassUpdate

PREVIEWS_KEPT_FOR = timedelta(days=30)
BATCH = 1000

_ROWS = f"""
    DELETE FROM mass_update_row WHERE id IN (SELECT id FROM mass_update_row WHERE mass_update_id = ? LIMIT {BATCH})
"""


def forget_old(now: datetime) -> None:
    """Remove the previews that nobody applied within 30 days."""
    unapplied = MassUpdate.accepted_at.is_null()
    old = MassUpdate.select(MassUpdate.id).where(unapplied, MassUpdate.created_at < now - PREVIEWS_KEPT_FOR)
    for one in list(old):
        # Closed first, so that nobody applies what is half gone.
        if MassUpdate.update(state=CANCELLED, claim=None).where(MassUpdate.id == one.id, unapplied).execute():
            while execute(_ROWS, (one.id,)).rowcount:
                pass
            MassUpdate.delete().where(MassUpdate.id == one.id).execute()
