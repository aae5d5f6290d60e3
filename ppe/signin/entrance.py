"""Coming in: after a first step that went well either signed in, or half signed in and asked for a code."""

from datetime import datetime
from typing import Any

from ppe import audit, outbox
from ppe.db import database
from ppe.models import ADMIN, PASSWORD, Account, HalfSignIn
from ppe.signin import half, second_factor, sessions, trusted_browsers
from ppe.signin.contacts import primary_of
from ppe.signin.sessions import FirstStep
from ppe.signin.visitor import Visitor

TRUSTED = "trusted browser"


def after_first_step(
    account: Account, step: FirstStep, wanted: str, trusted: str, visitor: Visitor, now: datetime
) -> bool:
    """Sign in, or remember that a code is still to come; gives whether somebody is signed in now.

    `trusted` is the token of a browser that may be spared the code.
    """
    if not second_factor.is_asked(account, account.organization, step.name):
        _sign_in(account, step, None, visitor, now)
        return True
    if trusted and trusted_browsers.is_trusted(account.id, trusted, now):
        _sign_in(account, step, TRUSTED, visitor, now)
        return True
    half.begin(account, step, wanted, now)
    return False


def after_second_step(waiting: HalfSignIn, factor: str, visitor: Visitor, now: datetime) -> bool:
    """Sign in whoever was half signed in; false when that was done, or ended, meanwhile."""
    step = half.finish(waiting)
    if step is None:
        return False
    _sign_in(waiting.account, step, factor, visitor, now)
    return True


def _sign_in(account: Account, step: FirstStep, factor: str | None, visitor: Visitor, now: datetime) -> None:
    details: dict[str, Any] = {"first step": step.name, "second factor": factor}
    subject = audit.Of(primary_of(account.id), account.id)
    with database.atomic():
        audit.record(
            account.organization_id, account.display_name, "signed in", subject, details,
            now=now, remote_address=visitor.remote_address,
        )  # fmt: skip
        if step.fallback and step.name == PASSWORD:
            _report_fallback(account, visitor, now)
        showed_a_code = factor is not None and factor != TRUSTED
        confirmed = showed_a_code or not second_factor.of(account, now).any
        sessions.begin(account, step, visitor, now, confirmed=confirmed)


def _report_fallback(account: Account, visitor: Visitor, now: datetime) -> None:
    """On record; an administrator's use is also mailed to the tech contact, or where there is none to all of them."""
    address = primary_of(account.id)
    audit.record(
        account.organization_id, account.display_name, "signed in locally although Microsoft sign-in is on",
        audit.Of(address, account.id), now=now, remote_address=visitor.remote_address,
    )  # fmt: skip
    if account.type != ADMIN:
        return
    details = {
        "name": account.display_name, "address": address,
        "at": now.isoformat(), "remote_address": visitor.remote_address,
    }  # fmt: skip
    outbox.ask("fallback_used", organization_id=account.organization_id, details=details, now=now)
