"""Exemptions: what the sync must leave alone, by object id or by primary address. In force at once."""

import unicodedata
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from email_validator import EmailNotValidError, validate_email

from ppe import audit
from ppe.db import database, execute_many, stamp
from ppe.errors import NotFound, Refused
from ppe.models import Account, Address, Exemption


def in_force(organization_id: int, today: date) -> Any:
    """The exemptions that hold today, as a query; the last day counts."""
    return Exemption.select().where(
        Exemption.organization == organization_id,
        Exemption.ended_at.is_null(),
        Exemption.last_day.is_null() | (Exemption.last_day >= today),
    )


def over(organization_id: int, today: date) -> Any:
    """The exemptions that hold no longer, ended by somebody or past their last day, as a query."""
    return Exemption.select().where(
        Exemption.organization == organization_id,
        Exemption.ended_at.is_null(False) | (Exemption.last_day < today),
    )


def covering(account: Account, primary: str, today: date) -> Exemption | None:
    """The exemption that keeps the sync away from this account today. `primary` is empty where there is no address."""
    mine = Exemption.address == primary
    if account.directory_id:
        mine |= Exemption.object_id == account.directory_id
    found: Exemption | None = in_force(account.organization_id, today).where(mine).first()
    return found


def add(organization_id: int, address: str, reason: str, last_day: date | None, actor: str, now: datetime) -> str:
    """Exempt whoever has this address or will have it; a known account is exempted as itself, whatever its address.

    Said twice is the same as said once.

    Returns:
        The name of what is exempt now.

    Raises:
        Refused: this is no address, or the last day is over.
    """
    # Spelled as the sync spells what it compares with; what the validator would make of it may differ.
    spelled = unicodedata.normalize("NFC", address.strip()).casefold()
    if not _looks_like_address(spelled):
        raise Refused("Write a whole mail address, such as ada@contoso.com.", "address")
    if last_day is not None and last_day < now.date():
        raise Refused("The last day is over already. Choose today or a later day, or leave it empty.", "last_day")
    thing = _thing_at(organization_id, spelled)
    said_already = in_force(organization_id, now.date()).where(
        Exemption.address == thing["address"], Exemption.reason == reason, Exemption.last_day == last_day
    )
    if not said_already.exists():
        add_many(organization_id, [thing], reason, last_day, actor, now)
    return thing["name"] or ""


def add_many(
    organization_id: int,
    things: Iterable[Mapping[str, str | None]],
    reason: str,
    last_day: date | None,
    actor: str,
    now: datetime,
) -> None:
    """Exempt things, each with `object_id`, `address` and `name`. What is exempt gets the new reason and day."""
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


def add_objects(organization_id: int, objects: Mapping[str, str], reason: str, actor: str, now: datetime) -> None:
    """Exempt directory objects, each id with its name, for good and inside the caller's transaction.

    For a run, which stands in the audit as one deed: its changes are the detail.
    """
    made = stamp(now)
    execute_many(
        "UPDATE exemption SET ended_at = ?, ended_by_name = ?"
        " WHERE organization_id = ? AND object_id = ? AND ended_at IS NULL",
        [(made, actor, organization_id, object_id) for object_id in objects],
    )
    execute_many(
        "INSERT INTO exemption (organization_id, object_id, name, reason, created_at, created_by_name)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        [(organization_id, object_id, name, reason, made, actor) for object_id, name in objects.items()],
    )


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


def _looks_like_address(text: str) -> bool:
    try:
        validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return False
    return True


def _thing_at(organization_id: int, address: str) -> dict[str, str | None]:
    """What an address stands for: the account that has it, by any of its addresses, else the bare address."""
    owner: Account | None = (
        Account.select()
        .join(Address)
        .where(Account.organization == organization_id, Address.address == address)
        .first()
    )
    if owner is None:
        return {"object_id": None, "address": address, "name": address}
    primary = Address.get(Address.account == owner, Address.is_primary).address
    return {"object_id": owner.directory_id, "address": primary, "name": owner.display_name}


def _end_same(organization_id: int, thing: Mapping[str, str | None], actor: str, now: datetime) -> None:
    same = Exemption.address == thing.get("address")
    if thing.get("object_id"):
        same = Exemption.object_id == thing["object_id"]
    Exemption.update(ended_at=now, ended_by_name=actor).where(
        Exemption.organization == organization_id, Exemption.ended_at.is_null(), same
    ).execute()
