"""Download CSV on the lists of users, functional accounts and groups: what the filter shows, streamed."""

from collections.abc import Iterable, Iterator, Sequence

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue

from ppe.clock import utcnow
from ppe.db import database
from ppe.lists import exports
from ppe.models import FUNCTIONAL, GROUP, PERSON_TYPES
from ppe.spreadsheet import BYTE_ORDER_MARK, line
from ppe.views.access import admin_required, current_admin_name, current_day, current_organization
from ppe.views.account_filter import asked

bp = Blueprint("exports", __name__)


@bp.get("/users.csv")
@admin_required
def users() -> ResponseReturnValue:
    """The users; the file can be imported again."""
    wanted, now, organization_id = asked(PERSON_TYPES), utcnow(), current_organization().id
    exports.record(organization_id, current_admin_name(), "users", wanted, now)
    found = exports.people(organization_id, PERSON_TYPES, wanted, current_day())
    return _file("users.csv", exports.PERSON_COLUMNS, found)


@bp.get("/functional-accounts.csv")
@admin_required
def functional_accounts() -> ResponseReturnValue:
    """The functional accounts; the file can be imported again."""
    wanted, now, organization_id = asked(), utcnow(), current_organization().id
    exports.record(organization_id, current_admin_name(), "functional accounts", wanted, now)
    found = exports.people(organization_id, [FUNCTIONAL], wanted, current_day())
    return _file("functional-accounts.csv", exports.PERSON_COLUMNS, found)


@bp.get("/functional-accounts/members.csv")
@admin_required
def functional_account_members() -> ResponseReturnValue:
    """The functional accounts, with a line for each member."""
    return _members(FUNCTIONAL, "members of functional accounts", "functional-account-members.csv")


@bp.get("/groups.csv")
@admin_required
def groups() -> ResponseReturnValue:
    """The groups, with a line for each member."""
    return _members(GROUP, "groups", "groups.csv")


def _members(of: str, what: str, name: str) -> Response:
    wanted, organization_id = asked(), current_organization().id
    exports.record(organization_id, current_admin_name(), what, wanted, utcnow())
    return _file(name, exports.MEMBER_COLUMNS[of], exports.members(organization_id, of, wanted, current_day()))


def _file(name: str, columns: Sequence[str], found: Iterable[Sequence[str]]) -> Response:
    headers = {"Content-Disposition": f"attachment; filename={name}", "Cache-Control": "no-store"}
    return Response(_lines(columns, found), mimetype="text/csv", headers=headers)


def _lines(columns: Sequence[str], found: Iterable[Sequence[str]]) -> Iterator[str]:
    """A line at a time. The file is sent after the request has closed its connection, hence one of its own."""
    with database.connection_context():
        yield BYTE_ORDER_MARK + line(columns)
        for cells in found:
            yield line(cells)
