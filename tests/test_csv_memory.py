"""How much memory a large file takes: as much as a small one."""

import subprocess
import sys
from pathlib import Path

import pytest


def grown_by(folder: Path, lines: int) -> int:
    """By how many megabytes a worker grew over a file with so many lines."""
    folder.mkdir()
    command = [sys.executable, "-m", "tests.csv_worker", str(folder), str(lines)]
    said = subprocess.run(command, timeout=300, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()[-1]
    before, after, made = map(int, said.split())
    assert made == lines
    return after - before


@pytest.mark.slow
def test_ten_times_as_many_lines_take_no_more_memory(tmp_path: Path) -> None:
    few, many = grown_by(tmp_path / "few", 20_000), grown_by(tmp_path / "many", 200_000)
    assert many - few < 10  # what every line took would be more: a line and its account are 100 bytes at the least
    assert many < 60
