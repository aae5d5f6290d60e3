"""What the pages of a person, a functional account and a group have in common."""

from typing import Any

from flask import url_for

from ppe import exemptions
from ppe.groups import nesting
from ppe.lists import listings
from ppe.lists.listings import Row
from ppe.models import FUNCTIONAL, GROUP, Account
from ppe.people import person, planned
from ppe.views.access import current_day

_PAGES = {FUNCTIONAL: "functional_accounts.one", GROUP: "groups.one"}


def gather(row: Row) -> dict[str, Any]:
    """The account with its groups, its exemption, the directory's words, what a sync would change, and its history."""
    waiting, of_groups = planned.for_account(row.account), planned.of_groups(row.account)
    groups, group_count = listings.groups_of(row.account)
    return {
        "row": row,
        "account": row.account,
        "groups": groups,
        "group_count": group_count,
        "through": nesting.through(row.account, groups),
        "exemption": exemptions.covering(row.account, row.primary, current_day()),
        "planned": waiting,
        "planned_groups": of_groups,
        "last": None if waiting or of_groups or not row.account.is_synced else planned.last_finished(row.account),
        "compared": person.compared(row.account, row.primary, row.aliases),
        "changes": person.sync_changes(row.account),
        "csv_line": person.csv_line(row.account),
        "mass_updates": person.mass_updates(row.account),
        "events": person.events(row.account),
        "shown": person.SHOWN,
    }


def address_of(account: Account, anchor: str | None = None) -> str:
    """Where the page of an account is, whatever it is."""
    return url_for(_PAGES.get(account.type, "users.one"), account_id=account.id, _anchor=anchor)
