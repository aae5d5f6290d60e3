"""Whom a mass update is for: the accounts that were ticked on a list, or all that the list's filter finds."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from ppe.db import batches, execute, marks
from ppe.lists.search import Filter
from ppe.mass_update.choices import Choices
from ppe.models import Account, MassUpdate

TICKED_AT_MOST = 1_000  # a page of a list has 50


def known(organization_id: int, types: Sequence[str], ids: Sequence[int]) -> list[int]:
    """Of these ids, those of the organisation's accounts of these types: nothing else can be ticked."""
    found: list[int] = []
    for some in batches(sorted(set(ids))[:TICKED_AT_MOST]):
        rows = execute(
            f"SELECT id FROM account WHERE organization_id = ? AND id IN ({marks(some)}) AND type IN ({marks(types)})",
            (organization_id, *some, *types),
        )
        found += [account_id for (account_id,) in rows.fetchall()]
    return sorted(found)


def begin(
    types: Sequence[str], ticked: Sequence[int] | None, wanted: Filter, choices: Choices, by: Account, now: datetime
) -> MassUpdate:
    """Have a preview made. Without `ticked` it is for all accounts of these types that the filter finds."""
    begun: MassUpdate = MassUpdate.create(
        organization=by.organization_id, created_by=by, created_by_name=by.display_name, types=list(types),
        ticked=None if ticked is None else list(ticked), wanted={} if ticked is not None else _kept(wanted),
        choices=choices.kept(), created_at=now,
    )  # fmt: skip
    return begun


def _kept(wanted: Filter) -> dict[str, str]:
    return {name: value for name, value in asdict(wanted).items() if value and name != "sort"}
