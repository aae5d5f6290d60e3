"""Exemptions: what the sync must leave alone, by object id or by primary address. In force at once."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from ppe import audit
from ppe.db import database
from ppe.errors import NotFound
from ppe.models import Exemption


def in_force(organization_id: int, today: date) -> Any:
    """The exemptions that hold today, as a query; the last day counts."""
    return Exemption.select().where(
        Exemption.organization == organization_id,
        Exemption.ended_at.is_null(),
        Exemption.last_day.is_null() | (Exemption.last_day >= today),
    )


def add_many(
    organization_id: int,
    things: Iterable[Mapping[str, str | None]],
    reason: str,
    last_day: date | None,
    actor: str,
    now: datetime,
) -> None:
    """Exempt things, each with `object_id`, `address` and `name`. What is exempt already gets the new reason and day."""
    with database.atomic():
        for thing in things:
            _end_same(organization_id, thing, actor, now)
            Exemption.create(
                organization=organization_id,
                object_id=thing.get("object_id"),
                address=thing.get("address"),
                name=thing.get("name") or thing.get("address") or "",
                reason=reason,
                last_day=last_day,
                created_at=now,
                created_by_name=actor,
            )
            audit.record(organization_id, actor, "exempted from sync", thing.get("name") or "", now=now)


def end(organization_id: int, exemption_id: int, actor: str, now: datetime) -> None:
    """Let the sync look after it again, from the next run on; ending it twice is the same as once.

    Raises:
        NotFound: the organisation has no such exemption.
    """
    exemption = Exemption.get_or_none(Exemption.organization == organization_id, Exemption.id == exemption_id)
    if exemption is None:
        raise NotFound("There is no such exemption.")
    with database.atomic():
        ended = (
            Exemption.update(ended_at=now, ended_by_name=actor)
            .where(Exemption.id == exemption_id, Exemption.ended_at.is_null())
            .execute()
        )
        if ended:
            audit.record(organization_id, actor, "exemption ended", exemption.name, now=now)


def _end_same(organization_id: int, thing: Mapping[str, str | None], actor: str, now: datetime) -> None:
    same = Exemption.address == thing.get("address")
    if thing.get("object_id"):
        same = Exemption.object_id == thing["object_id"]
    Exemption.update(ended_at=now, ended_by_name=actor).where(
        Exemption.organization == organization_id, Exemption.ended_at.is_null(), same
    ).execute()
