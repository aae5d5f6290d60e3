"""The log: one line for each event, to standard error, where whoever starts the process collects it."""

import logging
import sys

import structlog
from flask import Flask

from ppe.config import Settings

# At DEBUG these write addresses with tokens, one-time codes, verifiers, and whatever is stored: password hashes, too.
TALKATIVE = ("urllib3", "apprise", "authlib", "peewee")


def init_app(app: Flask) -> None:
    """Write lines from the level that the settings name upwards."""
    settings: Settings = app.config["SETTINGS"]
    level = logging.getLevelNamesMapping()[settings.log_level]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.dev.ConsoleRenderer(colors=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
    )
    logging.basicConfig(level=level, format="%(asctime)s [%(levelname)s] %(name)s: %(message)s")
    logging.getLogger().setLevel(level)
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
