"""What can happen to groups and their members, and what deleting an object does to the groups it was in."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from ppe.practice.directory import Directory, Entry, Properties, locked
from ppe.practice.people import smtp

GroupKind = Literal["security", "microsoft365", "distribution", "mail_security"]
# mailEnabled, securityEnabled; a Microsoft 365 group may be either in the second.
SWITCHES: dict[GroupKind, tuple[bool, bool]] = {
    "security": (False, True),
    "microsoft365": (True, False),
    "distribution": (True, False),
    "mail_security": (True, True),
}


@dataclass(frozen=True, slots=True)
class Group:
    """A group, to look at."""

    id: str
    display_name: str
    kind: GroupKind
    primary: str
    aliases: tuple[str, ...]
    members: tuple[str, ...]

    @classmethod
    def of(cls, entry: Entry) -> "Group":
        """Show an entry as a group."""
        return cls(entry.id, entry.name, kind_of(entry), entry.primary, entry.aliases, tuple(entry.members))


def kind_of(entry: Entry) -> GroupKind:
    """Tell the four kinds apart, as section 4 of the wire facts does: Unified first."""
    if "Unified" in entry.properties.get("groupTypes", []):
        return "microsoft365"
    if not entry.properties.get("mailEnabled"):
        return "security"
    return "mail_security" if entry.properties.get("securityEnabled") else "distribution"


def security_identifier(object_id: str) -> str:
    """Return the SID that Entra derives from an object id."""
    raw = UUID(object_id).bytes_le
    return "S-1-12-1-" + "-".join(str(int.from_bytes(raw[at : at + 4], "little")) for at in range(0, 16, 4))


class GroupChanges(Directory):
    """The half of a tenant that is about groups and memberships."""

    @property
    def groups(self) -> list[Group]:
        """Every group that is not deleted."""
        return [Group.of(entry) for entry in self.live("groups")]

    def add_group(
        self,
        name: str,
        kind: GroupKind = "security",
        address: str | None = None,
        members: Sequence[str] = (),
        aliases: Sequence[str] = (),
        **more: Any,
    ) -> str:
        """Add a group and return its object id. `more` are properties by Graph's own names."""
        address = address or f"{nickname(name)}@{self.domain}"
        properties = group_properties(name, kind, address, aliases) | more
        entry = self._create("group", properties, f"The group {name} was made")
        entry.properties["securityIdentifier"] = security_identifier(entry.id)
        for member in members:
            self.add_member(entry.id, member)
        return entry.id

    def add_contact(self, name: str, address: str) -> str:
        """Add a mail contact, which can be a member but is no user."""
        properties = {"displayName": name, "mail": address, "proxyAddresses": smtp(address)}
        return self._create("orgContact", properties, f"The contact {name} was made").id

    def add_device(self, name: str) -> str:
        """Add a device, which can be a member but is no user."""
        return self._create("device", {"displayName": name}, f"The device {name} was registered").id

    def rename_group(self, group_id: str, name: str) -> None:
        """Give a group another display name."""
        entry = self.entry(group_id)
        self._update(entry, f"The group {entry.name} is now called {name}", displayName=name)

    @locked
    def add_member(self, group_id: str, object_id: str) -> None:
        """Put a user, group, contact or device into a group."""
        group, member = self.entry(group_id), self.entry(object_id)
        if object_id not in group.members:
            self.members_ever += 1
            group.members[object_id] = self.members_ever
            self._note(group, "joined", f"{member.name} joined the group {group.name}", member=object_id)

    @locked
    def remove_member(self, group_id: str, object_id: str) -> None:
        """Take a member out of a group."""
        group = self.entry(group_id)
        if group.members.pop(object_id, None):
            name = self.entry(object_id).name
            self._note(group, "left", f"{name} left the group {group.name}", member=object_id)

    def groups_of(self, object_id: str) -> list[Entry]:
        """Return the groups that have this object as a direct member."""
        return [group for group in self.live("groups") if object_id in group.members]

    @locked
    def delete(self, object_id: str) -> None:
        """Delete a user or group softly: it can be restored, and is out of its groups until then."""
        entry = self.entry(object_id)
        if entry.standing == "live":
            entry.left_groups = tuple(group.id for group in self.groups_of(object_id))
            for group_id in entry.left_groups:
                self.remove_member(group_id, object_id)
            entry.standing = "deleted"
            self._note(entry, "deleted", f"{entry.name} was deleted")

    @locked
    def purge(self, object_id: str) -> None:
        """Delete a user or group for good."""
        self.delete(object_id)
        entry = self.entry(object_id)
        entry.standing = "purged"
        self._note(entry, "purged", f"{entry.name} is gone for good")

    @locked
    def restore(self, object_id: str) -> None:
        """Bring a softly deleted object back, into the groups that it was in."""
        entry = self.entry(object_id)
        if entry.standing == "deleted":
            entry.standing = "live"
            self._note(entry, "restored", f"{entry.name} was restored")
            for group_id in entry.left_groups:
                if self.entries[group_id].standing == "live":
                    self.add_member(group_id, object_id)
            entry.left_groups = ()


def nickname(text: str) -> str:
    """Return the mail nickname that Exchange would propose."""
    return "".join(letter for letter in text.split("@", maxsplit=1)[0] if letter.isalnum()) or "group"


def group_properties(name: str, kind: GroupKind, address: str, aliases: Sequence[str]) -> Properties:
    """Return what Entra stores for a new group of this kind. Only Microsoft 365 groups have a visibility."""
    mail_enabled, security_enabled = SWITCHES[kind]
    properties: Properties = {
        "displayName": name,
        "mailEnabled": mail_enabled,
        "mailNickname": nickname(address),
        "securityEnabled": security_enabled,
        "visibility": None,
    }
    if mail_enabled:
        properties |= {"mail": address, "proxyAddresses": smtp(address, aliases)}
    if kind == "microsoft365":
        born = "2024-07-05T01:26:09Z"
        properties |= {"createdDateTime": born, "renewedDateTime": born, "visibility": "Public"}
        properties["groupTypes"] = ["Unified"]
    return properties
