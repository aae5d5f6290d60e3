"""What an administrator types about a person: spelled as it is stored, and everything that is wrong with it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from email_validator import EmailNotValidError, validate_email

from ppe import sms
from ppe.db import execute, marks
from ppe.mail_addresses import spelled
from ppe.models import ADMIN, END_USER, FUNCTIONAL, PERSON_TYPES, Account, Domain

LONGEST_NAME = 200
MOST_ALIASES = 100
OF_PEOPLE_ALONE = ("first_name", "last_name", "mobile", "read_only")
OWNED_BY_DIRECTORY = ("display_name", "first_name", "last_name", "mobile", "primary", "aliases")


@dataclass(frozen=True, slots=True)
class Details:
    """Everything about a person or a functional account that a form sets. `aliases` never has `primary`."""

    first_name: str = ""
    last_name: str = ""
    display_name: str = ""
    mobile: str = ""
    primary: str = ""
    aliases: tuple[str, ...] = ()
    type: str = END_USER
    read_only: bool = False
    receives_digest: bool = False
    group_kind: str | None = None  # of a functional account made by hand

    def told(self) -> dict[str, Any]:
        """As the audit log keeps it."""
        left_out = {name for name in OF_PEOPLE_ALONE if self.type == FUNCTIONAL and not getattr(self, name)}
        if self.group_kind is None:
            left_out.add("group_kind")
        said = asdict(self) | {"aliases": list(self.aliases)}
        return {name: value for name, value in said.items() if name not in left_out}


def typed(form: Mapping[str, str]) -> Details:
    """A form as it would be stored: names in one line, addresses without case, no alias twice."""
    first, last = one_line(form.get("first_name", "")), one_line(form.get("last_name", ""))
    primary, aliases = typed_addresses(form)
    kind = form.get("type", "")
    return Details(
        first_name=first,
        last_name=last,
        display_name=one_line(form.get("display_name", "")) or f"{first} {last}".strip(),
        mobile=one_line(form.get("mobile", "")),
        primary=primary,
        aliases=aliases,
        type=kind,
        read_only=kind == ADMIN and "read_only" in form,
        receives_digest="receives_digest" in form,
    )


def typed_addresses(form: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
    """The primary address and the aliases of a form, as they would be stored."""
    primary = spelled(form.get("primary", ""))
    aliases = {spelled(text) for text in form.get("aliases", "")[:20_000].replace(",", " ").split()}
    return primary, tuple(sorted(aliases - {primary}))


def of(account: Account, primary: str, aliases: Sequence[str]) -> Details:
    """An account as it stands."""
    return Details(
        account.first_name, account.last_name, account.display_name, account.mobile, primary, tuple(sorted(aliases)),
        account.type, account.read_only, account.receives_digest, account.group_kind,
    )  # fmt: skip


def problems(
    organization_id: int, wanted: Details, before: Details | None = None, account_id: int = 0
) -> dict[str, str]:
    """What is wrong, a sentence for each field; what stays as it was is right."""
    was = before or Details()
    wrong = {}
    if not wanted.display_name:
        wrong["display_name"] = "Write a first name, a last name or a display name."
    if wanted.mobile and wanted.mobile != was.mobile and sms.normalised(wanted.mobile, "") is None:
        wrong["mobile"] = "Write a mobile number with its country code, such as +31 6 12345678, or leave it empty."
    if wanted.type not in PERSON_TYPES:
        wrong["type"] = "Choose a role."
    return wrong | problems_of_any(organization_id, wanted, was, account_id)


def problems_of_any(organization_id: int, wanted: Details, was: Details, account_id: int) -> dict[str, str]:
    """What can be wrong with whatever has names and addresses."""
    wrong = {
        name: f"Write at most {LONGEST_NAME} characters."
        for name in ("display_name", "first_name", "last_name")
        if len(getattr(wanted, name)) > LONGEST_NAME
    }
    if not wanted.primary and was.primary:
        wrong["primary"] = "It needs a primary address."
    if len(wanted.aliases) > MOST_ALIASES:
        wrong["aliases"] = f"Write at most {MOST_ALIASES} aliases."
        return wrong
    return wrong | _address_problems(organization_id, wanted, was, account_id)


def unavailable(organization_id: int, addresses: Sequence[str], account_id: int = 0) -> dict[str, str]:
    """Of these addresses, those that the account can't have, each with the sentence that says why."""
    said = {}
    domains = {row.name for row in Domain.select(Domain.name).where(Domain.organization == organization_id)}
    held = _holders(addresses)
    for address in addresses:
        domain = address.rpartition("@")[2]
        if not _is_address(address):
            said[address] = f"{address} is no mail address: write it as ada@contoso.com."
        elif domain not in domains:
            said[address] = f"{domain} is not registered here. Add it under Domains first, or use another domain."
        elif address in held and held[address][0] != account_id:
            _, organization, name = held[address]
            whose = f"belongs to {name}" if organization == organization_id else "is taken"
            said[address] = f"{address} {whose}. Use another address."
    return said


def _address_problems(organization_id: int, wanted: Details, was: Details, account_id: int) -> dict[str, str]:
    had = {was.primary, *was.aliases}
    new = [address for address in (wanted.primary, *wanted.aliases) if address and address not in had]
    refused = unavailable(organization_id, new, account_id)
    wrong = {}
    if not wanted.primary:
        if not was.primary and not account_id:
            wrong["primary"] = "Write the primary address, such as ada@contoso.com."
    elif wanted.primary in refused:
        wrong["primary"] = refused[wanted.primary]
    aliases = [refused[alias] for alias in wanted.aliases if alias in refused]
    if aliases:
        wrong["aliases"] = " ".join(dict.fromkeys(aliases))
    return wrong


def _holders(addresses: Sequence[str]) -> dict[str, tuple[int, int, str]]:
    rows = execute(
        "SELECT x.address, a.id, a.organization_id, a.display_name FROM address x JOIN account a ON a.id = x.account_id"
        f" WHERE x.address IN ({marks(addresses or [''])})",
        addresses or [""],
    )
    return {address: (number, organization, name) for address, number, organization, name in rows.fetchall()}


def _is_address(text: str) -> bool:
    try:
        validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return False
    return True


def one_line(text: str) -> str:
    """A name without line breaks, and without a space too many."""
    return " ".join("".join(c if c.isprintable() else " " for c in text[:1000]).split())
