"""The application registration: what the product signs in to the practice tenant with."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4, uuid5

from ppe.practice.loopback import is_loopback_address, origin

ROLE = "Directory.Read.All"
MAILBOX_ROLE = "MailboxSettings.Read"


@dataclass(slots=True)
class ClientSecret:
    """One client secret and how long it is good for."""

    key_id: str
    name: str
    value: str
    starts: datetime
    ends: datetime

    def is_over(self, now: datetime) -> bool:
        """Has it expired?"""
        return self.ends <= now

    def described(self) -> dict[str, str | None]:
        """Return it as `passwordCredentials` shows it: never the value, only its first three characters."""
        return {
            "customKeyIdentifier": None,
            "displayName": self.name,
            "endDateTime": wire_time(self.ends),
            "hint": self.value[:3],
            "keyId": self.key_id,
            "secretText": None,
            "startDateTime": wire_time(self.starts),
        }


def wire_time(moment: datetime) -> str:
    """Write a time as the directory does, with seven fractional digits."""
    return f"{moment:%Y-%m-%dT%H:%M:%S.%f}1Z"


@dataclass(slots=True)
class Registration:
    """The registration, its secrets (the newest last), what it asks for and whether an administrator consented to that.

    No redirect address at all means that any http address on this machine will do: a practice tenant beside a console
    on whatever port should work without being told. Entra never takes one that is not registered.
    """

    application_id: str
    object_id: str
    secrets: list[ClientSecret]
    consented: bool = True
    permissions: list[str] = field(default_factory=lambda: [ROLE])
    token_lifetime: int = 3599
    name: str = field(default="People Pulled from Entra")
    redirect_addresses: list[str] = field(default_factory=list)
    front_channel_logout: str = ""
    agreed: list[str] = field(default_factory=list)
    """Object ids of the people who consented for themselves, which matters where no administrator did."""

    @classmethod
    def fresh(cls, tenant_id: str) -> "Registration":
        """Register the application in a tenant, with a secret that is good for two years."""
        namespace = UUID(tenant_id)
        now = datetime.now(UTC)
        value = f"Prc8Q~{uuid5(namespace, 'secret').hex}"
        tried = f"Old8Q~{uuid5(namespace, 'old secret').hex}"
        return cls(
            str(uuid5(namespace, "application")),
            str(uuid5(namespace, "application object")),
            [
                ClientSecret(str(uuid4()), "First try", tried, now - timedelta(days=400), now - timedelta(days=35)),
                ClientSecret(str(uuid4()), "PPE", value, now, now + timedelta(days=730)),
            ],
        )

    @property
    def granted(self) -> list[str]:
        """The application permissions that are good now; the `roles` of a token."""
        return list(self.permissions) if self.consented else []

    @property
    def reads_mailboxes(self) -> bool:
        """Does it ask for the settings of mailboxes too?"""
        return MAILBOX_ROLE in self.permissions

    @property
    def secret(self) -> ClientSecret:
        """The secret to use."""
        return self.secrets[-1]

    def may_redirect_to(self, address: str) -> bool:
        """May somebody who signed in be sent there? Entra compares letter by letter."""
        return address in self.redirect_addresses if self.redirect_addresses else is_loopback_address(address)

    def may_return_to(self, address: str) -> bool:
        """May somebody who signed out be sent there? Any page of a registered origin will do."""
        if not self.redirect_addresses:
            return is_loopback_address(address)
        return origin(address) in {origin(known) for known in self.redirect_addresses} - {None}

    def needs_consent_of(self, object_id: str) -> bool:
        """Has this person to be asked first?"""
        return not self.consented and object_id not in self.agreed

    def described(self) -> dict[str, object]:
        """Return what `/applications` says of it."""
        return {
            "id": self.object_id,
            "appId": self.application_id,
            "displayName": self.name,
            "passwordCredentials": [secret.described() for secret in self.secrets],
        }
