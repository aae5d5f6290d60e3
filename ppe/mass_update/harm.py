"""How many a mass update shuts out, held to the organisation's safety limit for deactivations, as a sync is.

An account that is not active any more counts, and so does a sign-in that ends with the role. They are counted as the
accounts stand now: whoever changed since the preview is left as they are, and is no harm.
"""

from collections.abc import Sequence

from ppe.db import execute, marks
from ppe.mass_update.choices import NOT_ACTIVE, Choices
from ppe.models import SIGN_IN_TYPES, Connection, MassUpdate
from ppe.sync import safety
from ppe.sync.safety import DISABLINGS, SIGN_INS, Count, Over

_CONCERNED = "a.organization_id = ? AND a.active AND a.removed_at IS NULL AND a.type IN ({})"
_TO_DO = """
    mass_update_row r JOIN account a ON a.id = r.account_id AND a.version = r.account_version
    WHERE r.mass_update_id = ? AND r.standing = 'to_do' AND
"""


def over(one: MassUpdate) -> list[Over]:
    """What of it is over the limit; at most one kind, since whoever is deactivated loses the sign-in with that."""
    choices = Choices(**one.choices)
    if choices.state == NOT_ACTIVE:
        return _over(one, DISABLINGS, one.types)
    if choices.role and choices.role not in SIGN_IN_TYPES:
        return _over(one, SIGN_INS, SIGN_IN_TYPES)
    return []


def require_confirmed(one: MassUpdate, typed: str) -> int:
    """What is over the limit is done only when whoever applies it typed how much it is.

    Returns:
        How much that is.

    Raises:
        Refused: another number was typed, or none; `field` is `confirmed`.
    """
    return safety.require_typed(over(one), typed, "cancel and choose fewer accounts")


def _over(one: MassUpdate, kind: str, types: Sequence[str]) -> list[Over]:
    concerned, whose = _CONCERNED.format(marks(types)), (one.organization_id, *types)
    rows = _count(_TO_DO + concerned, (one.id, *whose))
    base = _count(f"account a WHERE {concerned}", whose)
    connection = Connection.get_or_none(Connection.organization == one.organization_id)
    return safety.over([Count(kind, rows, 0, base)], safety.limits(connection.limits if connection else {}))


def _count(what: str, parameters: tuple[object, ...]) -> int:
    return int(execute(f"SELECT COUNT(*) FROM {what}", parameters).fetchone()[0])
