"""A real chromium, with JavaScript and without, before the real demo: its own processes, ports and folder each time."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, expect

LOOPBACK = "127.0.0.1"
expect.set_options(timeout=15_000)


@dataclass(frozen=True)
class Demo:
    """A demo that answers: the console's address, who signs in, and the practice tenant's address."""

    address: str
    user: str
    password: str
    practice: str

    def change(self, action: str, **what: str) -> None:
        """Change the practice tenant, as somebody in its own admin center would."""
        with requests.Session() as tenant:
            tenant.trust_env = False
            answer = tenant.post(f"{self.practice}/practice/changes", json={"action": action, **what}, timeout=10)
        assert answer.ok, answer.text


@pytest.fixture(scope="session")
def base_url() -> None:
    """Every demo has an address of its own. (pytest-playwright's own fixture of this name warns under pytest 9.2.)"""


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Debian's chromium. Where it is missing one may go without, but CI may not."""
    chromium = shutil.which("chromium")
    if chromium is None:
        reason = "There is no chromium on the PATH: apt-get install chromium."
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    args = ["--no-sandbox", "--disable-dev-shm-usage"]
    return browser_type_launch_args | {"executable_path": chromium, "args": args}


@pytest.fixture(params=[True, False], ids=["with JavaScript", "without JavaScript"])
def has_script(request: pytest.FixtureRequest) -> bool:
    """Whether the browser runs JavaScript."""
    return bool(request.param)


@pytest.fixture
def context(new_context: Callable[..., BrowserContext], has_script: bool) -> BrowserContext:
    """A browser that knows nobody yet."""
    return new_context(java_script_enabled=has_script)


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A tab; at its end it must have complained of nothing, and have asked nobody but this machine."""
    complaints: list[str] = []
    hosts: set[str | None] = set()

    def hear(message: ConsoleMessage) -> None:
        if message.type == "error":
            complaints.append(message.text)

    def note(request: Request) -> None:
        if not request.url.startswith("data:"):
            hosts.add(urlsplit(request.url).hostname)

    tab = context.new_page()
    tab.on("console", hear)
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.on("request", note)
    yield tab
    assert complaints == []
    assert hosts == {LOOPBACK}


@pytest.fixture
def demo(browser_type_launch_args: dict[str, Any], tmp_path: Path) -> Iterator[Demo]:
    """A demo that nobody has used yet. (It asks for chromium first: without one there is nothing to start it for.)"""
    port, practice_port = _free_ports()
    process = subprocess.Popen(
        (sys.executable, "-m", "ppe.practice.demo", "--folder", tmp_path / "demo"),
        env=os.environ | {"PORT": str(port), "PRACTICE_PORT": str(practice_port)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield Demo(**_said(process), practice=f"http://{LOOPBACK}:{practice_port}")
    finally:
        process.terminate()
        process.communicate(timeout=15)


def _free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as other:
        for probe in (one, other):
            probe.bind((LOOPBACK, 0))
        return one.getsockname()[1], other.getsockname()[1]


def _said(process: "subprocess.Popen[str]") -> dict[str, str]:
    """The three lines that a demo prints when everything answers."""
    assert process.stdout is not None
    lines = [process.stdout.readline().rstrip("\n") for _ in range(3)]
    if not lines[-1]:
        raise AssertionError(process.communicate(timeout=15)[1])
    return dict(line.split(": ", 1) for line in lines)
