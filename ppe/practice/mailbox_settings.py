"""`/users/{id}/mailboxSettings`: Exchange's answer, with a permission and refusals of its own."""

from typing import Any

from flask import Response, g

from ppe.practice.directory import Entry
from ppe.practice.errors import GraphError, not_found
from ppe.practice.pages import JSON
from ppe.practice.practice import Practice
from ppe.practice.queries import context
from ppe.practice.registration import MAILBOX_ROLE
from ppe.practice.wire import to_json

SETTINGS: dict[str, Any] = {
    "automaticRepliesSetting": {
        "status": "disabled",
        "externalAudience": "all",
        "scheduledStartDateTime": {"dateTime": "2026-11-24T12:00:00.0000000", "timeZone": "UTC"},
        "scheduledEndDateTime": {"dateTime": "2026-11-25T12:00:00.0000000", "timeZone": "UTC"},
        "internalReplyMessage": "",
        "externalReplyMessage": "",
    },
    "timeZone": "W. Europe Standard Time",
    "language": {"locale": "en-US", "displayName": "English (United States)"},
    "workingHours": {
        "daysOfWeek": ["monday", "tuesday", "wednesday", "thursday", "friday"],
        "startTime": "08:00:00.0000000",
        "endTime": "17:00:00.0000000",
        "timeZone": {"name": "W. Europe Standard Time"},
    },
    "userPurpose": {"value": "user"},
    "dateFormat": "dd/MM/yyyy",
    "timeFormat": "HH:mm",
    "delegateMeetingMessageDeliveryOptions": "sendToDelegateOnly",
}


class MailboxSettings:
    """Answers for one mailbox at a time."""

    def __init__(self, practice: Practice) -> None:
        self._practice = practice

    def of(self, object_id: str) -> Response:
        """Answer with the settings of a user's mailbox. Raises GraphError."""
        tenant = self._practice.tenant
        if MAILBOX_ROLE not in g.claims.get("roles", ()) or MAILBOX_ROLE not in tenant.registration.granted:
            raise GraphError(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.")
        entry = tenant.entries.get(object_id.casefold())
        if entry is None or entry.kind != "user" or entry.standing != "live":
            raise not_found(object_id)
        purpose = tenant.purpose_of(object_id.casefold())
        if not purpose:
            message = "The mailbox is either inactive, soft-deleted, or is hosted on-premise."
            raise GraphError(404, "MailboxNotEnabledForRESTAPI", message)
        said = SETTINGS | {"userPurpose": written(entry, purpose)}
        body = {"@odata.context": context(f"users('{entry.id}')/mailboxSettings"), **said}
        return Response(to_json(body), content_type=JSON)


def written(entry: Entry, purpose: str) -> str | dict[str, str]:
    """Write a purpose in one of the two ways that were seen, the reference's or that of answers: by turns."""
    return {"value": purpose} if int(entry.id[-1], 16) % 2 else purpose
