"""How gunicorn serves the console: `gunicorn --config ppe/serving.py app:app`.

The options of GUNICORN_CMD_ARGS and of the command line come after these, so that either can replace them.
"""

import os
import subprocess
import sys

# A proxy on the same machine speaks https and passes requests on: docs/https.md.
bind = f"127.0.0.1:{os.environ.get('PORT', '8000')}"
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = 8
# It would lie in the home folder of whoever starts gunicorn, and nothing here uses it.
control_socket_disable = True


def when_ready(_: object) -> None:
    """Write the set-up token to the log once for each start, not once for each worker.

    In a process of its own: a database connection opened here would be inherited by every worker.
    """
    subprocess.run([sys.executable, "-m", "flask", "--app", "app", "ppe", "set-up-token"], check=False)
