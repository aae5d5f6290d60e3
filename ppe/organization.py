"""What is known of an organisation itself: its name, its time zone, and who is told when something happens."""

from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cache
from zoneinfo import available_timezones

from email_validator import EmailNotValidError, validate_email

from ppe import audit, overtaken
from ppe.db import database, one_at_a_time
from ppe.errors import Refused
from ppe.models import ADMIN, Account, Organization

LONGEST_NAME = 200
MOST_ADDRESSES = 10
REGIONS = ("Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")


@dataclass(frozen=True, slots=True)
class Profile:
    """What can be chosen. Without a tech contact some notices have nobody to go to."""

    name: str
    time_zone: str
    tech_contact_id: int | None
    notice_addresses: tuple[str, ...] = ()


def of(organization: Organization) -> Profile:
    """The profile as it is stored."""
    return Profile(
        organization.name,
        organization.time_zone,
        organization.tech_contact_id,
        tuple(organization.notice_addresses),
    )


class Overtaken(Refused):
    """Somebody else changed the same fields meanwhile: `wrong` has a sentence for each, `now` how all of them stand."""

    def __init__(self, wrong: dict[str, str], now: Profile) -> None:
        super().__init__(" ".join(wrong.values()))
        self.wrong = wrong
        self.now = now


@cache
def time_zones() -> tuple[str, ...]:
    """The zones that people know by a place, and UTC, which comes first."""
    return ("UTC", *sorted(zone for zone in available_timezones() if zone.partition("/")[0] in REGIONS))


def possible_contacts(organization_id: int) -> list[Account]:
    """The administrators who can act on a notice, by name."""
    administrators = Account.select().where(
        Account.organization == organization_id, Account.type == ADMIN, Account.active, Account.removed_at.is_null()
    )
    return list(administrators.order_by(Account.display_name, Account.id))


def save(
    organization_id: int, seen: Profile, typed: Profile, actor: str, remote_address: str, now: datetime
) -> Profile | None:
    """Lay what was touched over the profile as it stands, and give that; None when it changes nothing.

    Raises:
        Overtaken: somebody else touched the same.
        Refused: something in it makes no sense; `field` names what.
    """
    with database.atomic():
        one_at_a_time(f"profile of {organization_id}")
        organization: Organization = Organization.get_by_id(organization_id)
        before = of(organization)
        _require_uncontested(seen, typed, before)
        wanted = overtaken.touched(seen, typed, before)
        _check(organization, wanted)
        if wanted == before:
            return None
        Organization.update(
            name=wanted.name, time_zone=wanted.time_zone, tech_contact=wanted.tech_contact_id,
            notice_addresses=list(wanted.notice_addresses),
        ).where(Organization.id == organization_id).execute()  # fmt: skip
        audit.record(
            organization_id, actor, "organisation profile changed", wanted.name,
            {"before": asdict(before), "after": asdict(wanted)}, now=now, remote_address=remote_address,
        )  # fmt: skip
    return wanted


def _require_uncontested(seen: Profile, typed: Profile, now: Profile) -> None:
    contact = Account.get_or_none(Account.id == now.tech_contact_id)
    told = {
        "name": now.name,
        "time_zone": now.time_zone,
        "tech_contact": contact.display_name if contact else "",
        "notice_addresses": ", ".join(now.notice_addresses),
    }
    wrong = {}
    for field in (name.removesuffix("_id") for name in overtaken.contested(seen, typed, now)):
        did = f"changed this to {told[field]}" if told[field] else "emptied this"
        wrong[field] = f"Somebody {did} meanwhile. Save again to put yours in its place."
    if wrong:
        raise Overtaken(wrong, now)


def _check(organization: Organization, wanted: Profile) -> None:
    if not 1 <= len(wanted.name) <= LONGEST_NAME:
        raise Refused(f"Write the name of your organisation, in at most {LONGEST_NAME} characters.", "name")
    if wanted.time_zone not in (*time_zones(), organization.time_zone):
        raise Refused("Choose a time zone from the list.", "time_zone")
    possible = {account.id for account in possible_contacts(organization.id)}
    if wanted.tech_contact_id is not None and wanted.tech_contact_id not in possible:
        raise Refused("Choose an active administrator of your organisation.", "tech_contact")
    if len(wanted.notice_addresses) > MOST_ADDRESSES:
        raise Refused(f"Give at most {MOST_ADDRESSES} further addresses.", "notice_addresses")
    for address in wanted.notice_addresses:
        try:
            validate_email(address, check_deliverability=False, test_environment=True)
        except EmailNotValidError:
            raise Refused(f"{address} is not a mail address.", "notice_addresses") from None
