"""Two at work on the same thing at the same moment."""

from collections.abc import Callable
from threading import Thread

from flask import Flask

from ppe import db
from ppe.errors import Refused


class Other:
    """Somebody else at work at the same time."""

    def __init__(self, app: Flask, deed: Callable[[], object]) -> None:
        self.app, self.deed = app, deed
        self.refused: list[str] = []
        self._thread = Thread(target=self._work)

    def begin(self) -> None:
        """Comes back when they wait for the transaction of whoever called this, or are done. PostgreSQL tells which."""
        self._thread.start()
        waiting = "SELECT 1 FROM pg_locks WHERE NOT granted"
        while self._thread.is_alive() and not db.execute(waiting).fetchone():
            self._thread.join(0.01)

    def end(self) -> None:
        self._thread.join()

    def _work(self) -> None:
        with self.app.app_context(), db.database.connection_context():
            try:
                self.deed()
            except Refused as refused:
                self.refused.append(refused.sentence)
