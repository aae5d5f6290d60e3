"""One mail of every kind, on its way from the tables to a mailbox."""

from datetime import timedelta
from typing import Any

from ppe import letters, mailer, outbox
from ppe.clock import utcnow
from ppe.models import Account, Mail, Organization
from ppe.practice.server import PracticeServer

KINDS = (*letters.ACCOUNT_KINDS, *letters.ORGANIZATION_KINDS)


def send_one_of_every_kind(contoso: Organization, to: Account, server: PracticeServer) -> dict[str, str]:
    """What arrives, as HTML by its kind."""
    Organization.update(tech_contact=to).where(Organization.id == contoso.id).execute()
    Mail.delete().execute()
    arrived = {}
    for kind in KINDS:
        account = to.id if kind in letters.ACCOUNT_KINDS else None
        outbox.ask(kind, organization_id=contoso.id, account_id=account, details=_details(), now=utcnow())
        mailer.deliver_due(utcnow)
        *_, newest = server.practice.mails
        arrived[kind] = newest.html
    mailer.send_test("ada@contoso.example", utcnow())
    *_, newest = server.practice.mails
    return arrived | {"test": newest.html}


def _details() -> dict[str, Any]:
    """Whatever any of them asks for."""
    now = utcnow()
    return {
        "at": now.isoformat(),
        "remote_address": "192.0.2.7",
        "what": "An authenticator app was set up.",
        "issued_by": "Ada",
        "name": "Ada",
        "address": "ada@contoso.example",
        "run": 7,
        "sentences": ["12 removals: more than 5 and more than 10 % of 100 accounts."],
        "sentence": "Microsoft did not answer.",
        "advice": "Wait a little, and try again.",
        "code": "503",
        "days": 9,
        "since": (now - timedelta(days=1)).isoformat(),
        "until": now.isoformat(),
        "expiry": (now + timedelta(days=9)).isoformat(),
    }
