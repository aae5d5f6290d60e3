"""What the servers import: `gunicorn app:app` and `huey_consumer app.huey`."""

from ppe import create_app
from ppe.tasks import huey

__all__ = ["app", "huey"]

app = create_app()
