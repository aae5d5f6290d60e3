"""The practice mailbox: a mail server on loopback that takes every mail, delivers none, and shows what it took."""

import asyncio
import logging
import socket
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from functools import partial
from typing import AnyStr, cast

from aiosmtpd.smtp import SMTP, Envelope, Session

from ppe.practice.inbox import Inbox
from ppe.practice.weather import Weather

HOST = "127.0.0.1"
AWAY = "421 4.3.2 The practice mail server is away."
# At DEBUG the library writes every line of every mail, with the links and codes in it.
logging.getLogger("mail.log").setLevel(logging.WARNING)
REFUSED = "550 5.1.1 The practice mail server refuses this recipient."


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail as it arrived: the envelope's two ends, and what is to be read of the message."""

    number: int
    received: datetime
    sender: str
    recipients: tuple[str, ...]
    from_: str
    to: str
    subject: str
    message_id: str
    date: str
    text: str
    html: str

    def as_json(self) -> dict[str, object]:
        """Return it as tests in another process get it."""
        return {
            "number": self.number,
            "received": self.received.isoformat(),
            "sender": self.sender,
            "recipients": list(self.recipients),
            "from": self.from_,
            "to": self.to,
            "subject": self.subject,
            "message_id": self.message_id,
            "date": self.date,
            "text": self.text,
            "html": self.html,
        }


def opened(content: bytes, sender: str, recipients: Sequence[str], number: int) -> Mail:
    """Read a mail as its sender put it on the wire."""
    message = BytesParser(policy=policy.default).parsebytes(content)
    return Mail(
        number=number,
        received=datetime.now(UTC),
        sender=sender,
        recipients=tuple(recipients),
        from_=str(message.get("From", "")),
        to=str(message.get("To", "")),
        subject=str(message.get("Subject", "")),
        message_id=str(message.get("Message-ID", "")),
        date=str(message.get("Date", "")),
        text=_body(message, "plain"),
        html=_body(message, "html"),
    )


def _body(message: EmailMessage, kind: str) -> str:
    """Return the body of this kind, decoded as well as can be; empty where the mail has none."""
    part = message.get_body((kind,))
    if part is None:
        return ""
    try:
        content = str(part.get_content())
    except LookupError:  # a charset that nobody knows
        content = cast(bytes, part.get_payload(decode=True)).decode(errors="replace")
    return content.replace("\r\n", "\n")


class _Clerk:
    """Decides on each recipient and each mail. The names of the methods are aiosmtpd's."""

    def __init__(self, mails: Inbox[Mail], weather: Weather) -> None:
        self._mails = mails
        self._weather = weather

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Accept a recipient, in fair weather."""
        if self._weather.sky.mail == "refuses":
            return REFUSED
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep a mail. While the server is away none is kept, for its sender will try again."""
        if self._weather.sky.mail == "down":
            return AWAY
        content = envelope.original_content or b""
        kept = self._mails.add(partial(opened, content, envelope.mail_from or "", envelope.rcpt_tos))
        return f"250 2.0.0 OK, kept as number {kept.number}"


class _Line(SMTP):
    """One connection. It is away as a real server is: whatever it is asked it answers 421, and hangs up."""

    def __init__(self, clerk: _Clerk, weather: Weather) -> None:
        super().__init__(
            clerk,
            enable_SMTPUTF8=True,
            hostname="localhost",  # aiosmtpd would ask the name server
            ident="Practice mailbox",
            loop=asyncio.get_running_loop(),
        )
        self._weather = weather

    async def push(self, status: AnyStr) -> None:
        """Answer."""
        if self._weather.sky.mail != "down":
            await super().push(status)
        elif self.transport is not None and not self.transport.is_closing():
            await super().push(AWAY)
            self.transport.close()


class MailServer:
    """Listens from a thread of its own between `start` and `stop`."""

    def __init__(self, mails: Inbox[Mail], weather: Weather) -> None:
        self._clerk = _Clerk(mails, weather)
        self._weather = weather

    def start(self, port: int) -> int:
        """Listen on this port, or on any free one for 0; returns the port."""
        listener = socket.create_server((HOST, port))
        # Made here, so that `stop` finds loop and event however early it comes.
        self._over = asyncio.Event()
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self._loop = self._runner.get_loop()
        self._thread = threading.Thread(target=self._run, args=(listener,), daemon=True)
        self._thread.start()
        return int(listener.getsockname()[1])

    def stop(self) -> None:
        """Hang up and listen no longer."""
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()

    def _run(self, listener: socket.socket) -> None:
        with self._runner as runner:  # on its way out it cancels whoever still serves a connection, and so hangs up
            runner.run(self._listen(listener))

    async def _listen(self, listener: socket.socket) -> None:
        server = await self._loop.create_server(lambda: _Line(self._clerk, self._weather), sock=listener)
        await self._over.wait()
        server.close()
