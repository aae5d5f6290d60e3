"""A real chromium, with JavaScript and without, before the real demo: its own processes, ports and folder each time.

What needs no worker stands before `office` instead, in the process of the test.

`demo` is one that nobody has used yet. `staffed` is shared by the tests that leave it as they found it: its people have
come with a sync, and everybody is asked for a code.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, expect

from tests.browser.demo import Demo
from tests.browser.scene import Scene, scene
from tests.browser.sign_in_steps import staff
from tests.browser.steps import come_in
from tests.ports import free_port

LOOPBACK = "127.0.0.1"
expect.set_options(timeout=15_000)


@dataclass
class Watch:
    """What the tabs of a test complained of, and whom they asked. What has to be complained of is said beforehand."""

    foreseen: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    hosts: set[str | None] = field(default_factory=set)

    def tab(self, context: BrowserContext) -> Page:
        """Open a tab, and watch it."""
        tab = context.new_page()
        tab.on("console", self._hear)
        tab.on("pageerror", lambda error: self.complaints.append(str(error)))
        tab.on("request", self._note)
        return tab

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(message.text)

    def _note(self, request: Request) -> None:
        if not request.url.startswith("data:"):
            self.hosts.add(urlsplit(request.url).hostname)


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


@pytest.fixture(params=[True, False], ids=["with JavaScript", "without JavaScript"], scope="session")
def has_script(request: pytest.FixtureRequest) -> bool:
    """Whether the browser runs JavaScript."""
    return bool(request.param)


@pytest.fixture
def context(new_context: Callable[..., BrowserContext], has_script: bool) -> BrowserContext:
    """A browser that knows nobody yet."""
    return new_context(java_script_enabled=has_script)


@pytest.fixture
def watch() -> Iterator[Watch]:
    """Watches the tabs of a test: in the end they have complained of nothing, and asked nobody but this machine."""
    watch = Watch()
    yield watch
    for words in watch.foreseen:
        assert any(words in complaint for complaint in watch.complaints), f"Nothing was said of {words}."
    assert [said for said in watch.complaints if not any(words in said for words in watch.foreseen)] == []
    assert watch.hosts == {LOOPBACK}


@pytest.fixture
def page(context: BrowserContext, watch: Watch) -> Page:
    """A tab."""
    return watch.tab(context)


@pytest.fixture
def another(new_context: Callable[..., BrowserContext], has_script: bool, watch: Watch) -> Page:
    """A tab of a second browser, which knows nobody yet either."""
    return watch.tab(new_context(java_script_enabled=has_script))


@pytest.fixture
def demo(browser_type_launch_args: dict[str, Any], tmp_path: Path) -> Iterator[Demo]:
    """A demo that nobody has used yet. (It asks for chromium first: without one there is nothing to start it for.)"""
    with _started(tmp_path / "demo") as demo:
        yield demo


@pytest.fixture(scope="session")
def staffed(browser: Browser, has_script: bool, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A demo with people in it, one for the tests with JavaScript and one for those without."""
    with _started(tmp_path_factory.mktemp("staffed") / "demo") as demo:
        context = browser.new_context(java_script_enabled=has_script)
        staff(context.new_page(), demo, has_script)
        context.close()
        yield demo


@pytest.fixture
def office(browser_type_launch_args: dict[str, Any], tmp_path: Path) -> Iterator[Scene]:
    """A console with something on every page, in this process; nobody works for it. It is there in a second."""
    with scene(tmp_path / "office") as office:
        yield office


@pytest.fixture
def ada(page: Page, office: Scene) -> Page:
    """The tab of Contoso's administrator, who has just come in."""
    come_in(page, office.address, "ada@contoso.example")
    return page


@contextmanager
def _started(folder: Path) -> Iterator[Demo]:
    port, practice_port = free_port(), free_port()
    process = subprocess.Popen(
        (sys.executable, "-m", "ppe.practice.demo", "--folder", folder),
        env=os.environ | {"PORT": str(port), "PRACTICE_PORT": str(practice_port)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield Demo(**_said(process), practice=f"http://{LOOPBACK}:{practice_port}", folder=folder)
    finally:
        process.terminate()
        process.communicate(timeout=15)


def _said(process: "subprocess.Popen[str]") -> dict[str, str]:
    """The three lines that a demo prints when everything answers."""
    assert process.stdout is not None
    lines = [process.stdout.readline().rstrip("\n") for _ in range(3)]
    if not lines[-1]:
        raise AssertionError(process.communicate(timeout=15)[1])
    return dict(line.split(": ", 1) for line in lines)
