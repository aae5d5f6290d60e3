"""`make demo` as a newcomer meets it: the real processes, on free ports, in a folder of its own."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from tests.ports import free_port

pytestmark = pytest.mark.slow

Demo = subprocess.Popen[str]
Start = Callable[[], Demo]


@pytest.fixture
def ports() -> tuple[int, int]:
    """Two free ports."""
    return free_port(), free_port()


@pytest.fixture
def start(tmp_path: Path, ports: tuple[int, int]) -> Iterator[Start]:
    """Starts demos on one folder; what still runs at the end of a test is stopped."""
    demos: list[Demo] = []

    def one_more() -> Demo:
        demo = subprocess.Popen(
            (sys.executable, "-m", "ppe.practice.demo", "--folder", tmp_path / "demo"),
            env=os.environ | {"PORT": str(ports[0]), "PRACTICE_PORT": str(ports[1]), "PPE_DATABASE_URL": "nonsense"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        demos.append(demo)
        return demo

    yield one_more
    for demo in demos:
        demo.terminate()
        demo.communicate(timeout=15)


def said(demo: Demo) -> dict[str, str]:
    """The three lines that a demo prints when everything answers."""
    assert demo.stdout is not None
    lines = [demo.stdout.readline().rstrip("\n") for _ in range(3)]
    if not lines[-1]:
        raise AssertionError(demo.communicate()[1])
    assert [line.partition(": ")[0] for line in lines] == ["address", "user", "password"]
    return dict(line.split(": ", 1) for line in lines)


def process_of(demo: Demo, word: str) -> int:
    """The number of the demo's process whose command line has this word."""
    listing = subprocess.run(
        ("ps", "-o", "pid=,args=", "--ppid", str(demo.pid)), check=True, capture_output=True, text=True
    )
    return next(int(line.split()[0]) for line in listing.stdout.splitlines() if word in line)


def settings_page(demo: dict[str, str], tenant: str) -> str:
    """Sign in as a browser does, with the password and a code that arrives at the phone, and open Import & Sync."""
    with requests.Session() as browser:
        browser.trust_env = False

        def send(path: str, **typed: str) -> requests.Response:
            token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', browser.get(f"{demo['address']}/sign-in").text)
            assert token is not None
            answer = browser.post(f"{demo['address']}{path}", data={"csrf_token": token[1], **typed}, timeout=10)
            assert answer.status_code == 200, answer.text
            return answer

        asked = send("/sign-in/password", address=demo["user"], password=demo["password"])
        assert asked.url == f"{demo['address']}/sign-in/code", asked.text
        send("/sign-in/code/text")
        code = re.search(r"\b\d{6}\b", browser.get(f"{tenant}/practice/texts").json()[-1]["message"])
        assert code is not None
        arrived = send("/sign-in/code", code=code[0])
        assert arrived.url == f"{demo['address']}/", arrived.text
        return browser.get(f"{demo['address']}/import-sync/azure").text


def test_it_answers_keeps_its_data_and_stops_when_told(start: Start, ports: tuple[int, int], tmp_path: Path) -> None:
    first = start()
    told = said(first)
    page = settings_page(told, f"http://127.0.0.1:{ports[1]}")
    assert "Save &amp; Run Sync Now" in page
    assert 'value="contoso.example"' in page
    first.send_signal(signal.SIGTERM)
    assert first.wait(timeout=15) == 0
    assert said(start()) == told
    assert (tmp_path / "demo" / "password").stat().st_mode & 0o777 == 0o600


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="only Linux shows what a process was told")
def test_web_and_worker_send_to_the_practice_mailbox_and_phone(start: Start, ports: tuple[int, int]) -> None:
    demo = start()
    said(demo)
    assert demo.stdout is not None
    closing = "".join(demo.stdout.readline() for _ in range(3))
    tenant = f"http://127.0.0.1:{ports[1]}"
    told = requests.get(f"{tenant}/practice/tenant", timeout=5).json()
    for word in ("gunicorn", "huey_consumer"):
        environment = Path(f"/proc/{process_of(demo, word)}/environ").read_text().split("\0")
        assert {
            "PPE_MAIL_SERVER=127.0.0.1",
            f"PPE_MAIL_PORT={told['smtp_port']}",
            "PPE_MAIL_SECURITY=none",
            "PPE_MAIL_FROM=PPE <ppe@contoso.example>",
            f"PPE_SMS_URL={told['sms_url']}",
        } <= set(environment)
    for place in ("mailbox", "phone"):
        assert f"{tenant}/{place}" in closing


def test_it_can_be_killed_and_a_process_that_dies_ends_it(start: Start) -> None:
    killed = start()
    told = said(killed)
    killed.kill()
    demo = start()
    assert said(demo) == told
    os.kill(process_of(demo, "huey_consumer"), signal.SIGKILL)
    _, complaint = demo.communicate(timeout=15)
    assert "The worker process ended with code -9." in complaint
    assert "worker.log" in complaint
    assert demo.returncode == 1


@pytest.mark.parametrize(("number", "variable"), [(0, "PORT"), (1, "PRACTICE_PORT")])
def test_a_busy_port_is_said_before_anything_starts(
    start: Start, ports: tuple[int, int], tmp_path: Path, number: int, variable: str
) -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", ports[number]))
        busy.listen()
        _, complaint = start().communicate(timeout=15)
    assert f"Port {ports[number]} is in use." in complaint
    assert f"{variable}=" in complaint
    assert [path.name for path in (tmp_path / "demo").iterdir()] == ["demo.lock"]
