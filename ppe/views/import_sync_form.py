"""The settings form, read into the choices of a sync."""

from werkzeug.datastructures import MultiDict

from ppe.models import Connection
from ppe.sync import safety
from ppe.sync.choices import Choices, changed_limits

WHAT = {
    "sync_active_users": ("Active Users", "People whose sign-in is enabled and who have a mailbox."),
    "sync_distribution_groups": (
        "Distribution Groups",
        "Distribution lists and Microsoft 365 groups. They become functional accounts with their members.",
    ),
    "sync_security_groups": (
        "Security Groups",
        "Mail-enabled ones become functional accounts; the others become groups, which have no mail address.",
    ),
}
HOW = {
    "add_users": ("Add Users", "Who is new in the directory gets the Default New User Role."),
    "update_users": ("Update Users", "Names, mobile numbers and addresses follow; a blocked sign-in deactivates."),
    "remove_deleted_users": ("Remove Deleted Users", "Who left the directory is removed here, and kept for 30 days."),
    "add_groups": ("Add Groups", "New groups are added with their members."),
    "update_groups": ("Update Groups", "Names, addresses and members follow."),
    "remove_deleted_groups": ("Remove Deleted Groups", "Groups that left the directory are removed here."),
}
LIMITS = {
    safety.REMOVALS: "Removals, of people and of groups each by themselves",
    safety.DISABLINGS: "Deactivations",
    safety.PRIMARIES: "Changes of primary address",
    safety.LEAVINGS: "Members taken from groups",
}


def typed(form: MultiDict[str, str], connection: Connection) -> Choices:
    """What was typed and ticked, without the blanks that come along with pasting."""

    def text(name: str) -> str:
        return form.get(name, "").strip()

    frequency = text("sync_frequency")
    return Choices(
        default_user_role_name=text("default_user_role_name"),
        primary_domain=text("primary_domain").casefold(),
        application_id=text("application_id").lower(),
        ad_key=text("ad_key"),
        **{name: name in form for name in (*WHAT, *HOW)},
        sync_frequency=int(frequency) if frequency in {"0", "1", "3", "6", "12", "24"} else -1,
        disable_login="disable_login" in form,
        limits=changed_limits(
            {
                kind: [_whole(number), _whole(percent)]
                for kind, (number, percent) in limit_texts(form, connection).items()
            }
        ),
    )


def limit_texts(form: MultiDict[str, str], connection: Connection) -> dict[str, list[str]]:
    """Number and percent of each kind as they stand in their fields: as typed, or else as stored."""
    stored = safety.limits(connection.limits)
    return {
        kind: [
            form.get(f"limit_{kind}_{part}", str(value)).strip()
            for part, value in (("number", limit.number), ("percent", limit.percent))
        ]
        for kind, limit in stored.items()
    }


def _whole(text: str) -> int:
    """A whole number, written with or without commas; -1 for anything else."""
    digits = text.replace(",", "")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 10 else -1


def stored(connection: Connection) -> Choices:
    """What is stored; the secret stays where it is."""
    names = (name for name in Choices.__dataclass_fields__ if name != "ad_key")
    return Choices(ad_key="", **{name: getattr(connection, name) for name in names})
