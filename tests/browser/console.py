"""The console in this very process, for tests that put into its tables what would take a browser too long."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask import Flask
from werkzeug.serving import make_server

from ppe import create_app, db
from ppe.config import Settings

LOOPBACK = "127.0.0.1"
KEY = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG="


@contextmanager
def console(folder: Path, **more: Any) -> Iterator[tuple[Flask, str]]:
    """A console that answers on loopback, on an SQLite file in `folder`, and its address. Nobody works for it."""
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 0))
        address = f"http://{LOOPBACK}:{taken.getsockname()[1]}"
        settings = Settings(
            "a secret key for tests alone, long enough", (KEY,), folder, f"sqlite:///{folder}/ppe.db",
            public_url=address, testing=True, **more,
        )  # fmt: skip
        app = create_app(settings)
        taken.listen()
        server = make_server(LOOPBACK, 0, app, threaded=True, fd=taken.fileno())
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        serving.start()
        try:
            yield app, address
        finally:
            server.shutdown()
            serving.join()
            server.server_close()
            if not db.database.is_closed():
                db.database.close()
