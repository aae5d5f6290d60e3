"""A run that somebody watches from a terminal: worked on in this process to its end, with a word now and then."""

import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from threading import Thread

from flask import Flask

from ppe.db import database
from ppe.models import SyncRun
from ppe.sync import run
from ppe.sync.pull import Clock

LOOKS_EVERY = 1.0


def to_the_end(app: Flask, run_id: int, clock: Clock, say: Callable[[str], None]) -> SyncRun:
    """Work on a run until nothing happens to it by itself any more, and say how far it is whenever that has changed.

    Where a worker has taken it, its progress is said all the same. If this process is killed, a worker goes on.
    """
    said = ""
    while True:
        work = _begin(app, run_id, clock)
        while not work.done():
            wait([work], LOOKS_EVERY)
            found: SyncRun = SyncRun.get_by_id(run_id)
            words = run.progress(found).sentence
            if found.is_working and words != said:
                say(words)
                said = words
        work.result()
        found = SyncRun.get_by_id(run_id)
        if not found.is_working:
            return found
        time.sleep(LOOKS_EVERY)


def _begin(app: Flask, run_id: int, clock: Clock) -> Future[None]:
    """In a thread that does not keep the process alive: Ctrl+C ends it as a kill would, which every run survives."""
    done: Future[None] = Future()

    def work() -> None:
        try:
            with app.app_context(), database.connection_context():
                run.proceed(run_id, clock)
        except BaseException as broken:  # noqa: BLE001 - it is raised where it is waited for
            done.set_exception(broken)
        else:
            done.set_result(None)

    Thread(target=work, daemon=True).start()
    return done
