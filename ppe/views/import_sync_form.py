"""The settings form, read into the choices of a sync."""

from werkzeug.datastructures import MultiDict

from ppe.models import Connection
from ppe.sync.choices import Choices

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


def typed(form: MultiDict[str, str]) -> Choices:
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
    )


def stored(connection: Connection) -> Choices:
    """What is stored; the secret stays where it is."""
    names = (name for name in Choices.__dataclass_fields__ if name != "ad_key")
    return Choices(ad_key="", **{name: getattr(connection, name) for name in names})
