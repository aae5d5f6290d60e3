"""Directory objects as Graph writes them: which properties there are, which come unasked, and how absence looks."""

import json
from collections.abc import Iterable
from typing import Any

from ppe.practice.directory import Collection, Entry

Names = tuple[str, ...]

USER_DEFAULT: Names = (
    *("businessPhones", "displayName", "givenName", "jobTitle", "mail", "mobilePhone", "officeLocation"),
    *("preferredLanguage", "surname", "userPrincipalName", "id"),
)
USER_ON_REQUEST: Names = (
    *("accountEnabled", "proxyAddresses", "userType", "assignedLicenses", "assignedPlans", "otherMails"),
    *("mailNickname", "showInAddressList", "externalUserState", "externalUserStateChangeDateTime", "creationType"),
    *("createdDateTime", "deletedDateTime", "department", "companyName", "city", "country", "employeeId", "state"),
    *("imAddresses", "usageLocation", "onPremisesSyncEnabled", "onPremisesImmutableId", "onPremisesDomainName"),
    *("onPremisesLastSyncDateTime", "onPremisesSamAccountName", "onPremisesUserPrincipalName", "faxNumber"),
    *("onPremisesSecurityIdentifier", "onPremisesDistinguishedName", "securityIdentifier", "streetAddress"),
)
# Asking a collection for one of these is answered 501.
USER_REFUSED: Names = (
    *("aboutMe", "birthday", "hireDate", "interests", "mailboxSettings", "mySite", "pastProjects", "preferredName"),
    *("responsibilities", "schools", "skills"),
)
GROUP_DEFAULT: Names = (
    *("id", "deletedDateTime", "classification", "createdDateTime", "creationOptions", "description", "displayName"),
    *("expirationDateTime", "groupTypes", "isAssignableToRole", "mail", "mailEnabled", "mailNickname"),
    *("membershipRule", "membershipRuleProcessingState", "onPremisesDomainName", "onPremisesLastSyncDateTime"),
    *("onPremisesNetBiosName", "onPremisesSamAccountName", "onPremisesSecurityIdentifier", "onPremisesSyncEnabled"),
    *("preferredDataLocation", "preferredLanguage", "proxyAddresses", "renewedDateTime", "resourceBehaviorOptions"),
    *("resourceProvisioningOptions", "securityEnabled", "securityIdentifier", "theme", "uniqueName", "visibility"),
    *("onPremisesProvisioningErrors", "serviceProvisioningErrors"),
)
OTHER_DEFAULT: Names = ("id", "displayName", "mail", "proxyAddresses")
LISTS = frozenset(
    {"businessPhones", "proxyAddresses", "assignedLicenses", "assignedPlans", "otherMails", "imAddresses"}
    | {"creationOptions", "groupTypes", "resourceBehaviorOptions", "resourceProvisioningOptions"}
    | {"onPremisesProvisioningErrors", "serviceProvisioningErrors"}
)
# Recorded first rounds hold no nulls, with this one exception, on groups that are not Microsoft 365's.
NULL_FROM_THE_START = "visibility"

DEFAULT: dict[Collection, Names] = {"users": USER_DEFAULT, "groups": GROUP_DEFAULT}
KNOWN: dict[Collection, frozenset[str]] = {
    "users": frozenset(USER_DEFAULT + USER_ON_REQUEST + USER_REFUSED + ("manager",)),
    "groups": frozenset((*GROUP_DEFAULT, "members")),
}


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def to_json(value: object) -> bytes:
    """Write JSON as Graph does: no blanks, text as UTF-8."""
    return _encode(value).encode()


def type_of(entry: Entry) -> str:
    """Return the `@odata.type` of an object."""
    return f"#microsoft.graph.{entry.kind}"


def default_names(entry: Entry) -> Names:
    """Return what Graph says of an object when nothing is selected."""
    return {"user": USER_DEFAULT, "group": GROUP_DEFAULT}.get(entry.kind, OTHER_DEFAULT)


def plain(entry: Entry, names: Iterable[str]) -> dict[str, Any]:
    """Return properties as a listing does: what was never set is null, or an empty list."""
    value = entry.properties.get
    return {name: ([] if (had := value(name)) is None and name in LISTS else had) for name in names}


def listed(entry: Entry, names: Names) -> bytes:
    """Write an object for a listing. Kept until it changes: a bench reads a hundred thousand of them."""
    if names not in entry.rendered:
        entry.rendered[names] = to_json(plain(entry, names))
    return entry.rendered[names]


def first_seen(entry: Entry, names: Names) -> dict[str, Any]:
    """Return properties as the first delta round does: what has no value is left out."""
    values = ((name, entry.properties.get(name)) for name in names if name in entry.properties)
    return {name: value for name, value in values if value not in (None, []) or name == NULL_FROM_THE_START}


def seen_again(entry: Entry, names: Names) -> dict[str, Any]:
    """Return properties as later rounds do: what was unset since is null, what never was set is left out."""
    return {name: entry.properties[name] for name in names if name in entry.properties}


def removed(entry: Entry) -> dict[str, Any]:
    """Return what a delta round says of an object that is gone: restorable or for good."""
    return {"id": entry.id, "@removed": {"reason": "changed" if entry.standing == "deleted" else "deleted"}}
