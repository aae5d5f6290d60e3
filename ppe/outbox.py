"""The outbox: mails to be sent, as rows. Whoever asks for one does so in the transaction of the deed it tells about."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from ppe import tally
from ppe.db import database, execute_many, stamp
from ppe.models import Mail

CLAIM_LASTS = timedelta(minutes=10)  # many times longer than one mail takes at its slowest
GIVE_UP_AFTER = timedelta(days=3)
KEPT_FOR = timedelta(days=30)
WAITS = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 5, 15, 30, 60))

_NEW = """
    INSERT INTO mail (kind, organization_id, account_id, "to", details, message_id, created_at, not_before, attempts,
                      error)
    VALUES (?, ?, ?, '', '{}', ?, ?, ?, 0, '')
"""


def ask(
    kind: str,
    *,
    now: datetime,
    to: str = "",
    organization_id: int | None = None,
    account_id: int | None = None,
    details: dict[str, Any] | None = None,
) -> None:
    """Ask for one mail, in the caller's transaction. Without `to` it goes to the account's primary address of then."""
    Mail.create(
        kind=kind,
        to=to,
        organization=organization_id,
        account=account_id,
        details=details or {},
        message_id=message_id(),
        created_at=now,
        not_before=now,
    )


def ask_many(kind: str, organization_id: int, account_ids: Sequence[int], now: datetime) -> None:
    """Ask for the same mail to each of many accounts, in the caller's transaction, with one statement."""
    at = stamp(now)
    execute_many(_NEW, [(kind, organization_id, account_id, message_id(), at, at) for account_id in account_ids])


def due(now: datetime) -> list[int]:
    """The mails whose time has come, the oldest first."""
    return [mail.id for mail in Mail.select(Mail.id).where(*_is_due(now)).order_by(Mail.not_before, Mail.id)]


def claim(mail_id: int, now: datetime) -> Mail | None:
    """Take a mail for a while, so that nobody else sends it; None when somebody has or it is not due any more."""
    taken = Mail.update(claimed_at=now, attempts=Mail.attempts + 1).where(Mail.id == mail_id, *_is_due(now)).execute()
    claimed: Mail | None = Mail.get_or_none(Mail.id == mail_id) if taken else None
    return claimed


def sent(mail: Mail, now: datetime) -> None:
    """The mail is out, or turned out not to be wanted by anybody: it is done."""
    with database.atomic():
        Mail.update(sent_at=now, claimed_at=None, error="").where(Mail.id == mail.id).execute()
        tally.add([tally.one("mails", kind=mail.kind, outcome="sent")])


def postpone(mail: Mail, error: str, now: datetime) -> None:
    """The mail did not get away: try again after a wait that grows, and after three days no more.

    Whoever held on to a claim for so long that somebody else took it over has no say any more.
    """
    wait = WAITS[min(mail.attempts, len(WAITS)) - 1]
    gives_up = now - mail.created_at >= GIVE_UP_AFTER
    outcome = "given_up" if gives_up else "postponed"
    with database.atomic():
        written = Mail.update(
            claimed_at=None, not_before=now + wait, given_up_at=now if gives_up else None, error=error
        ).where(Mail.id == mail.id, Mail.claimed_at == mail.claimed_at).execute()  # fmt: skip
        if written:
            tally.add([tally.one("mails", kind=mail.kind, outcome=outcome)])


def forget_old(now: datetime) -> None:
    """Remove what was sent or given up long ago: the rows say who was mailed, and from where they had come."""
    Mail.delete().where((Mail.sent_at < now - KEPT_FOR) | (Mail.given_up_at < now - KEPT_FOR)).execute()


def _is_due(now: datetime) -> tuple[Any, ...]:
    return (
        Mail.not_before <= now,
        Mail.sent_at.is_null(),
        Mail.given_up_at.is_null(),
        Mail.claimed_at.is_null() | (Mail.claimed_at < now - CLAIM_LASTS),
    )


def message_id() -> str:
    """What makes the Message-ID one of its kind; the mailer adds the domain."""
    return uuid.uuid4().hex
