"""The installation in the middle of it: its processes, its tables, its mailbox, and its administrator's browser."""

import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests

from ppe import create_app, db, domains, setup, tasks
from ppe.clock import utcnow
from ppe.config import Settings
from ppe.encryption import encrypt
from ppe.models import OFF, Connection, Domain, Organization
from ppe.practice.demo import Place
from ppe.practice.inbox import Inbox
from ppe.practice.mailbox import Mail, MailServer
from ppe.practice.weather import Weather
from ppe.sync import connection as connections
from ppe.sync import schedule
from tests.chaos.browser import Browser
from tests.chaos.directory import DOMAIN
from tests.chaos.processes import Process
from tests.ports import free_port

PASSWORD = "correct horse battery staple"
ADMINISTRATOR = f"ada.admin@{DOMAIN}"
DAY = timedelta(days=1)
LIMITS = {kind: [5, 1] for kind in ("removals", "disablings", "primaries", "leavings")}


class House:
    """Everything runs inside the `with` block, and nothing of it after."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.mails: Inbox[Mail] = Inbox()
        self.mail_weather = Weather()
        self._mailbox = MailServer(self.mails, self.mail_weather)
        place = Place(folder, free_port(), free_port())
        self.folder, self.tenant_address = folder, place.tenant_address
        environment = _environment(place, self._mailbox.start(0), database_url)
        tenant, web, worker = place.programs()
        folder.mkdir(parents=True, exist_ok=True)
        self.tenant = Process(tenant, environment, folder, f"{place.tenant_address}/practice/tenant")
        self.web = Process(web, environment, folder, f"{place.address}/sign-in")
        self.worker = Process(worker, environment, folder)
        self.programs = (self.tenant, self.web, self.worker)
        self.settings = replace(Settings.from_env(environment), log_level="ERROR")
        self.browser = Browser(place.address, ADMINISTRATOR, PASSWORD)
        # Where it does not become six o'clock meanwhile: days end here when the story says so.
        self.zone = "UTC" if utcnow().hour not in (5, 6) else "Asia/Tokyo"
        self._console = requests.Session()
        self._console.trust_env = False

    def __enter__(self) -> Self:
        try:
            self.tenant.start()
            self.tenant.wait_until_ready()
            self.app = create_app(self.settings)
            with self.tables():
                self._set_up()
            for program in (self.web, self.worker):
                program.start()
            self.web.wait_until_ready()
        except BaseException:
            self.end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def end(self) -> None:
        for program in self.programs:
            program.kill()
        self._mailbox.stop()
        tasks.huey.storage.close()  # ringing opened it, and a queue of PostgreSQL's keeps its connection

    @contextmanager
    def tables(self) -> Iterator[None]:
        """A connection of our own, for as short as can be."""
        with self.app.app_context(), db.database.connection_context():
            yield

    def change(self, **change: Any) -> dict[str, Any]:
        return self._ask("changes", change)

    def weather(self, action: str, **how: Any) -> None:
        self._ask("weather", {"action": action, **how})

    def ring(self) -> None:
        """What every minute does, without waiting for it: a tick in the queue, unless several wait there already."""
        if tasks.huey.pending_count() < 3:
            with self.app.app_context():
                tasks.tick()

    def hold_the_pen(self, seconds: float) -> None:
        """Somebody else writes to the database file, for longer than is polite."""
        if self.settings.database_url.startswith("sqlite"):
            threading.Thread(target=self._write_for, args=(seconds,), daemon=True).start()

    def make_due(self) -> bool:
        """The slot has come, and a day is over: the clock is moved, not waited for. Whether a summary is due now."""
        now = utcnow()
        Connection.update(next_sync_at=now - DAY).execute()
        last_six = schedule.summary_moment(self.zone, now)
        closed = Organization.update(summary_until=last_six - DAY).where(Organization.summary_until >= last_six)
        return bool(closed.execute())

    def _write_for(self, seconds: float) -> None:
        pen = sqlite3.connect(self.settings.database_url.removeprefix("sqlite:///"), isolation_level=None, timeout=5)
        try:
            pen.execute("BEGIN IMMEDIATE")
            time.sleep(seconds)
            pen.execute("ROLLBACK")
        except sqlite3.OperationalError:
            pass  # others held it for longer
        finally:
            pen.close()

    def _ask(self, what: str, said: dict[str, Any]) -> dict[str, Any]:
        answer = self._console.post(f"{self.tenant_address}/practice/{what}", json=said, timeout=30)
        told: dict[str, Any] = answer.json()
        assert answer.ok, (said, told)
        return told

    def _set_up(self) -> None:
        now = utcnow()
        beginning = setup.Beginning("Contoso", "Ada Admin", ADMINISTRATOR, PASSWORD)
        admin = setup.complete(beginning, now)
        organization = Organization.get()
        Organization.update(second_factor=OFF, tech_contact=admin, time_zone=self.zone, summary_until=now).execute()
        for name in {DOMAIN, "fabrikam.example"} - {domain.name for domain in Domain.select()}:
            domains.register(organization.id, name, domains.RELAY, "administrator", "Ada", now)
        told = self._console.get(f"{self.tenant_address}/practice/tenant", timeout=30).json()
        stored = connections.of(organization.id)
        Connection.update(
            primary_domain=told["domain"],
            application_id=told["application_id"],
            ad_key=encrypt(told["client_secret"]),
            tenant_id=told["tenant_id"],
            sync_frequency=1,
            next_sync_at=now.replace(year=now.year + 1),
            limits=LIMITS,
        ).where(Connection.id == stored.id).execute()


def _environment(place: Place, smtp_port: int, database_url: str) -> Mapping[str, str]:
    """The demo's, as a real installation whose mail goes to the mailbox of this process, which is never killed."""
    told = place.environment() | {
        "PPE_MAIL_SERVER": "127.0.0.1",
        "PPE_MAIL_PORT": str(smtp_port),
        "PPE_MAIL_SECURITY": "none",
        "PPE_MAIL_FROM": f"PPE <ppe@{DOMAIN}>",
        "PPE_DATABASE_URL": database_url,
    }
    del told["PPE_DEMO"]
    return told
