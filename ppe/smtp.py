"""The way to the mail server. Flask-Mail's own checks no certificate, has no timeout and can hide what went wrong."""

import smtplib
import ssl
from contextlib import suppress
from email import charset
from types import TracebackType

import flask_mail
from flask import current_app

from ppe.errors import DeliveryFailed

# Flask-Mail sends every body as it is; a line of more than 998 characters is refused (RFC 5321, section 4.5.3.1.6).
charset.add_charset("utf-8", charset.SHORTEST, charset.QP, "utf-8")

TIMEOUT_SECONDS = 15
LOSSES_IN_A_ROW = 3  # of the connection, until the server counts as away


class SafeConnection(flask_mail.Connection):
    """A connection over which the password is sent only to the server that the settings name."""

    def configure_host(self) -> smtplib.SMTP:
        """Connect, prove who the server is, and only then say who we are.

        Raises:
            OSError: the server is away, is another, or does not let us in. smtplib's own errors are OSErrors.
        """
        mail = self.mail
        trusted = ssl.create_default_context(cafile=current_app.config["MAIL_CA_FILE"] or None)
        host: smtplib.SMTP = (
            smtplib.SMTP_SSL(mail.server, mail.port or 0, timeout=TIMEOUT_SECONDS, context=trusted)
            if mail.use_ssl
            else smtplib.SMTP(mail.server, mail.port or 0, timeout=TIMEOUT_SECONDS)
        )
        try:
            if mail.use_tls:
                host.starttls(context=trusted)
            if mail.username and mail.password:
                host.login(mail.username, mail.password)
        except BaseException:
            host.close()
            raise
        return host

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Say goodbye, which is mere politeness: what was sent is sent, and what failed before stays the error."""
        if self.host is not None:
            with suppress(OSError):
                self.host.quit()
            self.host.close()


class SafeMail(flask_mail.Mail):
    """Flask-Mail with a safe connection."""

    def connect(self) -> SafeConnection:
        """A connection, opened by `with`."""
        return SafeConnection(current_app.extensions["mail"])


class Line:
    """A connection, opened for the first mail that needs it and kept for the others. Who is away is asked once."""

    def __init__(self, mail: SafeMail) -> None:
        self._mail = mail
        self._open: SafeConnection | None = None
        self._away: DeliveryFailed | None = None
        self._losses = 0

    def open(self) -> SafeConnection:
        """The connection.

        Raises:
            DeliveryFailed: the server is away, or is not to be trusted with our mail.
        """
        if self._away is not None:
            raise self._away
        if self._open is None:
            if not current_app.config["MAIL_SERVER"]:
                self._away = DeliveryFailed("No mail server is set: PPE_MAIL_SERVER is empty.")
                raise self._away
            connection = self._mail.connect()
            try:
                self._open = connection.__enter__()
            except OSError as error:
                self._away = DeliveryFailed(f"The mail server could not be used: {_reason(error)}")
                raise self._away from error
        return self._open

    def send(self, message: flask_mail.Message) -> None:
        """Send one message.

        Raises:
            DeliveryFailed: the server does not take it, or is gone.
        """
        try:
            self.open().send(message)
        except (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused) as error:
            self.close()
            raise DeliveryFailed(f"The mail server refused the mail: {_reason(error)}") from error
        except OSError as error:
            self.close()
            lost = DeliveryFailed(f"The mail server did not take the mail: {_reason(error)}")
            self._losses += 1
            self._away = lost if self._losses >= LOSSES_IN_A_ROW else None
            raise lost from error
        self._losses = 0

    def close(self) -> None:
        """Hang up."""
        if self._open is not None:
            self._open.__exit__(None, None, None)
            self._open = None


def _reason(error: OSError) -> str:
    """What the server, or the way to it, says: one line, for the log and for whoever looks into the outbox."""
    said: bytes | str
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, said = next(iter(error.recipients.values()))
    elif isinstance(error, smtplib.SMTPResponseException):
        code, said = error.smtp_code, error.smtp_error
    else:
        return " ".join(str(error).split()) or type(error).__name__
    words = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
    return " ".join(f"{code} {words}".split())
