"""What is known of an organisation itself: its name, its time zone, and who is told when something happens."""

from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cache
from zoneinfo import available_timezones

from email_validator import EmailNotValidError, validate_email

from ppe import audit
from ppe.db import database
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


def save(organization: Organization, wanted: Profile, actor: str, remote_address: str, now: datetime) -> bool:
    """Keep the wanted profile; false when it is what is stored already.

    Raises:
        Refused: something in it makes no sense; `field` names what.
    """
    before = of(organization)
    _check(organization, wanted)
    if wanted == before:
        return False
    with database.atomic():
        Organization.update(
            name=wanted.name, time_zone=wanted.time_zone, tech_contact=wanted.tech_contact_id,
            notice_addresses=list(wanted.notice_addresses),
        ).where(Organization.id == organization.id).execute()  # fmt: skip
        audit.record(
            organization.id, actor, "organisation profile changed", wanted.name,
            {"before": asdict(before), "after": asdict(wanted)}, now=now, remote_address=remote_address,
        )  # fmt: skip
    return True


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
