"""What an administrator types about a functional account: its type, and of a person's details those that it has."""

from collections.abc import Mapping
from dataclasses import replace

from ppe.models import FUNCTIONAL
from ppe.people import details
from ppe.people.details import Details
from ppe.sync.entry import DISTRIBUTION, MAIL_SECURITY

ACCOUNT_TYPES = (DISTRIBUTION, MAIL_SECURITY)  # of those made by hand
BLANK = Details(type=FUNCTIONAL, group_kind=DISTRIBUTION)


def typed(form: Mapping[str, str], before: Details = BLANK) -> Details:
    """A form as it would be stored. What a functional account has from a former life as a person stays."""
    primary, aliases = details.typed_addresses(form)
    return replace(
        before,
        display_name=details.one_line(form.get("display_name", "")),
        primary=primary,
        aliases=aliases,
        receives_digest="receives_digest" in form,
        group_kind=form.get("group_kind", before.group_kind),
    )


def problems(
    organization_id: int, wanted: Details, before: Details | None = None, account_id: int = 0
) -> dict[str, str]:
    """What is wrong, a sentence for each field; what stays as it was is right."""
    was = before or Details()
    wrong = {}
    if not wanted.display_name:
        wrong["display_name"] = "Write a name."
    if wanted.group_kind != was.group_kind and wanted.group_kind not in ACCOUNT_TYPES:
        wrong["group_kind"] = "Choose an account type."
    return wrong | details.problems_of_any(organization_id, wanted, was, account_id)
