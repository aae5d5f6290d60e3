"""Exemptions: what the sync must leave alone, by object id or by primary address. In force at once."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from email_validator import EmailNotValidError, validate_email

from ppe import audit
from ppe.db import batches, database, execute_many, stamp
from ppe.errors import NotFound, Refused
from ppe.mail_addresses import spelled
from ppe.models import Account, Address, Exemption, Organization, folded

Thing = Mapping[str, str | None]  # what can be exempt: its object_id, address and name
Told = dict[str, str | None]  # an exemption as the audit log tells it

ALREADY = "It is exempt from sync already: its reason and its last day stay as they are."

_END = "UPDATE exemption SET ended_at = ?, ended_by_name = ? WHERE organization_id = ? AND ended_at IS NULL"
_NEW = """
    INSERT INTO exemption (organization_id, object_id, address, name, name_key, reason, last_day, created_at,
                           created_by_name)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""


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
    return _covering(account.organization_id, {"object_id": account.directory_id, "address": primary}, today)


def add(organization_id: int, address: str, reason: str, last_day: date | None, actor: str, now: datetime) -> str:
    """Exempt whoever has this address or will have it; a known account is exempted as itself, whatever its address.

    Said twice is the same as said once.

    Returns:
        The name of what is exempt now.

    Raises:
        Refused: this is no address, or the last day is over.
    """
    bare = spelled(address)
    if not _looks_like_address(bare):
        raise Refused("Write a whole mail address, such as ada@contoso.com.", "address")
    thing = _thing_at(organization_id, bare)
    said_already = in_force(organization_id, _today(organization_id, now)).where(
        Exemption.address == thing["address"], Exemption.reason == reason, Exemption.last_day == last_day
    )
    if not said_already.exists():
        add_many(organization_id, [thing], reason, last_day, actor, now)
    return thing["name"] or ""


def add_many(
    organization_id: int,
    things: Iterable[Thing],
    reason: str,
    last_day: date | None,
    actor: str,
    now: datetime,
) -> None:
    """Exempt things, each with `object_id`, `address` and `name`. What is exempt gets the new reason and day.

    Raises:
        Refused: the last day is over.
    """
    if last_day is not None and last_day < _today(organization_id, now):
        raise Refused("The last day is over already. Choose today or a later day, or leave it empty.", "last_day")
    with database.atomic():
        these = list(things)
        before, after = _standing(organization_id, these), _told(reason, last_day)
        put(organization_id, these, reason, last_day, actor, now)
        for thing in these:
            subject = audit.Of(thing.get("name") or "", _account_of(organization_id, thing))
            details = {"before": before.get(_key(thing), {}), "after": after}
            audit.record(organization_id, actor, "exempted from sync", subject, details, now=now)


def add_missing(organization_id: int, things: Iterable[Thing], reason: str, actor: str, now: datetime) -> int:
    """Exempt those of the things that are not exempt today, for good; gives how many. Others keep reason and last day.

    It is for whatever exempts by the way: nobody who presses a button means to wipe what somebody wrote down.
    """
    today = _today(organization_id, now)
    with database.atomic():
        missing = [thing for thing in things if _covering(organization_id, thing, today) is None]
        add_many(organization_id, missing, reason, None, actor, now)
    return len(missing)


def put(
    organization_id: int,
    things: Sequence[Thing],
    reason: str,
    last_day: date | None,
    actor: str,
    now: datetime,
) -> None:
    """The same inside the caller's transaction, and without a record: whoever calls writes one for all."""
    at, last = stamp(now), last_day.isoformat() if last_day else None
    for column, keys in _keys(things).items():
        execute_many(f"{_END} AND {column} = ?", [(at, actor, organization_id, key) for key in keys])
    execute_many(_NEW, [(organization_id, *_spelled(thing), reason, last, at, actor) for thing in things])


def end_all(organization_id: int, things: Sequence[Thing], actor: str, now: datetime) -> None:
    """End whatever exempts these things today, by object or by address, inside the caller's transaction.

    It leaves no record: whoever calls writes one for all.
    """
    at, today = stamp(now), _today(organization_id, now).isoformat()
    for column in ("object_id", "address"):
        keys = [thing[column] for thing in things if thing.get(column)]
        execute_many(
            f"{_END} AND {column} = ? AND (last_day IS NULL OR last_day >= ?)",
            [(at, actor, organization_id, key, today) for key in keys],
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
            thing = {"object_id": exemption.object_id, "address": exemption.address}
            subject = audit.Of(exemption.name, _account_of(organization_id, thing))
            details = {"before": _told(exemption.reason, exemption.last_day), "after": {}}
            audit.record(organization_id, actor, "exemption ended", subject, details, now=now)


def _covering(organization_id: int, thing: Thing, today: date) -> Exemption | None:
    mine = Exemption.address == (thing.get("address") or "")
    if thing.get("object_id"):
        mine |= Exemption.object_id == thing["object_id"]
    found: Exemption | None = in_force(organization_id, today).where(mine).first()
    return found


def _key(thing: Thing) -> str | None:
    return thing.get("object_id") or thing.get("address")


def _keys(things: Sequence[Thing]) -> dict[str, list[str]]:
    """By which columns what exempts these things already is found: by the object, or where there is none by address."""
    keys: dict[str, list[str]] = {"object_id": [], "address": []}
    for thing in things:
        if key := _key(thing):
            keys["object_id" if thing.get("object_id") else "address"].append(key)
    return keys


def _standing(organization_id: int, things: Sequence[Thing]) -> dict[str | None, Told]:
    """What is about to be replaced, each by its key: one that is past its last day is renewed, which is told too."""
    found: dict[str | None, Told] = {}
    for column, keys in _keys(things).items():
        field = getattr(Exemption, column)
        for some in batches(keys):
            mine = (Exemption.organization == organization_id) & Exemption.ended_at.is_null() & field.in_(some)
            for one in Exemption.select().where(mine).order_by(Exemption.id):
                found[getattr(one, column)] = _told(one.reason, one.last_day)
    return found


def _told(reason: str, last_day: date | None) -> Told:
    return {"reason": reason, "last_day": last_day.isoformat() if last_day else None}


def _account_of(organization_id: int, thing: Thing) -> int:
    """The account that is exempt with it, 0 where there is none: what may be exempt need not be here yet."""
    ours = Account.select(Account.id).where(Account.organization == organization_id)
    having_address = Address.select(Address.account).where(Address.address == thing.get("address"))
    linked = ours.where(Account.directory_id == thing["object_id"]).first() if thing.get("object_id") else None
    found: Account | None = linked or ours.where(Account.id.in_(having_address)).first()
    return found.id if found else 0


def _today(organization_id: int, now: datetime) -> date:
    organization: Organization = Organization.get_by_id(organization_id)
    return organization.today(now)


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


def _spelled(thing: Thing) -> tuple[str | None, ...]:
    name = thing.get("name") or thing.get("address") or ""
    return thing.get("object_id"), thing.get("address"), name, folded(name)
