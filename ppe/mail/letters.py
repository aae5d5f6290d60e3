"""What is in each kind of mail, looked up at the moment it is sent: to whom, in whose name, and with which words."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import current_app

from ppe.errors import DeliveryFailed
from ppe.mail.notice_words import NOTICES, moment
from ppe.models import SIGN_IN_TYPES, Account, Connection, Mail, Organization
from ppe.signin import codes, contacts, links, local, ways
from ppe.sync import daily, summary

Words = dict[str, Any]
Addressed = tuple[tuple[str, ...], Words]


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail before it is written: the addresses, the name it is signed with, and what its templates need."""

    to: tuple[str, ...]
    organization: str
    words: Words


def gather(mail: Mail, now: datetime) -> Letter | None:
    """What is to be written; None when nobody is to get it any more.

    Raises:
        DeliveryFailed: there is nobody to send it to now, and it is to wait for somebody.
    """
    organization: Organization | None = mail.organization
    if mail.kind in ORGANIZATION_KINDS and organization is not None:
        to, words = ORGANIZATION_KINDS[mail.kind](mail, organization, now)
        return Letter(to, flat(organization.name), words) if to else None
    account = _recipient(mail)
    address = "" if account is None else contacts.primary_of(account.id)
    if account is None or not address:
        return None
    words = ACCOUNT_KINDS[mail.kind](account, mail.details, now)
    words |= {"name": flat(account.display_name), "ask": _whom_to_ask(account)}
    return Letter((address,), flat(account.organization.name), words)


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
    at = moment(organization, datetime.fromisoformat(details["at"]))
    return {name: flat(str(value)) for name, value in details.items()} | {"at": at}


def _summary(mail: Mail, organization: Organization, now: datetime) -> Addressed:
    """To the tech contact and the further addresses. Without a contact it waits, as for a mail server that is away."""
    contact = contacts.tech_contact(organization)
    if contact is None:
        raise DeliveryFailed("There is no tech contact to send the summary to.")
    since, until = (datetime.fromisoformat(mail.details[name]) for name in ("since", "until"))
    found = summary.gather(organization, since, until, now)
    page = f"{current_app.config['SETTINGS'].public_url}/import-sync/summary/{found.until:%Y-%m-%d}"
    return _with_further((contact[1],), organization), {
        "summary": found,
        "page": f"{page}?since={since:%Y-%m-%dT%H:%M:%SZ}",
    }


def _told(mail: Mail, organization: Organization, now: datetime) -> Addressed:
    """To the tech contact, or where there is none to every administrator."""
    addresses = _with_further((address for _, address in contacts.told(organization)), organization)
    if mail.kind == FALLBACK_USED:
        return addresses, _notice(organization, mail.details)
    return addresses, NOTICES[mail.kind](mail, organization, now)


def _with_further(addresses: Iterable[str], organization: Organization) -> tuple[str, ...]:
    """And the further addresses that the profile names, each once."""
    return tuple(dict.fromkeys((*addresses, *organization.notice_addresses)))


def _link(account: Account, kind: str, now: datetime) -> str:
    return f"{current_app.config['SETTINGS'].public_url}/password/{links.issue(account, kind, now)}"


FALLBACK_USED, PASSWORD_RESET = "fallback_used", "password_reset"
ORGANIZATION_KINDS: dict[str, Callable[[Mail, Organization, datetime], Addressed]] = {
    FALLBACK_USED: _told,
    daily.KIND: _summary,
    **dict.fromkeys(NOTICES, _told),
}
ACCOUNT_KINDS: dict[str, Callable[[Account, Words, datetime], Words]] = {
    "welcome": _welcome,
    PASSWORD_RESET: _password_reset,
    "password_changed": _happened,
    "one_time_code": _one_time_code,
    "second_factor_changed": _happened,
    "second_factor_locked": _happened,
}
