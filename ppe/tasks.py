"""The queue: a doorbell. What is to be done stands in the tables, so that a lost task loses nothing."""

from collections.abc import Callable
from datetime import datetime
from functools import partial, wraps
from typing import Any

import structlog
from flask import Flask
from huey import Huey, crontab
from huey.storage import MemoryStorage, PostgresStorage, SqliteStorage

from ppe import work
from ppe.clock import utcnow
from ppe.config import Settings
from ppe.csv_import import line as csv_line
from ppe.db import database
from ppe.mail import mailer
from ppe.mass_update import line as mass_update_line
from ppe.models import CsvImport, MassUpdate
from ppe.operation import health, retention
from ppe.sync import daily, run, secret, tech_contact, unattended

log = structlog.get_logger()

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
    with structlog.contextvars.bound_contextvars(run=run_id):
        try:
            run.proceed(run_id, utcnow)
        except Exception:  # the queue itself would say so without the run's number
            log.exception("run broken off")


@huey.task(name="post")
@in_app
def post() -> None:
    """Send the mails that are due. Ring after the transaction that asked for one."""
    mailer.deliver_due(utcnow)


@huey.task(name="csv import")
@in_app
def import_csv(import_id: int) -> None:
    """Read a file, or import what was ticked of it; nothing happens if another worker has it."""
    csv_line.proceed(import_id, _app.config["SETTINGS"].phone_region, utcnow)


@huey.task(name="mass update")
@in_app
def update_many(mass_update_id: int) -> None:
    """Look at the accounts of a mass update, or change them; nothing happens if another worker has it."""
    mass_update_line.proceed(mass_update_id, utcnow)


@huey.task(name="sweep")
@in_app
def sweep() -> None:
    """Remove what is old; nothing happens if it was done today."""
    retention.sweep(_app.config["SETTINGS"].keep_runs_days, utcnow)


@huey.periodic_task(crontab(), name="tick")
@in_app
def tick() -> None:
    """Every minute: do what is due, find the runs that nobody works on and should, send what waits."""
    health.beat(utcnow())
    if retention.is_due(utcnow()):
        sweep()
    for name, due, deed in (
        ("sync", unattended.due, unattended.begin),
        ("tech contact", tech_contact.due, tech_contact.settle),
        ("secret", secret.due, secret.warn),
        ("summary", daily.due, daily.ask),
        ("runs", run.waiting, lambda run_id, _: sync(run_id)),
        ("CSV imports", partial(work.waiting, CsvImport), lambda import_id, _: import_csv(import_id)),
        ("mass updates", partial(work.waiting, MassUpdate), lambda update_id, _: update_many(update_id)),
    ):
        _do_what_is_due(name, due, deed)
    post()


def _do_what_is_due(name: str, due: Callable[[datetime], list[int]], deed: Callable[[int, datetime], object]) -> None:
    """One part of the tick; whatever is wrong with one deed must not hold up the others."""
    try:
        for row_id in due(utcnow()):
            try:
                deed(row_id, utcnow())
            except Exception:
                log.exception("part of the tick failed", part=name, row=row_id)
    except Exception:
        log.exception("part of the tick failed", part=name)


@huey.on_startup()
@in_app
def here() -> None:
    """A worker has started: say so, and do not wait a minute for the runs that a killed one left."""
    health.beat(utcnow())
    ring_all()


def ring_all() -> None:
    """Ring for all that waits for a worker: its task may have been lost with a killed process."""
    for run_id in run.waiting(utcnow()):
        sync(run_id)
    for import_id in work.waiting(CsvImport, utcnow()):
        import_csv(import_id)
    for mass_update_id in work.waiting(MassUpdate, utcnow()):
        update_many(mass_update_id)
