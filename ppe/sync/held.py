"""What runs on the schedule held back: where the rows wait, and why. Holding is the work of `unattended`."""

from ppe.models import REVIEW, Connection, SyncRun
from ppe.sync.safety import Over


def waiting(connection: Connection) -> SyncRun | None:
    """The list that waits for a person."""
    lists = SyncRun.select().where(
        SyncRun.connection == connection.id, SyncRun.state == REVIEW, SyncRun.held_digest.is_null(False)
    )
    found: SyncRun | None = lists.order_by(SyncRun.id.desc()).first()
    return found


def review_of(run: SyncRun) -> SyncRun | None:
    """The list in which a run's held rows wait: its own, or an older one that held the very same."""
    if not run.held or run.held_digest:
        return None
    lists = SyncRun.select().where(
        SyncRun.connection == run.connection_id,
        SyncRun.held_digest.is_null(False),
        SyncRun.created_at <= (run.planned_at or run.created_at),
    )
    found: SyncRun | None = lists.order_by(SyncRun.id.desc()).first()
    return found


def reasons(run: SyncRun) -> list[Over]:
    """The kinds of change that were over their limit: of the run that held them, and of the list of what it held."""
    return [Over(**one) for one in run.held]
