"""What can happen to people: hired, renamed, given addresses, blocked, deleted, brought back."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ppe.practice.directory import Directory, Entry, Properties, locked

USER, SHARED, ROOM, EQUIPMENT = PURPOSES = ("user", "shared", "room", "equipment")  # of the seven there are
LICENCE = {"disabledPlans": [], "skuId": "c7df2760-2c81-4ef7-b578-5b5392b571df"}


@dataclass(frozen=True, slots=True)
class Person:
    """A user, to look at."""

    id: str
    display_name: str
    primary: str
    aliases: tuple[str, ...]
    upn: str
    mobile: str | None
    enabled: bool
    guest: bool
    licensed: bool

    @classmethod
    def of(cls, entry: Entry) -> "Person":
        """Show an entry as a person."""
        has = entry.properties.get
        return cls(
            entry.id,
            entry.name,
            entry.primary,
            entry.aliases,
            entry.upn,
            has("mobilePhone"),
            has("accountEnabled") is True,
            has("userType") == "Guest",
            bool(has("assignedLicenses")),
        )


def names_of(name: str, given: str | None, surname: str | None) -> dict[str, str | None]:
    """Return given name and surname as told, or else as the display name suggests. Empty text means none."""
    first, _, rest = name.partition(" ")
    return {
        "givenName": (first if given is None else given) or None,
        "surname": (rest if surname is None else surname) or None,
    }


def smtp(primary: str, aliases: Sequence[str] = ()) -> list[str]:
    """Return proxyAddresses: upper-case SMTP: for the primary address, lower-case for the aliases."""
    return [f"SMTP:{primary}", *(f"smtp:{alias}" for alias in aliases)]


def is_mail(entry: str) -> bool:
    """Is this proxy address a mail address, rather than X500:, SIP: or SPO:?"""
    return entry[:5].casefold() == "smtp:"


class PeopleChanges(Directory):
    """The half of a tenant that is about people."""

    @property
    def people(self) -> list[Person]:
        """Everybody who is not deleted."""
        return [Person.of(entry) for entry in self.live("users")]

    @property
    def deleted_people(self) -> list[Person]:
        """The soft-deleted, who can be restored or purged."""
        return [Person.of(entry) for entry in self.users if entry.standing == "deleted"]

    def hire(  # noqa: PLR0913 - as many as a new colleague's form has, and keywords only
        self,
        name: str,
        address: str,
        *,
        aliases: Sequence[str] = (),
        enabled: bool = True,
        mailbox: bool = True,
        guest: bool = False,
        mobile: str | None = None,
        given: str | None = None,
        surname: str | None = None,
        object_id: str | None = None,
        licensed: bool = True,
        purpose: str = USER,
        **more: Any,
    ) -> str:
        """Add a person and return the object id. `more` are properties by Graph's own names."""
        properties: Properties = {
            "accountEnabled": enabled,
            "displayName": name,
            **names_of(name, given, surname),
            "mobilePhone": mobile,
            "userPrincipalName": self._guest_upn(address) if guest else address,
            "userType": "Guest" if guest else "Member",
        }
        if guest:
            properties |= {"creationType": "Invitation", "externalUserState": "Accepted"}
        if mailbox:
            properties |= {"mail": address, "proxyAddresses": smtp(address, aliases)}
        if licensed and not guest:
            properties["assignedLicenses"] = [LICENCE]
        known = {key: value for key, value in (properties | more).items() if value is not None}
        hired = self._create("user", known, f"{name} was hired", object_id).id
        self.purposes[hired] = purpose
        return hired

    def _guest_upn(self, address: str) -> str:
        return f"{address.replace('@', '_')}#EXT#@{self.initial_domain}"

    def rename(self, object_id: str, name: str, given: str | None = None, surname: str | None = None) -> None:
        """Give another display name, and the given name and surname that go with it."""
        entry = self.entry(object_id)
        words = f"{entry.name} is now called {name}"
        self._update(entry, words, displayName=name, **names_of(name, given, surname))

    def set_mobile(self, object_id: str, mobile: str | None) -> None:
        """Set or unset the mobile phone number."""
        entry = self.entry(object_id)
        self._update(entry, f"{entry.name} has another mobile number", mobilePhone=mobile)

    def set_properties(self, object_id: str, **values: Any) -> None:
        """Set properties by Graph's own names, for what has no verb here."""
        entry = self.entry(object_id)
        self._update(entry, f"{entry.name}: {', '.join(values)} changed", **values)

    @locked
    def set_primary(self, object_id: str, address: str, keep_old: bool = True) -> None:
        """Change the primary address; the old one becomes an alias unless `keep_old` is false."""
        entry = self.entry(object_id)
        old = [entry.primary] if keep_old and entry.primary else []
        aliases = [alias for alias in (*old, *entry.aliases) if alias.casefold() != address.casefold()]
        self.set_addresses(object_id, address, aliases)

    @locked
    def set_addresses(self, object_id: str, primary: str, aliases: Sequence[str] = ()) -> None:
        """Replace every mail address; X500:, SIP: and SPO: entries stay."""
        entry = self.entry(object_id)
        others = [proxy for proxy in entry.proxy_addresses if not is_mail(proxy)]
        words = f"{entry.name} now has {', '.join([primary, *aliases])}"
        self._update(entry, words, mail=primary, proxyAddresses=[*smtp(primary, aliases), *others])

    def set_proxy_addresses(self, object_id: str, verbatim: Sequence[str]) -> None:
        """Set proxyAddresses exactly as given."""
        entry = self.entry(object_id)
        self._update(entry, f"{entry.name} now has {', '.join(verbatim) or 'no address'}", proxyAddresses=[*verbatim])

    @locked
    def add_alias(self, object_id: str, address: str) -> None:
        """Add one alias."""
        entry = self.entry(object_id)
        proxies = [*entry.proxy_addresses, f"smtp:{address}"]
        self._update(entry, f"{entry.name} can now also be reached as {address}", proxyAddresses=proxies)

    @locked
    def remove_alias(self, object_id: str, address: str) -> None:
        """Take one alias away."""
        entry = self.entry(object_id)
        gone = f"smtp:{address}".casefold()
        proxies = [proxy for proxy in entry.proxy_addresses if proxy.startswith("SMTP:") or proxy.casefold() != gone]
        self._update(entry, f"{entry.name} lost the alias {address}", proxyAddresses=proxies)

    def block(self, object_id: str) -> None:
        """Block sign-in."""
        entry = self.entry(object_id)
        self._update(entry, f"{entry.name} may no longer sign in", accountEnabled=False)

    def allow(self, object_id: str) -> None:
        """Allow sign-in."""
        entry = self.entry(object_id)
        self._update(entry, f"{entry.name} may sign in again", accountEnabled=True)

    def take_licence(self, object_id: str) -> None:
        """Take the licence away. The mailbox stays: Exchange keeps a shared one without, and others for 30 days."""
        entry = self.entry(object_id)
        self._update(entry, f"{entry.name} has no licence any more", assignedLicenses=[])

    def give_licence(self, object_id: str) -> None:
        """Assign a licence."""
        entry = self.entry(object_id)
        self._update(entry, f"{entry.name} has a licence", assignedLicenses=[LICENCE])

    def set_purpose(self, object_id: str, purpose: str) -> None:
        """Convert a mailbox, in Exchange: the directory does not hear of it."""
        self.purposes[self.entry(object_id).id] = purpose

    def purpose_of(self, object_id: str) -> str:
        """Return what a mailbox is for; empty for a guest, and for who has none here."""
        entry = self.entry(object_id)
        has_mailbox = entry.properties.get("userType") != "Guest" and any(map(is_mail, entry.proxy_addresses))
        return self.purposes.get(object_id, USER) if has_mailbox else ""

    def remove_mailbox(self, object_id: str) -> None:
        """Take the licence and the mailbox away; the account stays."""
        entry = self.entry(object_id)
        words = f"{entry.name} has no mailbox any more"
        self._update(entry, words, mail=None, proxyAddresses=[], assignedLicenses=[])
