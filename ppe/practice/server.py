"""The practice server: Graph, sign-in and a page for people, on loopback and nowhere else."""

import ipaddress
import socket
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from flask import Flask, Response, abort, request
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from ppe.practice.console import Console
from ppe.practice.delta import Room
from ppe.practice.graph import GraphHost
from ppe.practice.login import SignInHost
from ppe.practice.practice import Practice, Request, RequestLog
from ppe.practice.tenant import Tenant
from ppe.practice.weather import Weather

LOGGED = ("/graph/", "/login/")


class NotLoopback(ValueError):
    """The practice tenant hands out its secrets to whoever asks, so it is served on this machine only."""


def is_loopback(host: str) -> bool:
    """Is this a name or address of this very machine?"""
    try:
        return host == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def create_app(practice: Practice) -> Flask:
    """Return the application: the two Microsoft hosts as paths, and the page."""
    app = Flask(__name__)
    # A reset connection has to reach the server as the error it is.
    app.config["PROPAGATE_EXCEPTIONS"] = True
    app.json.sort_keys = False  # type: ignore[attr-defined] # the default provider has it
    app.before_request(refuse_strangers)
    for host in (GraphHost(practice), SignInHost(practice), Console(practice)):
        app.register_blueprint(host.blueprint())

    @app.after_request
    def note(response: Response) -> Response:
        if request.path.startswith(LOGGED):
            query = request.query_string.decode()
            practice.log.note(Request(request.method, request.path, response.status_code, query))
        return response

    return app


def refuse_strangers() -> None:
    """Refuse names that only DNS rebinding could have led here, and forms that other sites send."""
    if not is_loopback(urlsplit(f"//{request.host}").hostname or ""):
        abort(403, "The practice tenant answers to loopback names only.")
    origin = request.headers.get("Origin")
    if origin is not None and origin != request.host_url.rstrip("/"):
        abort(403, "This was sent by another site.")


class _Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body leave in one packet, at once: otherwise each answer waits for the client's delayed acknowledgement.
    wbufsize = -1
    disable_nagle_algorithm = True

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - werkzeug's name
        """Stay silent: the practice server keeps its own log."""


class _Server(ThreadedWSGIServer):
    """Closes its connections when it stops: a kept-alive one must not outlive its server, as it does elsewhere."""

    def __init__(self, host: str, port: int, app: Flask) -> None:
        super().__init__(host, port, app, _Handler)
        self._connections: set[socket.socket] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember the connection."""
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forget the connection."""
        self._connections.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """End the connections that are still open."""
        for connection in list(self._connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # the client was quicker


class PracticeServer:
    """Serves a practice tenant from a thread, for as long as the `with` block lasts."""

    def __init__(
        self,
        tenant: Tenant | None = None,
        *,
        port: int = 0,
        delta_page: int = 200,
        member_slice: int = 1000,
        host: str = "127.0.0.1",
        state: Path | None = None,
    ) -> None:
        if not is_loopback(host):
            raise NotLoopback(f"The practice tenant is served on loopback only, not on {host}.")
        self.practice = Practice(tenant or Tenant.company(), Room(delta_page, member_slice), state)
        self._server = _Server(host, port, create_app(self.practice))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        name = f"[{host}]" if ":" in host else host
        self.url = f"http://{name}:{self._server.port}"
        self.login_url = f"{self.url}/login"
        self.graph_url = f"{self.url}/graph/v1.0"

    def __enter__(self) -> Self:
        self.practice.keep()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.weather.calm()
        self._server.shutdown()
        self._thread.join()
        self._server.hang_up()
        self._server.server_close()
        self.practice.keep()

    @property
    def tenant(self) -> Tenant:
        """The tenant, to change it directly."""
        return self.practice.tenant

    @property
    def weather(self) -> Weather:
        """The faults."""
        return self.practice.weather

    @property
    def log(self) -> RequestLog:
        """The requests that were answered."""
        return self.practice.log

    @property
    def application_id(self) -> str:
        """The id of the registered application."""
        return self.tenant.registration.application_id

    @property
    def client_secret(self) -> str:
        """The newest client secret."""
        return self.tenant.registration.secret.value

    @property
    def tenant_id(self) -> str:
        """The tenant's GUID."""
        return self.tenant.tenant_id

    @property
    def domain(self) -> str:
        """The tenant's default domain."""
        return self.tenant.domain
