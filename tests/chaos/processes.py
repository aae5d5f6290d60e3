"""Tenant, web and worker as real processes of the demo's own commands, to be killed and started again."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import requests

from ppe import PROJECT_ROOT
from ppe.practice.children import Program

SECONDS_TO_START = 60
# Becomes the program itself, after asking Linux to end it with us, however we end.
_WITH_US = (
    "import ctypes, os, sys; sys.platform == 'linux' and ctypes.CDLL(None).prctl(1, 9);"
    " os.execv(sys.executable, [sys.executable, '-m', *sys.argv[1:]])"
)


class Process:
    """One program, which runs or does not."""

    def __init__(self, program: Program, environment: Mapping[str, str], logs: Path, ready: str | None = None) -> None:
        self.name = program.name
        self._command = (sys.executable, "-c", _WITH_US, *program.command)
        self._environment = {**environment, "PYTHONPATH": str(PROJECT_ROOT)}
        self._log = logs / f"{program.name}.log"
        self._ready = ready
        self._running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._running = subprocess.Popen(
                self._command,
                cwd=PROJECT_ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def runs(self) -> bool:
        return self._running is not None and self._running.poll() is None

    def kill(self) -> None:
        """SIGKILL for it and its children: nothing is finished, nothing is said."""
        if self._running is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._running.pid, signal.SIGKILL)
            self._running.wait()
        self._running = None

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Stopped in the middle of whatever it does, as on a machine that has too much to do."""
        assert self._running is not None
        with suppress(ProcessLookupError):
            os.killpg(self._running.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            with suppress(ProcessLookupError):
                os.killpg(self._running.pid, signal.SIGCONT)

    def wait_until_ready(self) -> None:
        """Until it answers; a program that nobody can ask is ready when it runs."""
        deadline = time.monotonic() + SECONDS_TO_START
        while self._ready is not None:
            if not self.runs or time.monotonic() > deadline:
                raise AssertionError(f"The {self.name} did not start: {self.last_words()}")
            with suppress(requests.RequestException), requests.Session() as session:
                session.trust_env = False
                if session.get(self._ready, timeout=5).status_code == 200:
                    return
            time.sleep(0.05)

    def last_words(self) -> str:
        return self._log.read_text(errors="replace")[-3000:] if self._log.exists() else ""
