"""The organization that a tenant belongs to, and its mail domains."""

from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class Domain:
    """A mail domain of the tenant. An unverified one is listed too, but receives no mail."""

    name: str
    verified: bool = True
    is_default: bool = False
    is_initial: bool = False

    @property
    def services(self) -> list[str]:
        """What the domain may be used for."""
        return ["Email", "OfficeCommunicationsOnline"] if self.verified else []

    def described(self) -> dict[str, Any]:
        """Return it as `/domains` does."""
        return {
            "authenticationType": "Managed",
            "availabilityStatus": None,
            "id": self.name,
            "isAdminManaged": True,
            "isDefault": self.is_default,
            "isInitial": self.is_initial,
            "isRoot": True,
            "isVerified": self.verified,
            "supportedServices": self.services,
            "passwordValidityPeriodInDays": None,
            "passwordNotificationWindowInDays": None,
            "state": None,
        }

    def in_organization(self) -> dict[str, Any]:
        """Return it as one of the `verifiedDomains` of `/organization`."""
        return {
            "capabilities": ", ".join(self.services),
            "isDefault": self.is_default,
            "isInitial": self.is_initial,
            "name": self.name,
            "type": "Managed",
        }


ORGANIZATION: dict[str, Any] = {
    "id": "",
    "deletedDateTime": None,
    "businessPhones": [],
    "city": None,
    "country": None,
    "countryLetterCode": "NL",
    "createdDateTime": "2023-02-21T19:56:38Z",
    "defaultUsageLocation": None,
    "displayName": "Contoso",
    "isMultipleDataLocationsForServicesEnabled": None,
    "marketingNotificationEmails": [],
    "onPremisesLastSyncDateTime": None,
    "onPremisesSyncEnabled": None,
    "partnerTenantType": None,
    "postalCode": None,
    "preferredLanguage": "en",
    "securityComplianceNotificationMails": [],
    "securityComplianceNotificationPhones": [],
    "state": None,
    "street": None,
    "technicalNotificationMails": [],
    "tenantType": "AAD",
    "directorySizeQuota": {"used": 0, "total": 300_000},
    "privacyProfile": None,
    "assignedPlans": [],
    "onPremisesSyncStatus": [],
    "provisionedPlans": [],
    "verifiedDomains": [],
}
