"""The queue: a doorbell. What is to be done stands in the tables, so that a lost task loses nothing."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Flask
from huey import Huey, crontab
from huey.storage import MemoryStorage, PostgresStorage, SqliteStorage

from ppe import mailer
from ppe.clock import utcnow
from ppe.config import Settings
from ppe.db import database
from ppe.sync import run, unattended

huey = Huey("ppe", storage_class=MemoryStorage, results=False)
_app: Flask


def init_app(app: Flask) -> None:
    """Bind the one queue to this app and to the storage that its settings name."""
    global _app  # noqa: PLW0603 - tasks register on one module-level queue, so the app has to come to it
    _app = app
    huey.storage = _storage(app.config["SETTINGS"])


def _storage(settings: Settings) -> Any:
    if settings.testing:
        return MemoryStorage("ppe")
    if settings.database_url.startswith("postgresql"):
        return PostgresStorage("ppe", dsn=settings.database_url)
    return SqliteStorage("ppe", filename=str(settings.data_dir / "queue.db"))


def in_app(task: Callable[..., None]) -> Callable[..., None]:
    """Give a task the app and a database connection of its own, without holding a transaction."""

    @wraps(task)
    def wrapped(*arguments: object) -> None:
        with _app.app_context(), database.connection_context():
            task(*arguments)

    return wrapped


@huey.task(name="sync")
@in_app
def sync(run_id: int) -> None:
    """Take a run as far as it goes now; nothing happens if another worker has it."""
    run.proceed(run_id, utcnow)


@huey.task(name="post")
@in_app
def post() -> None:
    """Send the mails that are due. Ring after the transaction that asked for one."""
    mailer.deliver_due(utcnow)


@huey.periodic_task(crontab(), name="tick")
@in_app
def tick() -> None:
    """Every minute: begin the syncs that are due, find the runs that nobody works on and should, send what waits."""
    for connection_id in unattended.due(utcnow()):
        unattended.begin(connection_id, utcnow())
    ring_all()
    post()


@huey.on_startup()
@in_app
def ring_all() -> None:
    """Ring for every run that waits for a worker: its task may have been lost with a killed process."""
    for run_id in run.waiting(utcnow()):
        sync(run_id)
