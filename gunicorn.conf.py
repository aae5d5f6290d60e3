"""How gunicorn serves the console; it reads this file by itself."""

import os
import subprocess
import sys

bind = f"{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = 8


def when_ready(_: object) -> None:
    """Write the set-up token to the log once for each start, not once for each worker.

    In a process of its own: a database connection opened here would be inherited by every worker.
    """
    environment = os.environ | {"FLASK_SKIP_DOTENV": "1"}  # gunicorn reads no .env either
    subprocess.run([sys.executable, "-m", "flask", "--app", "app", "ppe", "set-up-token"], env=environment, check=False)
