"""Workers that are killed with SIGKILL in the middle of a write: the first in its first, each next `step` writes later.

python -m tests.sync.mortal_worker DATA_DIR DATABASE_URL LOGIN_URL GRAPH_URL RUN_ID STEP

Prints how many died before one got through. Each is a process of its own, forked from this one, which has no thread
and no connection.
"""

import os
import signal
import sys
from itertools import count
from pathlib import Path
from typing import Any

from flask import Flask

from ppe import accounts, db, directory_links, exemptions, removed_memberships
from ppe.clock import utcnow
from ppe.config import Settings
from ppe.sync import apply, closing, mirror, planning, purposes, run, unattended, undoing
from tests.sync.desk import KEY


def main(folder: str, url: str, login_url: str, graph_url: str, run_id: str, step: str) -> None:
    app = app_of(folder, url, login_url, graph_url)
    for dead in count():
        worker = os.fork()
        if worker == 0:
            work(app, int(run_id), dies_at=1 + dead * int(step))
            os._exit(0)
        _, status = os.waitpid(worker, 0)
        if status == 0:
            sys.stdout.write(f"{dead}\n")
            return
        assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL, status  # noqa: PT018
        with db.database.connection_context():
            # The next tick finds the run at once: its worker's process is gone.
            assert run.waiting(utcnow()) == [int(run_id)]


def app_of(folder: str, url: str, login_url: str, graph_url: str) -> Flask:
    app = Flask("ppe")
    app.config["SETTINGS"] = Settings(
        "k" * 40, (KEY,), Path(folder), url, microsoft_login_url=login_url, graph_url=graph_url, testing=True
    )
    db.bind(app.config["SETTINGS"])
    return app


def work(app: Flask, run_id: int, dies_at: int) -> None:
    write, left = db.execute_many, [dies_at]

    def mortal_write(statement: str, rows: Any) -> int:
        left[0] -= 1
        if left[0] == 0:
            write(statement, rows[: len(rows) // 2])
            os.kill(os.getpid(), signal.SIGKILL)
        return write(statement, rows)

    writers = (
        accounts, apply, closing, directory_links, exemptions, mirror, planning, purposes, removed_memberships,
        unattended, undoing,
    )  # fmt: skip
    for module in writers:
        module.execute_many = mortal_write  # type: ignore[attr-defined]
    with app.app_context(), db.database.connection_context():
        run.proceed(run_id, utcnow)


if __name__ == "__main__":
    main(*sys.argv[1:])
