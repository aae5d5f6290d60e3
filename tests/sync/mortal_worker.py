"""A worker in a process of its own that is killed with SIGKILL in the middle of its n-th write.

python -m tests.sync.mortal_worker DATA_DIR DATABASE_URL LOGIN_URL GRAPH_URL RUN_ID N
"""

import os
import signal
import sys
from pathlib import Path
from typing import Any

from flask import Flask

from ppe import accounts, db
from ppe.clock import utcnow
from ppe.config import Settings
from ppe.sync import apply, closing, mirror, planning, run
from tests.sync.desk import KEY


def work(folder: str, url: str, login_url: str, graph_url: str, run_id: str, dies_at: str) -> None:
    app = Flask("ppe")
    app.config["SETTINGS"] = Settings(
        "k" * 40, (KEY,), Path(folder), url, microsoft_login_url=login_url, graph_url=graph_url, testing=True
    )
    db.bind(app.config["SETTINGS"])
    write, left = db.execute_many, [int(dies_at)]

    def mortal_write(statement: str, rows: Any) -> int:
        left[0] -= 1
        if left[0] == 0:
            write(statement, rows[: len(rows) // 2])
            os.kill(os.getpid(), signal.SIGKILL)
        return write(statement, rows)

    for module in (accounts, apply, closing, mirror, planning):
        module.execute_many = mortal_write  # type: ignore[attr-defined]
    with app.app_context(), db.database.connection_context():
        run.proceed(int(run_id), utcnow)


if __name__ == "__main__":
    work(*sys.argv[1:])
