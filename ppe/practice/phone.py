"""The practice phone: a text message gateway on loopback, of the kind that apprise's json:// and form:// reach."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from ppe.practice.inbox import Inbox
from ppe.practice.weather import Weather

# Nothing secret: they are here so that credentials are sent at all, and wrong ones are noticed.
USER = PASSWORD = "practice"  # noqa: S105
PATH = "/gateway/sms"
INTERNATIONAL = re.compile(r"\+[1-9][0-9]{6,14}")


@dataclass(frozen=True, slots=True)
class Text:
    """A text message as it arrived."""

    number: int
    received: datetime
    to: str
    title: str
    message: str

    def as_json(self) -> dict[str, object]:
        """Return it as tests in another process get it."""
        return {
            "number": self.number,
            "received": self.received.isoformat(),
            "to": self.to,
            "title": self.title,
            "message": self.message,
        }


def sms_url(host: str) -> str:
    """Return the template that leads apprise to the gateway on this host and port.

    `{to}` stands for the number, quoted: a bare + would arrive as a space.
    """
    return f"json://{USER}:{PASSWORD}@{host}{PATH}?:to={{to}}&cto=4&rto=10"


class Gateway:
    """Takes text messages, sends none on, and keeps them for the page."""

    def __init__(self, texts: Inbox[Text], weather: Weather) -> None:
        self._texts = texts
        self._weather = weather

    def blueprint(self) -> Blueprint:
        """Return the route."""
        bp = Blueprint("gateway", __name__)
        bp.add_url_rule(PATH, "sms", self.sms, methods=["POST"])
        return bp

    def sms(self) -> ResponseReturnValue:
        """Take one message, or say what is wrong with it."""
        if self._weather.sky.texts_down:
            return {"error": "The gateway is away."}, 503
        shown = request.authorization
        if shown is None or (shown.username, shown.password) != (USER, PASSWORD):
            return {"error": "Wrong user or password."}, 401, {"WWW-Authenticate": 'Basic realm="Practice phone"'}
        sent = _sent()
        to, message, title = (str(sent.get(name) or "") for name in ("to", "message", "title"))
        if not INTERNATIONAL.fullmatch(to):
            return {"error": f"to must be a number such as +31612345678, not {to!r}."}, 400
        if not message.strip():
            return {"error": "The message is empty."}, 400
        text = self._texts.add(partial(Text, received=datetime.now(UTC), to=to, title=title, message=message))
        return {"id": text.number}, 202


def _sent() -> Mapping[str, Any]:
    """Return what was sent, as JSON or as a form; nothing where it is neither."""
    sent = request.get_json(silent=True) if request.is_json else request.form
    return sent if isinstance(sent, Mapping) else {}
