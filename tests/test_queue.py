"""The queue that an installation has, on either database: what one process asks for, one worker of another takes."""

from collections.abc import Iterator
from dataclasses import replace
from threading import Thread

import pytest

from ppe import create_app, tasks
from ppe.config import Settings
from tests.databases import on_both_databases

pytestmark = on_both_databases


@pytest.fixture
def installation(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """An installation in earnest, with nothing in its queue; the queue of the other tests comes back after it."""
    monkeypatch.setattr(tasks.huey, "storage", tasks.huey.storage)
    yield replace(settings, testing=False)
    tasks.huey.storage.close()


def test_what_one_process_asks_for_waits_for_another(installation: Settings) -> None:
    create_app(installation)
    tasks.sync(7)
    tasks.post()
    tasks.huey.storage.close()
    create_app(installation)
    taken = [tasks.huey.dequeue(), tasks.huey.dequeue()]
    assert [(task.name, task.args) for task in taken] == [("sync", (7,)), ("post", ())]
    assert tasks.huey.dequeue() is None


def test_of_several_workers_one_gets_each(installation: Settings) -> None:
    create_app(installation)
    for number in range(60):
        tasks.sync(number)
    taken: list[int] = []

    def work() -> None:
        storage = tasks._storage(installation)
        while (asked := storage.dequeue()) is not None:
            taken.append(tasks.huey.deserialize_task(asked).args[0])
        storage.close()

    workers = [Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(taken) == list(range(60))
