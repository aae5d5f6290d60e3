"""The fields of one line -> the account that it would make, or everything that is wrong with them. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from ppe import sms
from ppe.csv_import.columns import Format, sorted_out
from ppe.errors import Refused
from ppe.mail_addresses import spelled
from ppe.models import ADMIN, END_USER, FUNCTIONAL, SILENT_USER
from ppe.spreadsheet import restored

ROLES = (END_USER, SILENT_USER, FUNCTIONAL)
LONGEST_NAME = 256  # as in the directory
MOST_ALIASES = 100

_PLAIN_ADDRESS = re.compile(r"([a-z0-9_+'-]+(?:\.[a-z0-9_+'-]+)*)@([a-z0-9.-]+)")
_PLAIN_NUMBER = re.compile(r"\+[0-9]{7,15}")
_ROLE_WORDS = {
    "enduser": END_USER,
    "silentuser": SILENT_USER,
    "functionalaccount": FUNCTIONAL,
    "organizationadmin": ADMIN,
    "organisationadmin": ADMIN,
    "administrator": ADMIN,
    "admin": ADMIN,
}


@dataclass(frozen=True, slots=True)
class Expectations:
    """What a line is measured by: the file's format, what was chosen for it, and what is registered here."""

    form: Format
    default_role: str
    domains: frozenset[str]
    phone_region: str = ""


@dataclass(slots=True)
class Person:
    """What one line says. With `problems` it is a bad line; `unknown_domains` are those that are not registered."""

    first_name: str = ""
    last_name: str = ""
    display_name: str = ""
    primary: str = ""
    aliases: list[str] = field(default_factory=list)
    mobile: str = ""
    role: str = ""
    problems: list[str] = field(default_factory=list)
    unknown_domains: list[str] = field(default_factory=list)


def read(fields: Sequence[str], expected: Expectations) -> Person:
    """The person that a line tells of, with everything that is wrong with it."""
    person = Person()
    try:
        told, alias_cells = sorted_out([restored(text) for text in fields], expected.form)
    except Refused as refused:
        person.problems.append(refused.sentence)
        return person
    _name(person, told)
    person.primary = _primary(person, told.get("primary", ""), expected)
    _aliases(person, alias_cells, expected)
    person.mobile = _mobile(person, told.get("mobile", ""), expected.phone_region)
    person.role = _role(person, told.get("role", ""), expected.default_role)
    if told.get("state", "").casefold() not in ("", "active"):
        person.problems.append(f"Its state is “{told['state']}”: an import makes active accounts alone.")
    return person


def _name(person: Person, told: dict[str, str]) -> None:
    person.first_name, person.last_name = _one_line(told.get("first_name", "")), _one_line(told.get("last_name", ""))
    both = f"{person.first_name} {person.last_name}".strip()
    person.display_name = _one_line(told.get("display_name", "")) or both
    if not person.display_name:
        person.problems.append("It has no name.")
    if max(len(person.first_name), len(person.last_name), len(person.display_name)) > LONGEST_NAME:
        person.problems.append(f"A name is longer than {LONGEST_NAME} characters.")


def _primary(person: Person, text: str, expected: Expectations) -> str:
    if not text:
        person.problems.append("It has no primary address.")
        return ""
    return _address(person, text, expected, "The primary address")


def _aliases(person: Person, cells: Sequence[str], expected: Expectations) -> None:
    typed = [text for cell in cells for text in re.split(r"[\s,;|]+", cell) if text]
    if len(typed) > MOST_ALIASES:
        person.problems.append(f"It has {len(typed)} aliases; at most {MOST_ALIASES} are taken.")
        return
    found = (_address(person, restored(text), expected, "The alias") for text in typed)
    person.aliases = sorted({address for address in found if address} - {person.primary})


def _address(person: Person, text: str, expected: Expectations, what: str) -> str:
    """The address as it is compared, or nothing where it is none; on a domain that is not registered it is bad too."""
    address = spelled(text)
    plain = _PLAIN_ADDRESS.fullmatch(address)
    domain = plain.group(2) if plain and len(plain.group(1)) <= 64 else ""
    if domain not in expected.domains:
        try:
            validate_email(address, check_deliverability=False, test_environment=True)
        except EmailNotValidError:
            person.problems.append(f"{what} “{text[:100]}” is no mail address.")
            return ""
        domain = address.rpartition("@")[2]
    if domain not in expected.domains:
        person.problems.append(f"{what} {address} is on {domain}, which is not registered here.")
        person.unknown_domains.append(domain)
    return address


def _mobile(person: Person, text: str, region: str) -> str:
    """Any way of writing it that leaves no doubt; a spreadsheet that took it for a number lost the plus."""
    if not text:
        return ""
    if _PLAIN_NUMBER.fullmatch(text):
        return text if _is_mobile(text) else _no_mobile(person, text)
    number = sms.normalised(text, region)
    if number is None and text.isascii() and text.isdigit() and not text.startswith("0"):
        number = sms.normalised(f"+{text}", region)
    return number or _no_mobile(person, text)


def _is_mobile(number: str) -> bool:
    try:
        kind = phonenumbers.number_type(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        return False
    return kind in sms.MOBILE_KINDS


def _no_mobile(person: Person, text: str) -> str:
    person.problems.append(f"“{text[:50]}” is no mobile number with its country code, such as +31612345678.")
    return ""


def _role(person: Person, text: str, default_role: str) -> str:
    if not text:
        return default_role
    role = _ROLE_WORDS.get("".join(letter for letter in text.casefold() if letter.isalpha()))
    if role == ADMIN:
        person.problems.append("No import makes administrators: import the line without a role, then change it.")
    elif role is None:
        person.problems.append(f"“{text[:50]}” is no role: write End User, Silent User or Functional Account.")
    return role or ""


def _one_line(text: str) -> str:
    """A line break in a name could end a mail header or a log line early."""
    if text.isprintable():
        return text.strip()
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
