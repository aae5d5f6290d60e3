"""Mail: what is due in the outbox is composed and sent, one by one. Nothing else sends mail.

A mail is composed when it is sent, so that no link and no code lies in a table for longer than it has to; and no
transaction is open while the mail server is spoken to.
"""

from collections.abc import Callable
from datetime import datetime
from email.utils import formataddr

import structlog
from flask import current_app
from flask_mail import Message

from ppe import outbox
from ppe.config import Settings
from ppe.delivery_settings import name_and_address
from ppe.errors import DeliveryFailed
from ppe.extensions import mail as mail_extension
from ppe.mail.letters import Letter, flat, gather
from ppe.models import Mail
from ppe.smtp import Line

log = structlog.get_logger()


def deliver_due(clock: Callable[[], datetime]) -> None:
    """Send every mail whose time has come; one that fails stops none of the others."""
    outbox.forget_old(clock())
    line = Line(mail_extension)
    try:
        for mail_id in outbox.due(clock()):
            claimed = outbox.claim(mail_id, clock())
            if claimed is not None:
                _deliver(claimed, line, clock)
    finally:
        line.close()


def send_test(address: str, now: datetime) -> None:
    """Send a mail that says that mail works, at once.

    Raises:
        DeliveryFailed: it does not.
    """
    line = Line(mail_extension)
    try:
        line.send(_message("test", Letter((address,), "PPE", {}), outbox.message_id(), now))
    finally:
        line.close()


def _deliver(mail: Mail, line: Line, clock: Callable[[], datetime]) -> None:
    try:
        line.open()  # first: composing makes a link or a code that would be worth nothing
        letter = gather(mail, clock())
        if letter is not None:
            line.send(_message(mail.kind, letter, mail.message_id, clock()))
    except DeliveryFailed as failed:
        log.warning("mail postponed", mail=mail.id, kind=mail.kind, error=failed.sentence)
        outbox.postpone(mail, failed.sentence, clock())
    except Exception as broken:  # whatever is wrong with one mail must not hold up the others
        log.exception("mail could not be composed", mail=mail.id, kind=mail.kind)
        outbox.postpone(mail, f"The mail could not be composed ({type(broken).__name__}).", clock())
    else:
        outbox.sent(mail, clock())


def _message(kind: str, letter: Letter, message_id: str, now: datetime) -> Message:
    """The mail itself, out of its three templates.

    Raises:
        DeliveryFailed: Flask-Mail would write other addresses than these.
    """
    recipients: list[str | tuple[str, str]] = [address for address in letter.to if address.isascii()]
    if not recipients:
        raise DeliveryFailed("Mail to an address with letters beyond a to z is not supported.")
    settings: Settings = current_app.config["SETTINGS"]
    name, address = name_and_address(settings.mail_from)
    words = {
        **letter.words,
        "organization": letter.organization,
        "public_url": settings.public_url,
        "console_name": settings.console_name,
    }
    message = Message(
        subject=flat(_rendered(f"{kind}.subject.txt", words)),
        recipients=recipients,
        body=_rendered(f"{kind}.txt", words),
        html=_rendered(f"{kind}.html", words),
        sender=formataddr((name, address)),
        date=now.timestamp(),
        extra_headers={"Auto-Submitted": "auto-generated"},  # so that no absence notice comes back
    )
    message.msgId = f"<{message_id}@{address.rpartition('@')[2]}>"
    return message


def _rendered(template: str, words: dict[str, object]) -> str:
    """Past Flask's render_template: there is no request here, and nobody is signed in."""
    return current_app.jinja_env.get_template(f"mail/{template}").render(words)
