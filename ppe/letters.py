"""What is in each kind of mail, looked up at the moment it is sent: to whom, in whose name, and with which words."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import current_app

from ppe.models import SIGN_IN_TYPES, Account, Connection, Mail, Organization
from ppe.signin import codes, contacts, links, local, ways

Words = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail before it is written: the address, the name it is signed with, and what its templates need."""

    to: str
    organization: str
    words: Words


def gather(mail: Mail, now: datetime) -> Letter | None:
    """What is to be written; None when nobody is to get it any more."""
    organization: Organization | None = mail.organization
    if mail.kind == FALLBACK_USED and organization is not None:
        return Letter(mail.to, flat(organization.name), _notice(organization, mail.details))
    account = _recipient(mail)
    address = "" if account is None else contacts.primary_of(account.id)
    if account is None or not address:
        return None
    words = ACCOUNT_KINDS[mail.kind](account, mail.details, now)
    words |= {"name": flat(account.display_name), "ask": _whom_to_ask(account)}
    return Letter(address, flat(account.organization.name), words)


def flat(text: str) -> str:
    """On one line and without unseen characters: names come from the directory, and a subject is one line."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def _recipient(mail: Mail) -> Account | None:
    """Whose mail it is, if they may sign in at all.

    A typed address only finds an account; the mail goes to the address in the table, never to one that merely folds
    into it.
    """
    if mail.kind == PASSWORD_RESET:
        return local.who_may_sign_in(mail.to)
    found: Account | None = Account.get_or_none(
        Account.id == mail.account_id, Account.active, Account.removed_at.is_null(), Account.type.in_(SIGN_IN_TYPES)
    )
    return found


def _whom_to_ask(account: Account) -> str:
    """Up to three names with their addresses; an administrator, where there is nobody else to name."""
    people = [f"{flat(name)} ({address})" for name, address in contacts.to_ask(account)]
    return " or ".join(people[:3]) or "an administrator"


def _welcome(account: Account, _: Words, now: datetime) -> Words:
    connection = Connection.get_or_none(Connection.organization == account.organization_id)
    microsoft = connection is not None and ways.offered(connection)
    return {"microsoft": microsoft, "link": _link(account, links.WELCOME, now)}


def _password_reset(account: Account, _: Words, now: datetime) -> Words:
    return {"link": _link(account, links.RESET, now)}


def _one_time_code(account: Account, details: Words, now: datetime) -> Words:
    return {"code": codes.issue(account.id, now), "issued_by": flat(details["issued_by"])}


def _happened(account: Account, details: Words, _: datetime) -> Words:
    return _notice(account.organization, details)


def _notice(organization: Organization, details: Words) -> Words:
    """The details as they are read, the moment in the organisation's own time."""
    at = datetime.fromisoformat(details["at"]).astimezone(ZoneInfo(organization.time_zone))
    return {name: flat(str(value)) for name, value in details.items()} | {
        "at": f"{at.day} {at:%b %Y, %H:%M} ({organization.time_zone})"
    }


def _link(account: Account, kind: str, now: datetime) -> str:
    return f"{current_app.config['SETTINGS'].public_url}/password/{links.issue(account, kind, now)}"


FALLBACK_USED, PASSWORD_RESET = "fallback_used", "password_reset"
ACCOUNT_KINDS: dict[str, Callable[[Account, Words, datetime], Words]] = {
    "welcome": _welcome,
    PASSWORD_RESET: _password_reset,
    "password_changed": _happened,
    "one_time_code": _one_time_code,
    "second_factor_changed": _happened,
    "second_factor_locked": _happened,
}
