"""What a person (or a test, as JSON) may do to the practice tenant: the name of each change and what it takes.

The table at the end is the whole list; that of the weather is in `weather_changes`.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ppe.practice.directory import NoSuchObject
from ppe.practice.groups import SWITCHES
from ppe.practice.loopback import origin
from ppe.practice.people import PURPOSES, PeopleChanges
from ppe.practice.tenant import Tenant

Form = Mapping[str, Any]
ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


class Mistake(ValueError):
    """What was typed cannot be done; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was done, in words, and the object that it was done to."""

    words: str
    object_id: str = ""


def typed(form: Form, name: str) -> str:
    """Return what was typed into a field. Raises Mistake."""
    value = str(form.get(name) or "").strip()
    if not value:
        raise Mistake(f"Please fill in: {name.replace('_', ' ')}.")
    return value


def made_up_address(name: str, domain: str) -> str:
    """Make an address of a name: Zoë van der Berg becomes zoe.van.der.berg."""
    ascii_only = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return f"{'.'.join(re.findall(r'[a-z0-9]+', ascii_only)) or 'someone'}@{domain}"


def free_address(tenant: PeopleChanges, form: Form, name: str) -> str:
    """Return a typed address that nobody has. Raises Mistake."""
    address = typed(form, name)
    if not ADDRESS.fullmatch(address):
        raise Mistake(f"{address} is not a mail address.")
    if any(address.casefold() in known for known in _addresses(tenant)):
        raise Mistake(f"{address} belongs to somebody already.")
    return address


def _addresses(tenant: PeopleChanges) -> list[set[str]]:
    return [
        {proxy.partition(":")[2].casefold() for proxy in entry.proxy_addresses} | {entry.upn.casefold()}
        for entry in list(tenant.entries.values())
        if entry.standing == "live"
    ]


def hire(tenant: Tenant, form: Form) -> str:
    """Hire somebody; without an address one is made up on the chosen domain."""
    name = typed(form, "name")
    address = form.get("address") or made_up_address(name, str(form.get("domain") or tenant.domain))
    return tenant.hire(name, free_address(tenant, {"address": address}, "address"))


def add_group(tenant: Tenant, form: Form) -> str:
    """Make a group of one of the four kinds."""
    name, kind = typed(form, "name"), str(form.get("kind") or "security")
    if kind not in SWITCHES:
        raise Mistake(f"There is no such kind of group: {kind}.")
    address = made_up_address(name, tenant.domain)
    if SWITCHES[kind][0]:
        free_address(tenant, {"address": address}, "address")
    return tenant.add_group(name, kind, address)


def set_purpose(tenant: Tenant, form: Form) -> None:
    """Convert a mailbox. Raises Mistake."""
    purpose = typed(form, "purpose")
    if purpose not in PURPOSES:
        raise Mistake(f"A mailbox is not for this: {purpose}.")
    tenant.set_purpose(typed(form, "id"), purpose)


def add_member(tenant: Tenant, form: Form) -> None:
    """Add a member, by name, address or id."""
    tenant.add_member(typed(form, "id"), tenant.find(typed(form, "member")))


def add_domain(tenant: Tenant, form: Form) -> None:
    """Add a verified domain."""
    tenant.add_domain(typed(form, "domain").lower())


def rename(tenant: Tenant, form: Form) -> None:
    """Rename a person or a group."""
    object_id, name = typed(form, "id"), typed(form, "name")
    if tenant.entry(object_id).kind == "group":
        tenant.rename_group(object_id, name)
    else:
        tenant.rename(object_id, name)


def about_one(verb: Callable[[Tenant, str], None]) -> Callable[[Tenant, Form], None]:
    """Return a change that needs nothing but the object."""
    return lambda tenant, form: verb(tenant, typed(form, "id"))


def about_all(verb: Callable[[Tenant], object]) -> Callable[[Tenant, Form], None]:
    """Return a change of the tenant itself."""

    def change(tenant: Tenant, _form: Form) -> None:
        verb(tenant)

    return change


def perform(tenant: Tenant, form: Form) -> Outcome:
    """Carry out one change. Raises Mistake."""
    action = typed(form, "action")
    if action not in CHANGES:
        raise Mistake(f"There is no such change: {action}.")
    before = tenant.journal.last
    try:
        object_id = CHANGES[action][0](tenant, form)
    except NoSuchObject as missing:
        raise Mistake(f"Nobody and nothing here is called {missing}.") from None
    news = tenant.journal.between(before)
    return Outcome(f"{news[-1].words}." if news else CHANGES[action][1], object_id or str(form.get("id") or ""))


def register_addresses(tenant: Tenant, form: Form) -> None:
    """Register where people may be sent after signing in, and the address for front-channel logout.

    Redirect addresses come as a list, or as text with blanks between. What is not given stays; what is empty goes.
    """
    addresses, logout = form.get("redirect_addresses"), form.get("front_channel_logout")
    listed = addresses.split() if isinstance(addresses, str) else addresses
    for address in [*(listed or []), *([logout] if logout else [])]:
        if not isinstance(address, str) or origin(address) is None:
            raise Mistake(f"{address} is not a web address.")
    tenant.register_addresses(listed, logout)


NOTHING = "Nothing had to be changed."
# The sentence is for changes that the journal does not tell of.
CHANGES: dict[str, tuple[Callable[[Tenant, Form], str | None], str]] = {
    "hire": (hire, NOTHING),
    "rename": (rename, NOTHING),
    "set_mobile": (lambda tenant, form: tenant.set_mobile(typed(form, "id"), form.get("mobile") or None), NOTHING),
    "set_primary": (
        lambda tenant, form: tenant.set_primary(typed(form, "id"), free_address(tenant, form, "address")),
        "",
    ),
    "add_alias": (lambda tenant, form: tenant.add_alias(typed(form, "id"), free_address(tenant, form, "address")), ""),
    "remove_alias": (lambda tenant, form: tenant.remove_alias(typed(form, "id"), typed(form, "address")), NOTHING),
    "block": (about_one(Tenant.block), NOTHING),
    "allow": (about_one(Tenant.allow), NOTHING),
    "take_licence": (about_one(Tenant.take_licence), NOTHING),
    "give_licence": (about_one(Tenant.give_licence), NOTHING),
    "set_purpose": (set_purpose, "The mailbox is converted. The directory does not hear of that."),
    "remove_mailbox": (about_one(Tenant.remove_mailbox), NOTHING),
    "delete": (about_one(Tenant.delete), NOTHING),
    "purge": (about_one(Tenant.purge), NOTHING),
    "restore": (about_one(Tenant.restore), NOTHING),
    "add_group": (add_group, NOTHING),
    "add_member": (add_member, NOTHING),
    "remove_member": (lambda tenant, form: tenant.remove_member(typed(form, "id"), typed(form, "member")), NOTHING),
    "add_domain": (add_domain, "The domain is one of the tenant's now."),
    "expire_secret": (about_all(Tenant.expire_secret), "The client secret has expired."),
    "renew_secret": (about_all(Tenant.renew_secret), "The client secret is good for two more years."),
    "replace_secret": (about_all(Tenant.replace_secret), "There is a new client secret; the old one is void."),
    "withdraw_consent": (about_all(Tenant.withdraw_consent), "The consent is withdrawn."),
    "grant_consent": (about_all(Tenant.grant_consent), "The consent is granted. It takes a new token to have effect."),
    "add_mailbox_settings": (
        about_all(Tenant.add_mailbox_settings),
        "MailboxSettings.Read is granted too. It takes a new token to have effect.",
    ),
    "remove_mailbox_settings": (about_all(Tenant.remove_mailbox_settings), "MailboxSettings.Read is withdrawn."),
    "rotate_keys": (about_all(Tenant.rotate_signing_keys), "A new key signs from now on; the old one is still listed."),
    "withdraw_old_keys": (about_all(Tenant.withdraw_old_keys), "Only the key that signs now is listed."),
    "register_addresses": (register_addresses, "The addresses are registered."),
    "expire_delta_links": (about_all(Tenant.expire_delta_links), "All delta links have expired."),
}
