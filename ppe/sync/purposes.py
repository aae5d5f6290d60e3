"""What Microsoft 365 says that mailboxes are for, asked by the twenty and kept in the mirror.

Only mailboxes that may not be a person's are asked about, those of users who are blocked or have no licence, and each
once for how it stands: sync/entry.py forgets the purpose when that changes. Nothing here is needed: a refusal leaves
the purpose unknown until it is asked for again on another day, and whatever goes wrong fails no sync.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import structlog

from ppe.db import database, execute, execute_many, marks, stamp
from ppe.errors import DirectoryError, Throttled
from ppe.models import SyncRun
from ppe.sync import batch
from ppe.sync.claim import keep
from ppe.sync.graph import Graph
from ppe.sync.mirror import COLUMNS, Stored, entry_from

AGAIN = timedelta(days=1)  # until a mailbox is asked about once more whose purpose Microsoft 365 would not say
_OPEN = """
    SELECT object_id FROM directory_object
    WHERE connection_id = ? AND object_id > ? AND NOT is_group AND NOT guest AND primary_address IS NOT NULL
      AND gone_at IS NULL AND removed_in_run IS NULL AND (NOT enabled OR NOT licensed)
      AND (mailbox_purpose IS NULL OR (mailbox_purpose = '' AND purpose_asked_at < ?))
    ORDER BY object_id LIMIT ?
"""
_TOLD = """
    UPDATE directory_object SET mailbox_purpose = ?, purpose_asked_at = ? WHERE connection_id = ? AND object_id = ?
"""

log = structlog.get_logger()


class Purposes:
    """Asks for one run. `plan_page` is called with what was learned, inside the transaction that keeps it."""

    def __init__(
        self, run: SyncRun, graph: Graph, clock: Callable[[], datetime], plan_page: Callable[[Stored], None]
    ) -> None:
        self.run = run
        self.graph = graph
        self.clock = clock
        self.plan_page = plan_page

    def ask(self, until: datetime) -> None:
        """Go on from wherever the run stands until nobody is left to ask about, or that moment has come.

        Raises:
            Throttled: Microsoft asks us to wait, and there is time for it.
            RunLost: the run was cancelled or taken over.
        """
        try:
            self._ask(until)
        except Throttled as throttled:
            if self.clock() + timedelta(seconds=throttled.seconds) < until:
                raise
            log.info("mailbox purposes left open", why="throttled")
        except DirectoryError as error:
            log.info("mailbox purposes left open", why=error.sentence, error=error.code)

    def _ask(self, until: datetime) -> None:
        attempt = 0
        while self.clock() < until and self.graph.reads_mailbox_settings():
            asked = self._open()
            if not asked:
                return
            answer = self.graph.mailbox_purposes(asked)
            after = self.run.cursor.get("after", "") if answer.throttled else asked[-1]
            with database.atomic():
                self.plan_page(self._store(answer.told))
                keep(self.run, self.clock(), cursor=self.run.cursor | {"after": after})
            attempt = 0 if answer.told else attempt
            if answer.throttled:
                attempt += 1
                self.graph.rest(answer.wait, attempt)

    def _open(self) -> list[str]:
        long_ago = stamp(self.clock() - AGAIN)
        asked = (self.run.connection_id, self.run.cursor.get("after", ""), long_ago, batch.MOST)
        return [object_id for (object_id,) in execute(_OPEN, asked).fetchall()]

    def _store(self, told: Mapping[str, str]) -> Stored:
        """Keep what was said; gives the objects as they are now, all of which this run may have planned already."""
        now, connection_id = stamp(self.clock()), self.run.connection_id
        execute_many(_TOLD, [(purpose, now, connection_id, object_id) for object_id, purpose in told.items()])
        rows = execute(
            f"SELECT {COLUMNS} FROM directory_object WHERE connection_id = ? AND object_id IN ({marks(list(told))})",
            (connection_id, *told),
        )
        entries = {row[0]: entry_from(row) for row in rows.fetchall()}
        return Stored(entries, set(entries))
