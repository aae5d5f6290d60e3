"""Nobody is watching: one connection with a frequency, and a clock that only the test moves."""

from datetime import datetime, timedelta
from typing import Any

from ppe.clock import utcnow
from ppe.models import Mail, SyncRun
from ppe.sync import run, schedule, unattended
from tests.sync.desk import Desk

MINUTE = timedelta(minutes=1)


class Night:
    """The worker's minutes, at the moments that the test chooses."""

    def __init__(self, desk: Desk, hours: int = 1, **settings: Any) -> None:
        self.desk = desk
        self.now: datetime = utcnow().replace(minute=0, second=0, microsecond=0)
        desk.settings(
            sync_frequency=hours, next_sync_at=schedule.next_slot(hours, desk.connection_id, self.now), **settings
        )

    def clock(self) -> datetime:
        return self.now

    @property
    def slot(self) -> datetime:
        found: datetime | None = self.desk.connection.next_sync_at
        assert found is not None
        return found

    def begin_due(self) -> list[int]:
        """The first half of a minute: what is due begins."""
        begun = [unattended.begin(connection_id, self.now) for connection_id in unattended.due(self.now)]
        return [run_id for run_id in begun if run_id is not None]

    def minute(self, wait: timedelta = MINUTE) -> list[int]:
        """A whole minute, after a wait: what is due begins, and whatever has work to do is worked on."""
        self.now += wait
        begun = self.begin_due()
        for run_id in run.waiting(self.now):
            run.proceed(run_id, self.clock, self.desk.wire())
        return begun

    def sync(self) -> SyncRun:
        """Let the time pass until the next slot; gives its run, as far as it came."""
        begun = self.minute(max(self.slot - self.now, timedelta(0)))
        assert len(begun) == 1
        found: SyncRun = SyncRun.get_by_id(begun[0])
        return found

    def done(self) -> SyncRun:
        """The same, for a run that comes to its end."""
        ended = self.sync()
        assert ended.state == "done", (ended.state, ended.error_sentence)
        return ended

    def mails(self) -> list[str]:
        """The kinds of the mails that were asked for, the oldest first."""
        return [mail.kind for mail in Mail.select().order_by(Mail.id)]


def waiting_review() -> SyncRun | None:
    """The list that waits for a person, if there is one."""
    found: SyncRun | None = SyncRun.get_or_none(SyncRun.state == "review")
    return found
