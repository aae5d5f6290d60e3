"""Two workers at the very same thing, who meet in the middle of it."""

import threading
from collections.abc import Callable
from contextlib import suppress
from types import ModuleType
from typing import Any

import pytest

from tests.conftest import OpenDatabase

PATIENCE = 0.2  # on SQLite one waits outside for the other, who therefore waits in vain


def at_once(
    open_database: OpenDatabase,
    monkeypatch: pytest.MonkeyPatch,
    module: ModuleType,
    looks: str,
    deed: Callable[[], object],
) -> None:
    """Both have looked, by the function `looks` of the module, before either of them acts."""
    look: Callable[..., Any] = getattr(module, looks)
    both_have_looked = threading.Barrier(2)

    def looks_and_waits(*arguments: object) -> Any:
        seen = look(*arguments)
        with suppress(threading.BrokenBarrierError):
            both_have_looked.wait(PATIENCE)
        return seen

    def work() -> None:
        with open_database():
            deed()

    with monkeypatch.context() as changed:
        changed.setattr(module, looks, looks_and_waits)
        workers = [threading.Thread(target=work) for _ in range(2)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
