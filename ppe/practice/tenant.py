"""The practice tenant: a company's directory, its domains and the one application that may read it."""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ppe.practice import company, recording, state
from ppe.practice.directory import locked
from ppe.practice.groups import GroupChanges
from ppe.practice.journal import Change, Journal
from ppe.practice.organization import Domain
from ppe.practice.people import PeopleChanges
from ppe.practice.registration import MAILBOX_ROLE, ClientSecret, Registration
from ppe.practice.signing_keys import SigningKeys


class Tenant(PeopleChanges, GroupChanges):
    """A directory that a person or a test changes, and that the practice server answers from. Thread-safe."""

    def __init__(self, tenant_id: str, domains: Sequence[Domain], registration: Registration | None = None) -> None:
        default = next(domain.name for domain in domains if domain.is_default)
        initial = next(domain.name for domain in domains if domain.is_initial)
        super().__init__(tenant_id, default, initial)
        self.domains = list(domains)
        self.registration = registration or Registration.fresh(tenant_id)
        self.signing_keys = SigningKeys()
        self.organization: dict[str, Any] = {}
        # Delta tokens carry it: those of another tenant, or from before a reset, are answered 410.
        self.generation = uuid.uuid4().hex
        self.last_link: dict[str, int] = {}

    @classmethod
    def empty(cls, domain: str = "contoso.example", domains: Sequence[str] = ()) -> "Tenant":
        """Return a tenant without people, with this default domain, `domains` beside it, and its initial domain."""
        name, _, ending = domain.partition(".")
        initial = f"{name}-onmicrosoft.{ending}"
        every = [Domain(domain, is_default=True), Domain(initial, is_initial=True), *map(Domain, domains)]
        return cls(str(uuid.uuid5(uuid.NAMESPACE_DNS, domain)), every)

    @classmethod
    def company(
        cls, people: int = 60, seed: int = 1, groups: int | None = None, aliases: int | None = None
    ) -> "Tenant":
        """Return a believable company, the same for the same numbers. `aliases` counts those of everybody together."""
        tenant = cls.empty("contoso.example", ("fabrikam.example",))
        company.settle(tenant, company.Size(people, groups, aliases), seed)
        tenant.begin()
        return tenant

    @classmethod
    def recorded(cls, folder: str | Path) -> "Tenant":
        """Return the tenant that somebody recorded into a folder; see `recording` for what had to be added."""
        organization = recording.organization(Path(folder))
        tenant = cls(organization["id"], recording.domains(organization))
        tenant.organization = organization
        recording.replay(tenant, Path(folder))
        tenant.begin()
        return tenant

    @classmethod
    def load(cls, path: str | Path) -> "Tenant":
        """Return the tenant that `save` wrote; its delta links are still good."""
        saved = state.read(Path(path))
        tenant = cls(saved["tenant_id"], [Domain(**domain) for domain in saved["domains"]])
        state.restore(tenant, saved)
        return tenant

    @locked
    def save(self, path: str | Path) -> None:
        """Write the tenant to a file, whole or not at all."""
        state.write(Path(path), state.snapshot(self))

    def begin(self) -> None:
        """Take everything so far as given: the journal starts here."""
        self.journal = Journal()

    @locked
    def add_domain(self, name: str, verified: bool = True) -> None:
        """Add a domain to the tenant."""
        if all(domain.name != name for domain in self.domains):
            self.domains.append(Domain(name, verified))

    def is_verified(self, name: str) -> bool:
        """Is this one of the tenant's verified domains?"""
        return any(domain.verified and domain.name.casefold() == name.casefold() for domain in self.domains)

    def expire_secret(self) -> None:
        """Let the client secret run out."""
        self.registration.secret.ends = datetime.now(UTC) - timedelta(days=1)

    def renew_secret(self) -> None:
        """Let the same secret live two more years. Entra cannot: there it takes a new one, see `replace_secret`."""
        self.registration.secret.ends = datetime.now(UTC) + timedelta(days=730)

    def replace_secret(self) -> str:
        """Make a new client secret, take the one before away, and return the new value."""
        now, value = datetime.now(UTC), f"New8Q~{uuid.uuid4().hex}"
        self.registration.secrets[-1] = ClientSecret(str(uuid.uuid4()), "PPE", value, now, now + timedelta(days=730))
        return value

    def withdraw_consent(self) -> None:
        """Take the permission away, also the one that people gave for themselves.

        Here this holds at once; Entra's old tokens keep their roles until they expire.
        """
        self.registration.consented = False
        self.registration.agreed.clear()

    def grant_consent(self) -> None:
        """Grant the permission. A token from before has no roles: it takes a fresh one."""
        self.registration.consented = True

    @locked
    def add_mailbox_settings(self) -> None:
        """Let the application read the settings of mailboxes too. It takes a fresh token to have effect."""
        if not self.registration.reads_mailboxes:
            self.registration.permissions.append(MAILBOX_ROLE)

    @locked
    def remove_mailbox_settings(self) -> None:
        """Take that permission away; as with the consent, here this holds at once."""
        if self.registration.reads_mailboxes:
            self.registration.permissions.remove(MAILBOX_ROLE)

    @locked
    def agree(self, object_id: str) -> None:
        """Let a person consent for herself to being signed in."""
        if object_id not in self.registration.agreed:
            self.registration.agreed.append(object_id)

    @locked
    def register_addresses(self, redirect_addresses: Sequence[str] | None, front_channel_logout: str | None) -> None:
        """Register the application's own addresses. None leaves what is."""
        if redirect_addresses is not None:
            self.registration.redirect_addresses = list(redirect_addresses)
        if front_channel_logout is not None:
            self.registration.front_channel_logout = front_channel_logout

    def rotate_signing_keys(self) -> None:
        """Sign ID tokens with a new key; the old ones stay listed. Keys do not outlive the process."""
        self.signing_keys.rotate()

    def withdraw_old_keys(self) -> None:
        """List only the key that signs now."""
        self.signing_keys.withdraw_old()

    def expire_delta_links(self) -> None:
        """Make every delta link handed out so far worthless."""
        self.generation = uuid.uuid4().hex
        self.last_link.clear()

    def news(self) -> list[Change]:
        """Return what a reader of the delta links handed out last would find: users and groups each from their own."""
        kinds = {"user": "users", "group": "groups"}
        return [
            change
            for change in self.journal.between(min(self.last_link.values(), default=0))
            if change.sequence > self.last_link.get(kinds.get(change.kind, ""), self.journal.last)
        ]
