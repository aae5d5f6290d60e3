"""The practice tenant as JSON, for tests in another process. The page for people is `front`."""

from typing import Any

from flask import Blueprint, request

from ppe.practice.changes import Mistake, perform
from ppe.practice.phone import sms_url
from ppe.practice.practice import Practice
from ppe.practice.weather_changes import perform_weather


class Console:
    """Changes, weather, log and summary under /practice."""

    def __init__(self, practice: Practice) -> None:
        self._practice = practice

    def blueprint(self) -> Blueprint:
        """Return the routes."""
        bp = Blueprint("practice", __name__, url_prefix="/practice")
        bp.add_url_rule("/changes", "changes", self.changes, methods=["POST"])
        bp.add_url_rule("/weather", "weather", self.weather, methods=["POST"])
        bp.add_url_rule("/log", "log", self.log)
        bp.add_url_rule("/tenant", "tenant", self.tenant)
        bp.add_url_rule("/mails", "mails", self.mails)
        bp.add_url_rule("/texts", "texts", self.texts)
        bp.register_error_handler(Mistake, lambda mistake: ({"error": str(mistake)}, 400))
        return bp

    def changes(self) -> dict[str, str]:
        """Change the tenant; answers what was done and to whom."""
        outcome = perform(self._practice.tenant, asked())
        self._practice.keep()
        return {"done": outcome.words, "id": outcome.object_id}

    def weather(self) -> dict[str, str]:
        """Change the weather."""
        return {"done": perform_weather(self._practice.weather, asked()).words}

    def log(self) -> list[dict[str, Any]]:
        """Answer with the requests to Graph and sign-in, oldest first."""
        return [request_made._asdict() for request_made in list(self._practice.log)]

    def tenant(self) -> dict[str, Any]:
        """Answer with a summary of the tenant."""
        tenant = self._practice.tenant
        return {
            "tenant_id": tenant.tenant_id,
            "domain": tenant.domain,
            "domains": [domain.name for domain in tenant.domains],
            "application_id": tenant.registration.application_id,
            "client_secret": tenant.registration.secret.value,
            "people": sum(1 for _ in tenant.live("users")),
            "groups": sum(1 for _ in tenant.live("groups")),
            "changes": tenant.journal.last,
            "news": [change.words for change in tenant.news()],
            "weather": self._practice.weather.words(),
            "smtp_port": self._practice.smtp_port,
            "sms_url": sms_url(request.host),
        }

    def mails(self) -> list[dict[str, object]]:
        """Answer with the mails that arrived, the newest last."""
        return [mail.as_json() for mail in self._practice.mails]

    def texts(self) -> list[dict[str, object]]:
        """Answer with the text messages that arrived, the newest last."""
        return [text.as_json() for text in self._practice.texts]


def asked() -> dict[str, Any]:
    """Return the JSON object that was sent. Only JSON is taken: no form of another site can send it. Raises Mistake."""
    sent = request.get_json(silent=True)
    if not isinstance(sent, dict):
        raise Mistake("Please send a JSON object.")
    return sent
