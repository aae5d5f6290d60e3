"""Account Management > Audit Log: who did what, when and from where. It is read and taken home, never changed."""

from collections.abc import Iterator, Sequence
from datetime import date

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue

from ppe import audit_log
from ppe.audit_log import Filter
from ppe.clock import utcnow
from ppe.db import database
from ppe.mass_update import review
from ppe.models import Account, AuditEvent
from ppe.spreadsheet import BYTE_ORDER_MARK, line
from ppe.views.access import admin_required, current_admin_name, current_organization
from ppe.views.account_filter import number
from ppe.views.account_page import address_of
from ppe.views.words import details_lines

bp = Blueprint("audit_log", __name__, url_prefix="/account-management/audit-log")

NUMBER = "mass update"  # under which an event names one
COLUMNS = ("When (UTC)", "Who", "Address", "What", "About", "Details", "From")


@bp.get("")
@admin_required
def page() -> ResponseReturnValue:
    """The newest events that fit the filter; older ones page by page."""
    organization, wanted = current_organization(), _asked()
    before = number("before")
    found = audit_log.page(organization.id, organization.time_zone, wanted, before)
    return render_template(
        "audit_log/page.html",
        page=found,
        mass_updates=_mass_updates(organization.id, found.rows),
        actions=audit_log.actions(organization.id),
        wanted=wanted,
        about=_account_of(wanted),
        accounts=_pages_of(organization.id, found.rows),
        is_newest=not before,
    )


@bp.get("/events.csv")
@admin_required
def download() -> ResponseReturnValue:
    """Everything that the filter finds, streamed. Taking it home is on record too."""
    organization, wanted = current_organization(), _asked()
    audit_log.record_export(organization.id, current_admin_name(), wanted, _account_of(wanted), utcnow())
    headers = {"Content-Disposition": "attachment; filename=audit-log.csv", "Cache-Control": "no-store"}
    return Response(_lines(organization.id, organization.time_zone, wanted), mimetype="text/csv", headers=headers)


def _mass_updates(organization_id: int, events: Sequence[AuditEvent]) -> set[int]:
    """Those that the events tell of and that can still be looked at: their rows are the detail."""
    named = [event.details[NUMBER] for event in events if NUMBER in event.details]
    return review.kept(organization_id, named)


def _pages_of(organization_id: int, events: Sequence[AuditEvent]) -> dict[int, str]:
    """Where the accounts are that the events are about, of those that are still there."""
    named = {event.subject_account for event in events}
    there = Account.select().where(Account.organization == organization_id, Account.id.in_(named))
    return {account.id: address_of(account) for account in there}


def _account_of(wanted: Filter) -> Account | None:
    """The account that the events are about, if it is still there."""
    found: Account | None = Account.get_or_none(
        Account.organization == current_organization().id, Account.id == wanted.account_id
    )
    return found


def _asked() -> Filter:
    return Filter(
        account_id=number("account"),
        text=request.args.get("text", "").strip()[:200],
        action=request.args.get("action", "")[:200],
        first_day=_day("first_day"),
        last_day=_day("last_day"),
    )


def _day(name: str) -> date | None:
    """What is no day counts as not asked for, and so do the first and the last there is: none lies beside them."""
    try:
        day = date.fromisoformat(request.args.get(name, ""))
    except ValueError:
        return None
    return day if date.min < day < date.max else None


def _lines(organization_id: int, time_zone: str, wanted: Filter) -> Iterator[str]:
    """The file, a line at a time. It is sent after the request has closed its connection, hence one of its own."""
    with database.connection_context():
        yield BYTE_ORDER_MARK + line(COLUMNS)
        for event in audit_log.export(organization_id, time_zone, wanted):
            yield line(_cells(event))


def _cells(event: AuditEvent) -> tuple[str, ...]:
    told = "; ".join(f"{name}: {text}" for name, text in details_lines(event.details))
    at = event.at.isoformat(" ", "seconds").removesuffix("+00:00")
    return (at, event.actor, event.actor_address, event.action, event.subject, told, event.remote_address)
