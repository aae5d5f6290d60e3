"""The demo's processes: started with a log each, watched, and ended together. Knows nothing of what they do."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import requests

SECONDS_TO_START, SECONDS_TO_STOP = 60, 10
SET_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of prctl(2)


class Trouble(Exception):
    """The demo cannot go on; the sentence says what to do."""


@dataclass(frozen=True, slots=True)
class Program:
    """A Python module to run: its name in our words, its command line, and the signal that ends it in order."""

    name: str
    command: Sequence[str]
    farewell: signal.Signals = signal.SIGTERM


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where programs run, what they are told, and which folder takes their logs."""

    root: Path
    environment: Mapping[str, str]
    logs: Path


class Children:
    """The processes of one demo. Leaving the `with` block ends those that were started."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings
        self._running: list[tuple[Program, subprocess.Popen[bytes]]] = []

    def __enter__(self) -> "Children":
        return self

    def __exit__(self, *_: object) -> None:
        """Ask every one to end, the last first, and insist after a while."""
        for program, process in reversed(self._running):
            if process.poll() is None:
                process.send_signal(program.farewell)
        deadline = time.monotonic() + SECONDS_TO_STOP
        for _program, process in self._running:
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def start(self, program: Program, told: Mapping[str, str] | None = None) -> None:
        """Start a program, which may be told more than the others. It ends with this process, even a killed one."""
        around = self._surroundings
        with self.log_of(program).open("wb") as log:
            process = subprocess.Popen(  # noqa: S603 - our own modules, with arguments made here
                (sys.executable, "-m", *program.command),
                cwd=around.root,
                env={**around.environment, **(told or {})},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl+C reaches this process alone, which then ends its children in order
                preexec_fn=_ending_with_parent(program.farewell),  # noqa: PLW1509 - the demo has no threads
            )
        self._running.append((program, process))

    def require_all(self) -> None:
        """Notice a process that has ended.

        Raises:
            Trouble: there is one; the sentence names its log.
        """
        for program, process in self._running:
            if process.poll() is not None:
                raise Trouble(
                    f"The {program.name} process ended with code {process.returncode}. "
                    f"Its log says why: {self.log_of(program)}"
                )

    def wait_for(self, address: str) -> requests.Response:
        """The first good answer from an address that one of the processes is about to serve.

        Raises:
            Trouble: a process ended, or nobody answered for a minute.
        """
        deadline = time.monotonic() + SECONDS_TO_START
        while time.monotonic() < deadline:
            self.require_all()
            try:
                if (answer := _asked(address)).status_code == 200:
                    return answer
            except requests.RequestException:
                pass
            time.sleep(0.05)
        raise Trouble(
            f"{address} did not answer within {SECONDS_TO_START} seconds. The logs are in {self._surroundings.logs}"
        )

    def log_of(self, program: Program) -> Path:
        """Where a program writes."""
        return self._surroundings.logs / f"{program.name}.log"


def require_free(variable: str, port: int, patience: float) -> None:
    """Make sure that a port on loopback is free, or becomes so in as many seconds as `patience` says.

    Raises:
        Trouble: it is not; the sentence names the variable that chooses another.
    """
    deadline = time.monotonic() + patience
    while not _is_free(port):
        if time.monotonic() > deadline:
            raise Trouble(f"Port {port} is in use. Choose another one: {variable}={_next_to(port)} make demo")
        time.sleep(0.1)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _next_to(port: int) -> int:
    return port + 100 if port + 100 < 65536 else port - 100


def _asked(address: str) -> requests.Response:
    """One answer from this machine itself, whatever proxy the environment names."""
    with requests.Session() as session:
        session.trust_env = False
        return session.get(address, timeout=10)


def _ending_with_parent(farewell: signal.Signals) -> Callable[[], None] | None:
    """What a new process asks Linux for before its program begins; elsewhere a kill -9 leaves the processes behind."""
    if sys.platform != "linux":
        return None
    prctl, parent = ctypes.CDLL(None).prctl, os.getpid()

    def ask() -> None:
        prctl(SET_PARENT_DEATH_SIGNAL, farewell)
        if os.getppid() != parent:  # it was killed before we could ask
            os._exit(1)

    return ask
