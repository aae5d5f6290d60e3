"""A PostgreSQL server of the tests' own, in a folder that is gone afterwards and on a port of this machine alone."""

import ctypes
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

import psycopg

from tests.ports import free_port

MISSING = "There is no initdb on the PATH or under /usr/lib/postgresql: apt-get install postgresql."
TEMPLATE = "template1"  # what PostgreSQL itself begins with
HOST, SUPERUSER, OWNER = "127.0.0.1", "postgres", "ppe"
SECONDS_TO_START = 60
# Nothing of it outlives its process, so nothing has to reach the disk.
UNSAFE_AND_QUICK = {
    "autovacuum": "off",
    "fsync": "off",
    "full_page_writes": "off",
    "listen_addresses": HOST,
    "max_wal_senders": "0",
    "synchronous_commit": "off",
    "unix_socket_directories": "",
    "wal_level": "minimal",
}


class Server:
    """A running server, and the databases that its one role, which is no superuser, may make and drop."""

    def __init__(self, port: int, password: str) -> None:
        self._port, self._password = port, password
        self._numbers = count(1)

    def url(self, name: str) -> str:
        """The address of a database, password included."""
        return f"postgresql://{OWNER}:{quote(self._password, safe='')}@{HOST}:{self._port}/{name}"

    def create(self, template: str = TEMPLATE) -> str:
        """A new database, as its template is; gives its name. The files are copied: the log would be slower."""
        name = f"ppe_{next(self._numbers)}"
        self._run(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        return name

    @contextmanager
    def lending(self, template: str = TEMPLATE) -> Iterator[Callable[[Path], str]]:
        """Makes databases and tells their addresses; after the block they are dropped, whoever is connected to them."""
        lent: list[str] = []

        def lend(_: Path) -> str:
            lent.append(self.create(template))
            return self.url(lent[-1])

        try:
            yield lend
        finally:
            for name in lent:
                self._run(f"DROP DATABASE {name} WITH (FORCE)")

    def _run(self, statement: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())


def programs() -> Path | None:
    """The folder of the server's programs: that of the PATH, or Debian's newest; None where there are none."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    debians = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    return max((found.parent for found in debians), key=lambda folder: float(folder.parent.name), default=None)


@contextmanager
def running(programs: Path) -> Iterator[Server]:
    """A new server, which ends with the block, and with this process however that ends."""
    with TemporaryDirectory(prefix="ppe-postgresql-") as made:
        folder, password = Path(made), f"{secrets.token_urlsafe()} @/%"  # with signs that an address has to escape
        port = free_port()
        _make(programs, folder, port, password)
        with (folder / "log").open("wb") as log:
            command = (programs / "postgres", "-D", folder / "cluster")
            server = subprocess.Popen(command, **_as_nobody_special(folder), stdout=log, stderr=log)
        try:
            _wait_for(server, port, password, folder / "log")
            yield Server(port, password)
        finally:
            server.send_signal(signal.SIGQUIT)  # at once: there is nothing to keep
            server.wait()


def _make(programs: Path, folder: Path, port: int, password: str) -> None:
    """A cluster that sorts as a language does, which most servers do and SQLite does not."""
    secret = folder / "password"
    secret.write_text(password)
    secret.chmod(0o644)  # in a folder that nobody else can enter
    options = ("--username", SUPERUSER, "--pwfile", secret, "--auth", "scram-sha-256")
    sorting = ("--encoding", "UTF8", "--locale", "C.UTF-8", "--locale-provider", "icu", "--icu-locale", "en")
    command = (programs / "initdb", "--pgdata", folder / "cluster", *options, *sorting, "--no-sync")
    made = subprocess.run(command, **_as_nobody_special(folder), capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    with (folder / "cluster" / "postgresql.conf").open("a") as settings:
        for name, value in (UNSAFE_AND_QUICK | {"port": str(port)}).items():
            settings.write(f"{name} = '{value}'\n")


def _as_nobody_special(folder: Path) -> dict[str, Any]:
    """How to start the programs, which refuse to run as root: as Debian's user for them, or as nobody."""
    started: dict[str, Any] = {"cwd": folder}
    if sys.platform == "linux":
        started["preexec_fn"] = partial(ctypes.CDLL(None).prctl, 1, signal.SIGQUIT)  # to end with its parent
    if os.geteuid() == 0:
        users = {user.pw_name: user for user in pwd.getpwall()}
        user = users.get("postgres") or users["nobody"]
        os.chown(folder, user.pw_uid, user.pw_gid)
        started |= {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": ()}
    return started


def _wait_for(server: "subprocess.Popen[bytes]", port: int, password: str, log: Path) -> None:
    """Until it answers; then it gets the role that owns the tests' databases, as an installation's does."""
    deadline = time.monotonic() + SECONDS_TO_START
    while True:
        try:
            with psycopg.connect(
                host=HOST, port=port, user=SUPERUSER, password=password, dbname="postgres", autocommit=True
            ) as connection:
                connection.execute(f"CREATE ROLE {OWNER} LOGIN CREATEDB CREATEROLE PASSWORD '{password}'".encode())
                return
        except psycopg.OperationalError:
            if server.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(log.read_text()) from None
            time.sleep(0.01)
