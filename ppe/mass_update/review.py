"""The rows of a mass update page by page, by name; and the two ways on: apply, or cancel."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from peewee import JOIN

from ppe import audit
from ppe.db import database
from ppe.errors import NotFound, Refused
from ppe.lists.paging import ROWS_PER_PAGE, Page, Position, cut
from ppe.mass_update import harm
from ppe.mass_update.choices import Choices
from ppe.models import (
    APPLYING,
    CANCELLED,
    CHANGED,
    LEFT_OUT,
    NOT_CHANGED,
    REVIEW,
    TO_DO,
    Account,
    MassUpdate,
    MassUpdateRow,
)

ROWS_AT_ONCE = 1000
IN_ORDER = (NOT_CHANGED, CHANGED, TO_DO, LEFT_OUT)


def of(organization_id: int, mass_update_id: int) -> MassUpdate:
    """One mass update of the organisation.

    Raises:
        NotFound: the organisation has no such mass update.
    """
    found: MassUpdate | None = MassUpdate.get_or_none(
        MassUpdate.organization == organization_id, MassUpdate.id == mass_update_id
    )
    if found is None:
        raise NotFound("There is no such mass update.")
    return found


def latest(organization_id: int) -> list[MassUpdate]:
    """The newest mass updates of the organisation."""
    mine = MassUpdate.select().where(MassUpdate.organization == organization_id)
    return list(mine.order_by(MassUpdate.id.desc()).limit(20))


def kept(organization_id: int, ids: Sequence[int]) -> set[int]:
    """Of these mass updates, those that can still be looked at."""
    mine = MassUpdate.select(MassUpdate.id).where(MassUpdate.organization == organization_id)
    return {one.id for one in mine.where(MassUpdate.id.in_(list(ids) or [0]))}


def counts(one: MassUpdate) -> dict[str, int]:
    """How many rows stand how."""
    done = one.changed + one.not_changed
    return {
        TO_DO: one.to_change - done,
        CHANGED: one.changed,
        NOT_CHANGED: one.not_changed,
        LEFT_OUT: one.left_out,
    }


def page(one: MassUpdate, standing: str, position: Position) -> Page:
    """One page of the rows that stand so."""
    rows = _standing(one, standing)
    backwards = bool(position.before)
    begin = MassUpdateRow.get_or_none(
        MassUpdateRow.mass_update == one.id, MassUpdateRow.id == (position.before or position.after)
    )
    if begin is None:
        position, backwards = Position(), False
    else:
        rows = rows.where(_beyond(begin, backwards=backwards))
    order: list[Any] = [MassUpdateRow.name_key, MassUpdateRow.id]
    found = list(rows.order_by(*(key.desc() if backwards else key for key in order)).limit(ROWS_PER_PAGE + 1))
    return cut([(row.id, row) for row in found], position, counts(one)[standing], is_more=False)


def every_row(one: MassUpdate) -> Iterator[MassUpdateRow]:
    """All rows, those that could not be changed first, without holding them all."""
    for standing in IN_ORDER:
        last: MassUpdateRow | None = None
        while True:
            rows = _standing(one, standing)
            if last is not None:
                rows = rows.where(_beyond(last, backwards=False))
            found = list(rows.order_by(MassUpdateRow.name_key, MassUpdateRow.id).limit(ROWS_AT_ONCE))
            if not found:
                break
            yield from found
            last = found[-1]


def accept(one: MassUpdate, by: Account, now: datetime, confirmed: str = "") -> None:
    """Have the rows carried out. A second click finds that done.

    `confirmed` is what was typed as a further confirmation, which one that is over a limit asks for.

    Raises:
        Refused: nothing would change, the preview is not open any more, or the confirmation is not right.
    """
    with database.atomic():
        accepted = (
            MassUpdate.update(
                state=APPLYING, claim=None, accepted_at=now, accepted_by=by, accepted_by_name=by.display_name
            )
            .where(MassUpdate.id == one.id, MassUpdate.state == REVIEW, MassUpdate.to_change > 0)
            .execute()
        )
        if not accepted:
            raise Refused("This preview is not open any more.")
        over_limit = harm.require_confirmed(one, confirmed)
        said = told(one) | ({"confirmed": f"{over_limit:,}"} if over_limit else {})
        audit.record(one.organization_id, by.display_name, "mass update", whom(one), said, now=now)


def cancel(one: MassUpdate, by: Account, now: datetime) -> None:
    """Stop. Whoever was changed by then stays so.

    Raises:
        Refused: it is over already.
    """
    with database.atomic():
        cancelled = (
            MassUpdate.update(state=CANCELLED, claim=None, finished_at=now)
            .where(MassUpdate.id == one.id, MassUpdate.state.in_((*MassUpdate.WORKING, REVIEW)))
            .execute()
        )
        if not cancelled:
            raise Refused("This mass update is over already.")
        current = MassUpdate.get_by_id(one.id)
        if current.accepted_at:
            audit.record(
                one.organization_id, by.display_name, "mass update stopped", whom(one), outcome(current), now=now
            )


def record_export(one: MassUpdate, by_name: str, now: datetime) -> None:
    """Taking the list home is on record."""
    audit.record(one.organization_id, by_name, "mass update exported", whom(one), told(one), now=now)


def whom(one: MassUpdate) -> str:
    """For how many accounts it is, and how they were chosen."""
    number = one.to_change + one.left_out
    accounts = f"{number:,} account" if number == 1 else f"{number:,} accounts"
    return f"{accounts} {'found by a filter' if one.ticked is None else 'ticked'}"


def told(one: MassUpdate) -> dict[str, Any]:
    """What the audit log says of it when it begins; its rows are the detail."""
    said: dict[str, Any] = {"mass update": one.id, "what": Choices(**one.choices).told()}
    if one.ticked is None:
        said["filter"] = one.wanted or "everybody"
    return said | {"to change": one.to_change, "left out": one.left_out}


def outcome(one: MassUpdate) -> dict[str, int]:
    """What the audit log says of it when it is over."""
    return {"mass update": one.id, "changed": one.changed, "not changed": counts(one)[TO_DO] + one.not_changed}


def _standing(one: MassUpdate, standing: str) -> Any:
    rows = MassUpdateRow.select(MassUpdateRow, Account).join(Account, JOIN.LEFT_OUTER)
    return rows.where(MassUpdateRow.mass_update == one.id, MassUpdateRow.standing == standing)


def _beyond(row: MassUpdateRow, *, backwards: bool) -> Any:
    key, number = MassUpdateRow.name_key, MassUpdateRow.id
    if backwards:
        return (key < row.name_key) | ((key == row.name_key) & (number < row.id))
    return (key > row.name_key) | ((key == row.name_key) & (number > row.id))
