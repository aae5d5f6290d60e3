"""One user or group in the directory's own words, made comparable. Pure: plain values in, plain values out."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import blake2b
from typing import Any

from ppe.mail_addresses import spelled

MICROSOFT365, DISTRIBUTION, MAIL_SECURITY, SECURITY = GROUP_KINDS = (
    "microsoft365",
    "distribution",
    "mail_security",
    "security",
)


_PLAIN_ADDRESS = re.compile(r"[A-Za-z0-9._+'-]{1,64}@[A-Za-z0-9.-]{1,255}")


@dataclass(frozen=True)
class Entry:
    """What the directory says of one object. `group_kind` is None for a user; `proxy_addresses` are verbatim.

    `licensed` is None where it is not known, and for a group. `purpose` is what Microsoft 365 said of the mailbox when
    it was asked for it as it stands: a `userPurpose`, "" where it would not say, None where it was not asked.
    """

    object_id: str
    group_kind: str | None = None
    display_name: str = ""
    first_name: str = ""
    last_name: str = ""
    mobile: str = ""
    mail: str = ""
    user_principal_name: str = ""
    proxy_addresses: tuple[str, ...] = ()
    enabled: bool = True
    guest: bool = False
    licensed: bool | None = None
    purpose: str | None = None

    @property
    def is_group(self) -> bool:
        """Whether this is a group of any kind."""
        return self.group_kind is not None

    @property
    def is_distribution(self) -> bool:
        """Whether *What to Sync* counts it among the distribution groups; the other groups are security groups."""
        return self.group_kind in (MICROSOFT365, DISTRIBUTION)

    @cached_property
    def mailbox(self) -> tuple[str | None, tuple[str, ...]]:
        """The primary address and the aliases, casefolded; `(None, ())` for an object without a mailbox.

        The `SMTP:` entry is primary, or, where none is, the one equal to `mail`, else the first in order (DESIGN
        section 5; case of the prefix: proxyAddresses in Microsoft's reference of the user resource).
        """
        primary, listed = None, []
        for proxy in self.proxy_addresses:
            kind, colon, text = proxy.partition(":")
            address = normal_address(text)
            if not colon or kind.upper() != "SMTP" or address is None:
                continue
            listed.append(address)
            if kind == "SMTP" and primary is None:
                primary = address
        if not listed:
            return None, ()
        if primary is None:
            mail = normal_address(self.mail)
            primary = mail if mail in listed else listed[0]
        return primary, tuple(sorted(set(listed) - {primary}))

    @cached_property
    def fingerprint(self) -> str:
        """Changes whenever any of the directory's words does. The purpose is none of them: it decides nothing."""
        words = [
            self.group_kind, self.display_name, self.first_name, self.last_name, self.mobile, self.mail,
            self.user_principal_name, sorted(self.proxy_addresses), self.enabled, self.guest,
            self.licensed,
        ]  # fmt: skip
        return blake2b(repr(words).encode(), digest_size=16).hexdigest()


def user_entry(said: Mapping[str, Any], known: Entry | None = None) -> Entry:
    """A user of Graph's JSON. A key that is left out keeps what was known: a delta sends only what has a value.

    A mailbox is converted and loses its licence, or its sign-in, in the same hour: from then on its purpose is open.
    """
    before = known or Entry(said["id"], licensed=False)
    entry = replace(
        before,
        **_names(said, before),
        first_name=_line(said.get("givenName", before.first_name)),
        last_name=_line(said.get("surname", before.last_name)),
        mobile=_line(said.get("mobilePhone", before.mobile)),
        user_principal_name=_line(said.get("userPrincipalName", before.user_principal_name)),
        enabled=_flag(said.get("accountEnabled", before.enabled), otherwise=True),
        guest=_is_guest(said, before),
        licensed=bool(said["assignedLicenses"]) if "assignedLicenses" in said else before.licensed,
    )
    stands_as_before = (entry.enabled, entry.licensed) == (before.enabled, before.licensed)
    return entry if stands_as_before else replace(entry, purpose=None)


def group_entry(said: Mapping[str, Any], known: Entry | None = None) -> Entry:
    """A group of Graph's JSON, with the same rule for keys that are left out. Members are not part of it."""
    before = known or Entry(said["id"], group_kind=SECURITY)
    return replace(before, **_names(said, before), group_kind=_group_kind(said, known))


def normal_address(text: str | None) -> str | None:
    """An address as we compare it, or None for what is no mail address."""
    if not text:
        return None
    if _PLAIN_ADDRESS.fullmatch(text):  # nearly all of them: nothing to normalise, nothing to look for
        return text.lower()
    address = spelled(text)
    local, at, domain = address.rpartition("@")
    if not (local and at and domain) or len(address) > 320 or not address.isprintable() or " " in address:
        return None
    return address


def domain_of(address: str) -> str:
    """The part behind the last @."""
    return address.rpartition("@")[2]


def _names(said: Mapping[str, Any], before: Entry) -> dict[str, Any]:
    return {
        "display_name": _line(said.get("displayName", before.display_name)),
        "mail": _line(said.get("mail", before.mail)),
        "proxy_addresses": _texts(said.get("proxyAddresses", before.proxy_addresses)),
    }


def _line(text: object) -> str:
    """One line of text: a line break in a name could end a mail header or a log line early."""
    if not isinstance(text, str):
        return ""
    if text.isprintable():
        return text.strip()
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _texts(values: Iterable[object] | None) -> tuple[str, ...]:
    return tuple(text for text in values or () if isinstance(text, str))


def _flag(value: object, *, otherwise: bool) -> bool:
    return value if isinstance(value, bool) else otherwise


def _is_guest(said: Mapping[str, Any], before: Entry) -> bool:
    """Null means Member: some old accounts have no userType (graph.md, section 7)."""
    guest = said["userType"] == "Guest" if "userType" in said else before.guest
    return guest or "#EXT#" in str(said.get("userPrincipalName") or "")


def _group_kind(said: Mapping[str, Any], known: Entry | None) -> str:
    """`Unified` is tested first: a Microsoft 365 group may be security-enabled or not."""
    types: Sequence[object] = said.get("groupTypes") or ()
    if "Unified" in types or (known and known.group_kind == MICROSOFT365 and "groupTypes" not in said):
        return MICROSOFT365
    if known and known.group_kind and not said.keys() & {"mailEnabled", "securityEnabled"}:
        return known.group_kind
    if not said.get("mailEnabled"):
        return SECURITY
    return MAIL_SECURITY if said.get("securityEnabled") else DISTRIBUTION
