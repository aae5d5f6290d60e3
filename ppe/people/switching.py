"""Role, digest and state of many accounts, switched at once. It leaves no record: whoever calls writes one for all."""

from collections.abc import Sequence
from dataclasses import dataclass

from ppe import accounts
from ppe.db import execute_many
from ppe.errors import Refused
from ppe.models import Account

BY_ADMINISTRATOR = "administrator"  # no sync reactivates what somebody deactivated by hand

_SWITCH = """
    UPDATE account SET type = COALESCE(?, type), receives_digest = COALESCE(?, receives_digest),
        active = COALESCE(?, active),
        deactivated_by = CASE WHEN ? = 1 THEN ? ELSE deactivated_by END,
        directory_fingerprint = CASE WHEN ? = 1 THEN NULL ELSE directory_fingerprint END, version = version + 1
    WHERE organization_id = ? AND id = ? AND version = ? AND removed_at IS NULL
"""


@dataclass(frozen=True, slots=True)
class Switch:
    """An account at the version that was looked at, and how it is to stand; None leaves that as it is."""

    account_id: int
    version: int
    type: str | None = None
    receives_digest: bool | None = None
    active: bool | None = None


def switch(organization_id: int, switches: Sequence[Switch], by: Account) -> int:
    """Let accounts stand so, inside the caller's transaction, which only one at a time may be in (people.alone).

    Whoever is deactivated is signed out, and whoever's role changes has to sign in again (signin/sessions.py). What is
    switched on or off is looked at anew by the next sync.

    Returns:
        How many were at the version that was looked at. The transaction must not commit unless all were.

    Raises:
        Refused: it would shut out who acts, or leave no active administrator.
    """
    _require_others(switches, by)
    switched = execute_many(_SWITCH, [_row(organization_id, one) for one in switches])
    accounts.end_sessions([one.account_id for one in switches if one.active is False])
    if any(one.active is False or one.type is not None for one in switches):
        accounts.require_administrator(organization_id)
    return switched


def _row(organization_id: int, one: Switch) -> tuple[object, ...]:
    has_state = int(one.active is not None)
    return (
        one.type, one.receives_digest, one.active, has_state, None if one.active else BY_ADMINISTRATOR, has_state,
        organization_id, one.account_id, one.version,
    )  # fmt: skip


def _require_others(switches: Sequence[Switch], by: Account) -> None:
    for one in switches:
        if one.account_id == by.id and one.active is False:
            raise Refused("You can't deactivate yourself. Another administrator can.")
        if one.account_id == by.id and one.type is not None:
            raise Refused("You can't change your own role here. Another administrator can.")
