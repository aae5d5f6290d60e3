"""The fields of a change in the words of the page. Pure."""

from collections.abc import Mapping
from typing import Any

Fields = Mapping[str, Any]

LABELS = {
    "display_name": "Name",
    "first_name": "First name",
    "last_name": "Last name",
    "type": "Role",
    "primary": "Primary address",
    "aliases": "Aliases",
    "mobile": "Mobile",
    "active": "State",
    "group_kind": "Account type",
    "directory_id": "Directory object",
    "read_only": "Read-only administrator",
    "receives_digest": "Quarantine digest",
}
TYPE_WORDS = {
    "organization_admin": "Organization Admin",
    "end_user": "End User",
    "silent_user": "Silent User",
    "functional_account": "Functional Account",
    "group": "Group",
}

FOLLOWED_WORDS = {
    "display_name": "name",
    "first_name": "first name",
    "last_name": "last name",
    "mobile": "mobile",
    "primary": "primary address",
    "aliases": "aliases",
    "type": "type",
}
GROUP_KIND_WORDS = {
    "microsoft365": "Microsoft 365 group",
    "distribution": "Distribution list",
    "mail_security": "Mail-enabled security group",
    "security": "Security group",
}

_OFF_AND_ON = {
    "active": ("Not active", "Active"),
    "read_only": ("No", "Yes"),
    "receives_digest": ("Not received", "Received"),
}


def differences(before: Fields, after: Fields) -> list[tuple[str, str, str]]:
    """What changes, field by field: label, before, after."""
    names = [name for name in LABELS if name in before or name in after]
    return [
        (LABELS[name], _words(name, before), _words(name, after))
        for name in names
        if _words(name, before) or _words(name, after)
    ]


def why_updated(after: Fields) -> str:
    """The reason of a change that follows the directory; empty where it does so in nothing."""
    if after.get("active"):
        return "Sign-in is enabled again in the directory: the account is reactivated."
    words = [word for name, word in FOLLOWED_WORDS.items() if name in after]
    return f"Changed in the directory: {', '.join(words)}." if words else ""


def _words(name: str, fields: Fields) -> str:
    """A field's value as the page says it."""
    value = fields.get(name)
    if name in _OFF_AND_ON:
        return "" if value is None else _OFF_AND_ON[name][bool(value)]
    if name == "type":
        return TYPE_WORDS.get(str(value), "")
    if name == "group_kind":
        return GROUP_KIND_WORDS.get(str(value), "")
    if name == "aliases":
        return ", ".join(value or ())
    return str(value or "")
