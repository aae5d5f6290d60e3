"""The practice server: Graph, sign-in and a page for people, on loopback and nowhere else."""

import threading
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import requests
from flask import Flask, Response, abort, request

from ppe.practice.batch import is_part
from ppe.practice.console import Console
from ppe.practice.delta import Room
from ppe.practice.front import Front
from ppe.practice.graph import GraphHost
from ppe.practice.inbox import Inbox
from ppe.practice.login import SignInHost
from ppe.practice.loopback import is_loopback
from ppe.practice.mailbox import Mail, MailServer
from ppe.practice.messages import Messages
from ppe.practice.phone import Gateway, Text, sms_url
from ppe.practice.practice import Practice, Request, RequestLog
from ppe.practice.signing_in import sign_in_as
from ppe.practice.tenant import Tenant
from ppe.practice.transport import Server
from ppe.practice.weather import Weather

LOGGED = ("/graph/", "/login/")
SECONDS_TO_NOTICE_THE_END = 0.005  # every test that has a tenant waits for it


class NotLoopback(ValueError):
    """The practice tenant hands out its secrets to whoever asks, so it is served on this machine only."""


def create_app(practice: Practice) -> Flask:
    """Return the application: the two Microsoft hosts as paths, and the page."""
    app = Flask(__name__)
    app.json.sort_keys = False  # type: ignore[attr-defined] # the default provider has it
    app.before_request(refuse_strangers)
    for host in (GraphHost(practice), SignInHost(practice), Console(practice), Front(practice), Messages(practice)):
        app.register_blueprint(host.blueprint())
    app.register_blueprint(Gateway(practice.texts, practice.weather).blueprint())

    @app.after_request
    def note(response: Response) -> Response:
        if request.path.startswith(LOGGED) and not is_part():
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
        smtp_port: int = 0,
    ) -> None:
        if not is_loopback(host):
            raise NotLoopback(f"The practice tenant is served on loopback only, not on {host}.")
        self.practice = Practice(tenant or Tenant.company(), Room(delta_page, member_slice), state)
        self._server = Server(host, port, create_app(self.practice))
        self._smtp_port = smtp_port
        self._mail_server = MailServer(self.practice.mails, self.practice.weather)
        serving = (SECONDS_TO_NOTICE_THE_END,)
        self._thread = threading.Thread(target=self._server.serve_forever, args=serving, daemon=True)
        name = f"[{host}]" if ":" in host else host
        self.url = f"http://{name}:{self._server.port}"
        self.login_url = f"{self.url}/login"
        self.graph_url = f"{self.url}/graph/v1.0"
        self.sms_url = sms_url(f"{name}:{self._server.port}")

    def __enter__(self) -> Self:
        self.practice.keep()
        self.practice.smtp_port = self._mail_server.start(self._smtp_port)
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
        self._mail_server.stop()
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
    def mails(self) -> Inbox[Mail]:
        """The mails that arrived."""
        return self.practice.mails

    @property
    def texts(self) -> Inbox[Text]:
        """The text messages that arrived."""
        return self.practice.texts

    @property
    def smtp_port(self) -> int:
        """Where the mail server listens, on 127.0.0.1; 0 until it does."""
        return self.practice.smtp_port

    def sign_in_as(self, browser: requests.Session, authorize_url: str, address: str) -> str:
        """Sign a person in as a browser would, consent included, and return the application's callback address.

        Raises SignInPageShown where a page stays in the way: then the browser was never sent back.
        """
        return sign_in_as(browser, authorize_url, self.tenant.find(address))

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
