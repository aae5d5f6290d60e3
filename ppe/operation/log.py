"""The log: one line for each event, to standard error, where whoever starts the process collects it.

Lines of ours and of the libraries go the same way, so that every line that is written while a run is worked on names it
(`run`, bound in sync/run.py), and so that none leaves without a look for secrets.
"""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog
from flask import Flask

from ppe.config import Settings
from ppe.operation_settings import JSON

# At DEBUG these write addresses with tokens, one-time codes, verifiers, and whatever is stored: password hashes, too.
TALKATIVE = ("urllib3", "apprise", "authlib", "peewee")

HIDDEN = "[hidden]"
# Nobody writes a secret to the log on purpose; this is for the day on which somebody does.
_NAMES = r"[\w$.-]*(?:secret|password|token|assertion|verifier|ad_key|api_?key|cookie|nonce)[\w.-]*"
_IN_TEXT = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(\b(?:bearer|basic)\s+)[\w.~+/=-]{8,}",
        rf"((?<![\w$.-])(?:\$|%24)?(?:{_NAMES})[\"']?\s*(?:=|%3d|:)\s*[\"']?)(?!\[hidden\])[^\s&\"',;)}}\]]+",
        r"([?&](?:code|state|session_state|sid)(?:=|%3d))[^\s&\"']+",
        r"([\"']code[\"']\s*:\s*[\"'])[^\"']+",
        r"(\bcode=)[\w.~-]{20,}",
        r"(/password/)[\w-]{16,}",
        r"()\beyJ[\w-]+\.[\w-]+\.[\w-]*",
        r"()\$argon2\w*\$\S+",
    )
)
_SECRET_KEY = re.compile(r"secret|password|token|authorization|cookie|ad_key|verifier|^code$", re.IGNORECASE)

_ours: logging.Handler | None = None


def init_app(app: Flask) -> None:
    """Write lines from the level that the settings name upwards, in the form that they name."""
    settings: Settings = app.config["SETTINGS"]
    level = logging.getLevelNamesMapping()[settings.log_level]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_gathering(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
    )
    _hand_over(_formatter(settings.log_format))
    logging.getLogger().setLevel(level)
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)


def without_secrets(_: Any, __: str, event: MutableMapping[str, Any]) -> dict[str, Any]:
    """The last look at a line before it is written."""
    return {key: HIDDEN if _SECRET_KEY.search(key) else _clean(value) for key, value in event.items()}


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        for pattern in _IN_TEXT:
            value = pattern.sub(rf"\g<1>{HIDDEN}", value)
        return value
    if isinstance(value, dict):
        return without_secrets(None, "", value)
    if isinstance(value, list | tuple | set):
        return [_clean(one) for one in value]
    return value if isinstance(value, int | float | None) else _clean(str(value))


def _gathering() -> tuple[Any, ...]:
    """What every line is given, whoever writes it."""
    return (
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    )


def _formatter(form: str) -> logging.Formatter:
    shown = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if form == JSON
        else structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0, pad_level=False)
    )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_gathering(),
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            without_secrets,
            shown,
        ],
    )


class _StandardError(logging.StreamHandler[TextIO]):
    """Writes to what is standard error at that moment, not to what it was when the app was made."""

    @property
    def stream(self) -> TextIO:
        """Where lines go."""
        return sys.stderr

    @stream.setter
    def stream(self, _: TextIO) -> None:
        """Nobody chooses another."""


def _hand_over(formatter: logging.Formatter) -> None:
    """One way out for every logger, instead of whatever an app before this one, or the web server, had set up."""
    global _ours  # noqa: PLW0603 - the root logger is the process's own, and so is its way out
    root = logging.getLogger()
    if _ours is not None:
        root.removeHandler(_ours)
    _ours = _StandardError()
    _ours.setFormatter(formatter)
    root.addHandler(_ours)
    for name in ("gunicorn.error", "gunicorn.access"):
        server = logging.getLogger(name)
        if server.handlers:
            server.handlers.clear()
            server.propagate = True
