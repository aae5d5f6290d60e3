"""One measurement in a process of its own: python -m bench.line PRACTICE_URL; prints one JSON object."""

import json
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests
import structlog
from cryptography.fernet import Fernet
from flask import Flask

from bench import floor
from ppe import db
from ppe.clock import utcnow
from ppe.config import Settings
from ppe.encryption import encrypt
from ppe.models import Account, Connection, Domain, Organization, SyncRun
from ppe.sync import claim, review, run
from ppe.sync.planning import Planner

DOMAINS = ("contoso.example", "fabrikam.example")
Timings = dict[str, float]


def measure(practice: str, rounds: int) -> dict[str, Any]:
    """Medians over fresh databases; what the line does and what its floor does take turns."""
    tenant = requests.get(f"{practice}/practice/tenant", timeout=60).json()
    hosts = (f"{practice}/login", f"{practice}/graph/v1.0")
    taken: list[Timings] = []
    before = _peak()
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            timings = _line(Path(folder), hosts, tenant, practice)
            timings["peak"] = _peak() - before
            timings["floor"] = floor.seconds(Path(folder), *hosts, tenant)
            taken.append(timings)
    medians = {name: statistics.median(timings[name] for timings in taken) for name in taken[0]}
    return medians | {"peak": taken[0]["peak"]}


def _line(folder: Path, hosts: tuple[str, str], tenant: dict[str, str], practice: str) -> Timings:
    settings = Settings(
        "k" * 40,
        (Fernet.generate_key().decode(),),
        folder,
        f"sqlite:///{folder}/ppe.db",
        microsoft_login_url=hosts[0],
        graph_url=hosts[1],
    )
    app = Flask("ppe")
    app.config["SETTINGS"] = settings
    db.bind(settings)
    db.migrate(settings)
    with app.app_context(), db.database.connection_context():
        connection = _organization(tenant)
        first = _sync(connection, practice, "first")
        accounts = Account.select().count()
        unchanged = _sync(connection, practice, "unchanged")
        _change_one_percent(practice, accounts)
        return first | unchanged | _sync(connection, practice, "one_percent") | {"accounts": accounts}


def _organization(tenant: dict[str, str]) -> Connection:
    now = utcnow()
    organization = Organization.create(name="Bench", created_at=now)
    for name in DOMAINS:
        Domain.create(organization=organization, name=name, kind="relay", proof="tenant", created_at=now)
    made: Connection = Connection.create(
        organization=organization,
        primary_domain=tenant["domain"],
        application_id=tenant["application_id"],
        ad_key=encrypt(tenant["client_secret"]),
        tenant_id=tenant["tenant_id"],
    )
    return made


def _sync(connection: Connection, practice: str, name: str) -> Timings:
    """One run from start to end, step by step."""
    asked = _requests(practice)
    planning = [0.0]
    whole = Planner.plan_page

    def timed(planner: Planner, *arguments: Any) -> None:
        planning[0] += _timed(lambda: whole(planner, *arguments))

    Planner.plan_page = timed  # type: ignore[method-assign, assignment] # its share of a page's transaction
    try:
        settings = Connection.get_by_id(connection.id)
        begun = run.start(settings, by=None, by_name="bench", send_welcome_mails=False, now=utcnow())
        working = claim.take(begun.id, utcnow())
        assert working is not None
        pulling = _timed(lambda: run.pull(working, utcnow))
        behind = planning[0]
        closing = _timed(lambda: run.plan(working, utcnow))
    finally:
        Planner.plan_page = whole  # type: ignore[method-assign]
    planned = SyncRun.get_by_id(begun.id)
    review.accept(planned, "bench", utcnow())
    applying = _timed(lambda: run.proceed(planned.id, utcnow))
    done = SyncRun.get_by_id(planned.id)
    assert done.state == "done", done.error_sentence
    assert done.applied == done.to_apply
    return {
        f"{name}_pull": pulling - behind,
        f"{name}_plan": behind + closing,
        f"{name}_apply": applying,
        f"{name}_all": pulling + closing + applying,
        f"{name}_changes": done.applied,
        f"{name}_requests": _requests(practice) - asked,
    }


def _change_one_percent(practice: str, people: int) -> None:
    """Rename every hundredth of the people."""
    chosen = Account.select(Account.directory_id).where(Account.type == "end_user").limit(people // 100)
    for account in chosen:
        change = {"action": "rename", "id": account.directory_id, "name": f"Renamed {time.time_ns()}"}
        requests.post(f"{practice}/practice/changes", json=change, timeout=60).raise_for_status()


def _timed(step: Callable[[], object]) -> float:
    started = time.perf_counter()
    step()
    return time.perf_counter() - started


def _requests(practice: str) -> int:
    return len(requests.get(f"{practice}/practice/log", timeout=60).json())


def _peak() -> float:
    """The most memory this process ever held, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    # What the line says in the log must not get between the figures; as in production it goes to standard error.
    structlog.configure(logger_factory=structlog.WriteLoggerFactory(file=sys.stderr))
    sys.stdout.write(json.dumps(measure(sys.argv[1], int(sys.argv[2]))))
