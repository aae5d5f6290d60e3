"""`make bench`: one JSON object on how fast the sync line is, and how flat its memory."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

PEOPLE, MORE_PEOPLE = 10_000, 50_000
ALIASES, GROUPS = 3, 200
ROUNDS = 5
AIMS = {"first_floor_ratio": 5, "unchanged_of_first": 0.05, "memory_growth_mb": 10}


def main() -> None:
    """Measure, and print what was measured with what we aim at."""
    small = _measured(PEOPLE, ROUNDS)
    large = _measured(MORE_PEOPLE, 1)
    found = {
        "people": PEOPLE,
        "aliases_each": ALIASES,
        "groups": GROUPS,
        "rounds": ROUNDS,
        "floor_seconds": round(small["floor"], 3),
        **{name: _steps(name, small) for name in ("first", "unchanged", "one_percent")},
        "unchanged_of_first": round(small["unchanged_all"] / small["first_all"], 3),
        "peak_memory_mb": {str(PEOPLE): round(small["peak"], 1), str(MORE_PEOPLE): round(large["peak"], 1)},
        "memory_growth_mb": round(large["peak"] - small["peak"], 1),
        "requests_of_50000": large["first_requests"],
        "first_floor_ratio_of_50000": round(large["first_all"] / large["floor"], 2),
        "aims": AIMS,
    }
    sys.stdout.write(json.dumps(found, indent=2) + "\n")


def _steps(name: str, seconds: dict[str, float]) -> dict[str, Any]:
    """One kind of run: how many people a second in each step, and its time over that of the floor."""
    steps = {
        step: {
            "people_per_second": round(PEOPLE / seconds[f"{name}_{step}"]),
            "floor_ratio": round(seconds[f"{name}_{step}"] / seconds["floor"], 2),
        }
        for step in ("pull", "plan", "apply", "all")
    }
    return steps | {"changes": seconds[f"{name}_changes"], "requests": seconds[f"{name}_requests"]}


def _measured(people: int, rounds: int) -> dict[str, float]:
    with _practice(people) as url:
        measuring = [sys.executable, "-m", "bench.line", url, str(rounds)]
        answer = subprocess.run(measuring, check=True, stdout=subprocess.PIPE, text=True)
        measured: dict[str, float] = json.loads(answer.stdout)
        return measured


@contextmanager
def _practice(people: int) -> Iterator[str]:
    """A practice tenant of that size, in a process of its own."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "ppe.practice", "--port", str(port), "--people", str(people)]
    command += ["--aliases", str(people * ALIASES), "--groups", str(GROUPS)]
    serving = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=Path(__file__).parent.parent, env=os.environ)
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_for(f"{url}/practice/tenant")
        yield url
    finally:
        serving.terminate()
        serving.wait()


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            requests.get(url, timeout=60).raise_for_status()
        except requests.ConnectionError:
            time.sleep(0.05)
        else:
            return
    sys.exit("The practice tenant did not start.")


if __name__ == "__main__":
    main()
