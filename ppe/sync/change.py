"""The values that a plan is made of: what is asked, what is known, and the change that comes out. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from ppe.sync.entry import Entry

ADMIN, FUNCTIONAL, GROUP = "organization_admin", "functional_account", "group"
ADDING, UPDATING, DISABLING, DELETING = "adding", "updating", "disabling", "deleting"
EXEMPT, NOT_IMPORTED = "exempt", "not_imported"

OFFER_FUNCTIONAL = "functional"
OFFER_CONVERT = "convert"
OFFER_REGISTER = "register:"  # followed by the domain


@dataclass(frozen=True, slots=True)
class Options:
    """What to Sync and How to Sync, and what a newcomer becomes."""

    role: str
    users: bool = True
    distribution_groups: bool = True
    security_groups: bool = True
    add_users: bool = True
    update_users: bool = True
    remove_users: bool = True
    add_groups: bool = True
    update_groups: bool = True
    remove_groups: bool = True

    def covers(self, entry: Entry) -> bool:
        """Whether *What to Sync* includes this kind of object; what it leaves out is frozen."""
        if not entry.is_group:
            return self.users
        return self.distribution_groups if entry.is_distribution else self.security_groups

    def adds(self, entry: Entry) -> bool:
        """Add Users, or Add Groups."""
        return self.add_groups if entry.is_group else self.add_users

    def updates(self, entry: Entry) -> bool:
        """Update Users, or Update Groups."""
        return self.update_groups if entry.is_group else self.update_users

    def removes(self, *, group: bool) -> bool:
        """Remove Deleted Users, or Remove Deleted Groups."""
        return self.remove_groups if group else self.remove_users


@dataclass(frozen=True, slots=True)
class Known:
    """An account as it stands here. `object_gone` says that the directory no longer has the object it is linked to."""

    id: int
    version: int
    type: str
    display_name: str
    first_name: str = ""
    last_name: str = ""
    mobile: str = ""
    active: bool = True
    deactivated_by: str | None = None
    converted: bool = False
    directory_id: str | None = None
    directory_tenant: str | None = None
    fingerprint: str | None = None
    object_gone: bool = False
    removed: bool = False
    primary: str | None = None
    aliases: tuple[str, ...] = ()
    last_admin: bool = False
    foreign: bool = False  # of another organisation, whose name is not ours to tell

    @property
    def is_person(self) -> bool:
        """Whether a blocked sign-in concerns it: a functional account and a group have none."""
        return self.type not in (FUNCTIONAL, GROUP)


@dataclass(frozen=True, slots=True)
class Domains:
    """The mail domains that are registered here, and those that the tenant has proved to own."""

    registered: frozenset[str]
    tenant: frozenset[str]


@dataclass(frozen=True, slots=True)
class Change:
    """One row of the review. `before` and `after` hold what changes; a null `fingerprint` asks for a new look later."""

    section: str
    kind: str
    name: str
    address: str = ""
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""
    notes: tuple[str, ...] = ()
    ticked: bool = True
    account: Known | None = None
    fingerprint: str | None = None
    offer: str | None = None


class Nothing(Enum):
    """Why no row is needed: the account says the same, or the object is not ours to look at."""

    SAME = "same"
    LEFT_ALONE = "left alone"


@dataclass(frozen=True, slots=True)
class Question:
    """Everything one decision needs. `account` is linked to the object; `holder` has its primary address.

    `withheld` are addresses that somebody else keeps, each with the sentence that says so.
    """

    entry: Entry
    account: Known | None = None
    holder: Known | None = None
    withheld: Mapping[str, str] = field(default_factory=dict)
