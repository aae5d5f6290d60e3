"""One mail of every kind, on its way from the tables to a mailbox."""

from datetime import timedelta
from typing import Any

from ppe import outbox
from ppe.clock import utcnow
from ppe.mail import letters, mailer
from ppe.models import Account, Mail, Organization
from tests.browser.scene import Scene

KINDS = (*letters.ACCOUNT_KINDS, *letters.ORGANIZATION_KINDS)


def one_of_every_kind(scene: Scene) -> dict[str, str]:
    """What arrives at Contoso, as HTML by its kind."""
    with scene.tables():
        return _sent(scene, Organization.get(Organization.name == "Contoso"), Account.get_by_id(scene.names["ada"]))


def _sent(scene: Scene, contoso: Organization, to: Account) -> dict[str, str]:
    Organization.update(tech_contact=to).where(Organization.id == contoso.id).execute()
    Mail.delete().execute()
    arrived = {}
    for kind in KINDS:
        account = to.id if kind in letters.ACCOUNT_KINDS else None
        outbox.ask(kind, organization_id=contoso.id, account_id=account, details=_details(), now=utcnow())
        mailer.deliver_due(utcnow)
        *_, newest = scene.microsoft.practice.mails
        arrived[kind] = newest.html
    mailer.send_test("ada@contoso.example", utcnow())
    *_, newest = scene.microsoft.practice.mails
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
