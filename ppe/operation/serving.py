"""How gunicorn serves the console: `gunicorn --config ppe/operation/serving.py app:app`.

The options of GUNICORN_CMD_ARGS and of the command line come after these, so that either can replace them.
"""

import os
import subprocess
import sys

import structlog

# A proxy on the same machine speaks https and passes requests on: docs/https.md.
bind = f"127.0.0.1:{os.environ.get('PORT', '8000')}"
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = 8
# It would lie in the home folder of whoever starts gunicorn, and nothing here uses it.
control_socket_disable = True
if os.environ.get("PPE_LOG_FORMAT", "").lower() == "json":
    # The server's own lines in the form of the app's, which takes them over in each worker (log.py). Nothing of the
    # app is imported here: its workers could not be renewed by a HUP any more.
    _stamped = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper("iso"),
    ]
    _json = {
        "()": structlog.stdlib.ProcessorFormatter,
        "processor": structlog.processors.JSONRenderer(ensure_ascii=False),
        "foreign_pre_chain": [*_stamped, structlog.processors.format_exc_info],
    }
    logconfig_dict = {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": _json},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json"}},
        "root": {"handlers": []},
        "loggers": {
            "gunicorn.error": {"level": "INFO", "handlers": ["console"]},
            # Told how to log, gunicorn would write every request as well: addresses hold links and codes.
            "gunicorn.access": {"level": "CRITICAL", "handlers": [], "propagate": False},
        },
    }


def when_ready(_: object) -> None:
    """Write the set-up token to the log once for each start, not once for each worker.

    In a process of its own: a database connection opened here would be inherited by every worker.
    """
    subprocess.run([sys.executable, "-m", "flask", "--app", "app", "ppe", "set-up-token"], check=False)
