"""What the notices about syncs say, looked up when they are sent: things may have moved on since."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from ppe.models import REVIEW, Mail, Organization, SyncRun
from ppe.sync import connection as connections
from ppe.sync import notices
from ppe.sync.login import EXPIRED_SECRET
from ppe.sync.secret import whole_days

Words = dict[str, Any]


def moment(organization: Organization, at: datetime) -> str:
    """A moment in the organisation's own time, which it names."""
    local = at.astimezone(ZoneInfo(organization.time_zone))
    return f"{local.day} {local:%b %Y, %H:%M} ({organization.time_zone})"


def _held(mail: Mail, organization: Organization, _: datetime) -> Words:
    """The list that waits now: a newer one may have taken the place of the one that was told of."""
    waiting = SyncRun.select().where(
        SyncRun.organization == organization.id, SyncRun.state == REVIEW, SyncRun.held_digest.is_null(False)
    )
    newest = waiting.order_by(SyncRun.id.desc()).first()
    return {"run": newest.id if newest else mail.details["run"], "sentences": mail.details["sentences"]}


def _failed(mail: Mail, organization: Organization, _: datetime) -> Words:
    connection = connections.of(organization.id)
    since = connection.failing_since or mail.created_at
    return {
        **{name: mail.details[name] for name in ("run", "sentence", "advice", "code")},
        "since": moment(organization, since),
        "next_try": moment(organization, connection.next_sync_at) if connection.next_sync_at else "",
    }


def _recovered(mail: Mail, organization: Organization, _: datetime) -> Words:
    since = datetime.fromisoformat(mail.details["since"])
    return {"run": mail.details["run"], "since": moment(organization, since)}


def _secret_refused(mail: Mail, organization: Organization, now: datetime) -> Words:
    return _failed(mail, organization, now) | {"has_expired": mail.details["code"] == f"AADSTS{EXPIRED_SECRET}"}


def _secret_expires(mail: Mail, organization: Organization, now: datetime) -> Words:
    expiry = datetime.fromisoformat(mail.details["expiry"])
    return {"days": whole_days(expiry - now), "expiry": moment(organization, expiry)}


NOTICES: dict[str, Callable[[Mail, Organization, datetime], Words]] = {
    notices.HELD: _held,
    notices.FAILED: _failed,
    notices.RECOVERED: _recovered,
    notices.SECRET_REFUSED: _secret_refused,
    notices.SECRET_EXPIRES: _secret_expires,
}
