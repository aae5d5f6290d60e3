"""Workers that die by SIGKILL in the middle of a write, each one write later than the one before."""

import os
import signal
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

from ppe import db


def killed_at_every_write(
    work: Callable[[], object], writers: Sequence[ModuleType], after_each: Callable[[], object]
) -> int:
    """Let worker after worker try, until one gets through; gives how many died.

    Args:
        work: what a worker does, with a connection of its own.
        writers: the modules that imported `execute_many`, whose writes are counted.
        after_each: what has to hold whenever one has died.
    """
    for dead in range(100):
        worker = os.fork()
        if worker == 0:
            _work_until(dead + 1, work, writers)
        _, status = os.waitpid(worker, 0)
        if status == 0:
            return dead
        assert os.WIFSIGNALED(status), "it broke off by itself"
        with db.database.connection_context():
            after_each()
    raise AssertionError("nobody got through")


def _work_until(last: int, work: Callable[[], object], writers: Sequence[ModuleType]) -> None:
    """In the child, of which nothing else of the test may go on: half of the last write, and no more."""
    left, write = [last], db.execute_many

    def mortal(statement: str, rows: Any) -> int:
        left[0] -= 1
        if left[0] == 0:
            write(statement, rows[: len(rows) // 2])
            os.kill(os.getpid(), signal.SIGKILL)
        return write(statement, rows)

    for module in (*writers, db):
        module.execute_many = mortal  # type: ignore[attr-defined]
    try:
        with db.database.connection_context():
            work()
    except BaseException:  # noqa: BLE001 - whatever it is, the parent is told by the status
        os._exit(1)
    os._exit(0)
