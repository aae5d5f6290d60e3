"""`python -m ppe.practice.demo`: the product beside a practice tenant, on this machine alone, nothing to configure.

Three processes, each with a log of its own: the practice tenant, the web server and the worker. What they know lies in
`.demo/` and is kept between starts.
"""

import argparse
import fcntl
import os
import secrets
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ppe import PROJECT_ROOT, create_app
from ppe.config import Settings
from ppe.db import database
from ppe.errors import PPEError
from ppe.practice.children import Children, Program, Surroundings, Trouble, require_free
from ppe.practice.seed import USER, register_addresses, seed

SECONDS_AFTER_A_KILL = 10
ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the demo lives: its folder and its two ports on loopback."""

    folder: Path
    port: int
    practice_port: int

    @property
    def address(self) -> str:
        """Where the console is."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def tenant_address(self) -> str:
        """Where the practice tenant is: Microsoft's two hosts, and a page for people."""
        return f"http://127.0.0.1:{self.practice_port}"

    def environment(self) -> dict[str, str]:
        """What the processes are told. The settings of a real installation must not leak into the demo."""
        inherited = {name: text for name, text in os.environ.items() if not name.startswith(("PPE_", "GUNICORN_"))}
        return inherited | {
            "PORT": str(self.port),
            "PYTHONUNBUFFERED": "1",
            "PPE_DATA_DIR": str(self.folder),
            "PPE_DEMO": "true",
            "PPE_TRUST_ADMINISTRATORS_DOMAINS": "true",  # nobody's DNS knows the practice tenant's domains
            "PPE_PUBLIC_URL": self.address,
            "PPE_MICROSOFT_LOGIN_URL": f"{self.tenant_address}/login",
            "PPE_GRAPH_URL": f"{self.tenant_address}/graph/v1.0",
        }

    def programs(self) -> tuple[Program, Program, Program]:
        """Tenant, web and worker. When interrupted the tenant saves itself, and the web server waits for nobody."""
        state = str(self.folder / "tenant.json")
        web = ("--bind", f"127.0.0.1:{self.port}", "--worker-class", "gthread", "--threads", "4")
        worker = ("--workers", "2", "--max-delay", "1", "--graceful-signal", "TERM", "--logfile", os.devnull)
        return (
            Program("tenant", ("ppe.practice", "--port", str(self.practice_port), "--state", state), signal.SIGINT),
            Program("web", ("gunicorn", "app:app", *web, "--no-control-socket"), signal.SIGINT),
            Program("worker", ("huey.bin.huey_consumer", "app.huey", *worker)),
        )


def main() -> None:
    """Run the demo until it is interrupted."""
    for ending in ENDINGS:
        signal.signal(ending, signal.default_int_handler)
    try:
        place = _place()
        with _alone(place.folder) as patience:
            require_free("PORT", place.port, patience)
            require_free("PRACTICE_PORT", place.practice_port, patience)
            _run(place)
    except KeyboardInterrupt:
        sys.stdout.write("\nThe demo has stopped. Its data is kept; `make demo-reset` forgets it.\n")
    except (Trouble, PPEError) as trouble:
        sys.exit(f"The demo has stopped. {trouble}")


def _run(place: Place) -> None:
    """Tenant, seed, web and worker, in this order; then watch them until a signal comes."""
    tenant, web, worker = place.programs()
    with Children(Surroundings(PROJECT_ROOT, place.environment(), place.folder)) as children:
        try:
            children.start(tenant)
            credentials = children.wait_for(f"{place.tenant_address}/practice/tenant").json()
            post = _post_offices(credentials)
            password = _password(place.folder)
            settings = _quiet_settings(place, post)
            register_addresses(place.tenant_address, settings)
            with create_app(settings).app_context(), database.connection_context():
                seed(settings, password, credentials, place.tenant_address)
            children.start(web, post)
            children.start(worker, post)
            children.wait_for(f"{place.address}/sign-in")
            _say(place, password)
            while True:
                children.require_all()
                time.sleep(0.2)
        finally:
            for ending in ENDINGS:  # a second Ctrl+C must not cut the farewell short
                signal.signal(ending, signal.SIG_IGN)


def _post_offices(tenant: dict[str, Any]) -> dict[str, str]:
    """Where mails and text messages go: to the practice tenant, which shows them. It knows its ports when it runs."""
    return {
        "PPE_MAIL_SERVER": "127.0.0.1",
        "PPE_MAIL_PORT": str(tenant["smtp_port"]),
        "PPE_MAIL_SECURITY": "none",
        "PPE_MAIL_FROM": "PPE <ppe@contoso.example>",
        "PPE_SMS_URL": tenant["sms_url"],
    }


def _quiet_settings(place: Place, post: dict[str, str]) -> Settings:
    """The demo's settings for this process, whose output is for the three lines alone."""
    return replace(Settings.from_env(place.environment() | post), log_level="WARNING")


def _password(folder: Path) -> str:
    """The administrator's password: made at the first start, and kept for its owner's eyes alone."""
    path = folder / "password"
    if not path.exists():
        if (folder / "ppe.db").exists():
            raise Trouble(f"{path} is missing, so nobody can sign in. `make demo-reset` begins anew.")
        aside = path.with_suffix(".new")
        aside.touch(mode=0o600)
        aside.write_text("-".join(secrets.token_hex(2) for _ in range(4)))
        aside.rename(path)
    return path.read_text()


def _say(place: Place, password: str) -> None:
    sys.stdout.write(
        f"address: {place.address}\nuser: {USER}\npassword: {password}\n\n"
        "With Microsoft the address is enough. With the password comes a code, which arrives at "
        f"{place.tenant_address}/phone; mails arrive at {place.tenant_address}/mailbox.\n"
        f"Ctrl+C stops it. Hire, rename or remove people at {place.tenant_address}, then run a sync.\n"
    )
    sys.stdout.flush()


def _place() -> Place:
    parser = argparse.ArgumentParser(prog="python -m ppe.practice.demo", description="PPE beside a practice tenant.")
    parser.add_argument("--folder", type=Path, default=PROJECT_ROOT / ".demo", help="where the demo keeps its data")
    folder: Path = parser.parse_args().folder.resolve()
    place = Place(folder, _port("PORT", 8000), _port("PRACTICE_PORT", 8001))
    if place.port == place.practice_port:
        raise Trouble("PORT and PRACTICE_PORT must differ.")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return place


def _port(variable: str, otherwise: int) -> int:
    text = os.environ.get(variable) or str(otherwise)
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        raise Trouble(f"{variable} must be a number between 1 and 65535, not {text}.")
    return int(text)


@contextmanager
def _alone(folder: Path) -> Iterator[float]:
    """Keep other demos off the same data; gives how many seconds the ports may take to become free.

    A mark in the lock's file outlives a demo that is killed: its processes need a moment to notice that.
    """
    with (folder / "demo.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Trouble(f"Another demo is running on {folder}.") from None
        was_killed = lock.tell() > 0
        lock.write("running")
        lock.flush()
        try:
            yield SECONDS_AFTER_A_KILL if was_killed else 0
        finally:
            lock.truncate(0)


if __name__ == "__main__":
    main()
