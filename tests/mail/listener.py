"""A real mail server on a free port of this machine, that keeps what it takes and can be told to misbehave."""

import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Taken:
    """A mail that was taken: for whom, and what."""

    recipients: list[str]
    message: EmailMessage

    @property
    def text(self) -> str:
        return self._body("plain")

    @property
    def html(self) -> str:
        return self._body("html")

    def _body(self, kind: str) -> str:
        part = self.message.get_body((kind,))
        assert part is not None
        return str(part.get_content())


class Listener:
    """`answer` is asked about each mail before it is taken; where it says nothing, the listener hangs up.

    `rude` hangs up instead of saying goodbye. `refuses` are addresses that get no mail.
    """

    def __init__(
        self, *, tls: ssl.SSLContext | None = None, implicit: bool = False, offers_login: bool = False
    ) -> None:
        self.taken: list[Taken] = []
        self.logins: list[tuple[bytes, bytes]] = []
        self.answer: Callable[[str], str] = lambda _: "250 OK"
        self.rude = False
        self.refuses: set[str] = set()
        self._socket = socket.create_server((HOST, 0))
        self.port: int = self._socket.getsockname()[1]
        self._controller = _Controller(
            self,
            hostname=HOST,
            port=self.port,
            server_hostname="localhost",
            ssl_context=tls if implicit else None,
            tls_context=None if implicit else tls,
            authenticator=self._log_in if offers_login else None,
            auth_require_tls=False,
        )
        self._controller.socket = self._socket

    def start(self) -> "Listener":
        self._controller.start()
        return self

    def stop(self) -> None:
        if self._controller.server is not None:
            self._controller.stop()

    def _log_in(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _how: str, who: LoginPassword
    ) -> AuthResult:
        self.logins.append((who.login, who.password))
        return AuthResult(success=who.password == b"right", handled=False)

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address in self.refuses:
            return "550 5.1.1 Nobody of that name"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        answer = self.answer(envelope.rcpt_tos[0])
        if answer.startswith("250"):
            message = message_from_bytes(envelope.original_content or b"", policy=policy.default)
            assert isinstance(message, EmailMessage)
            self.taken.append(Taken(list(envelope.rcpt_tos), message))
        if not answer:
            server.transport.abort()  # type: ignore[union-attr]
        return answer

    async def handle_QUIT(self, server: SMTP, _session: Session, _envelope: Envelope) -> str:  # noqa: N802
        if self.rude:
            server.transport.abort()  # type: ignore[union-attr]
        return "221 Bye"


class _Controller(Controller):
    """On a socket that is bound already: a port that was free a moment ago may be somebody else's now."""

    socket: socket.socket

    def _create_server(self) -> Any:
        return self.loop.create_server(self._factory_invoker, sock=self.socket, ssl=self.ssl_context)
