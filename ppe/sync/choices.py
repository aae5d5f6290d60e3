"""What an administrator may ask of a sync, and what makes no sense. Pure."""

import re
from dataclasses import dataclass, field

from ppe.sync.safety import KINDS, Limit

ROLES = {"end_user": "End User", "silent_user": "Silent User"}
FREQUENCIES = {0: "Never", 1: "Every hour", **{hours: f"Every {hours} hours" for hours in (3, 6, 12, 24)}}
HIGHEST_NUMBER = 1_000_000

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_DOMAIN = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])", re.ASCII)


@dataclass(frozen=True, slots=True)
class Choices:
    """What the settings page asks for, under the product's own names. An empty `ad_key` keeps the stored secret.

    `limits` are those of unattended syncs that were changed: `[number, percent]` by kind, -1 for what is no number.
    """

    default_user_role_name: str
    primary_domain: str
    application_id: str
    ad_key: str = field(repr=False)
    sync_active_users: bool
    sync_distribution_groups: bool
    sync_security_groups: bool
    add_users: bool
    update_users: bool
    remove_deleted_users: bool
    add_groups: bool
    update_groups: bool
    remove_deleted_groups: bool
    sync_frequency: int
    disable_login: bool
    limits: dict[str, list[int]] = field(default_factory=dict)


def problems(choices: Choices, *, has_secret: bool) -> dict[str, str]:
    """One sentence for each field that cannot be saved as it is; `has_secret` says whether one is stored already."""
    found = {}
    if choices.default_user_role_name not in ROLES:
        found["default_user_role_name"] = "Choose End User or Silent User."
    if not _DOMAIN.fullmatch(choices.primary_domain):
        found["primary_domain"] = "Enter a domain that is verified in your Microsoft tenant, such as contoso.com."
    if not _GUID.fullmatch(choices.application_id):
        found["application_id"] = (
            "Enter the Application (client) ID from the overview of the app registration: 32 hexadecimal digits in "
            "five groups."
        )
    if sentence := _secret_problem(choices.ad_key, has_secret=has_secret):
        found["ad_key"] = sentence
    if choices.sync_frequency not in FREQUENCIES:
        found["sync_frequency"] = "Choose one of the frequencies offered."
    return found | _limit_problems(choices.limits)


def changed_limits(limits: dict[str, list[int]]) -> dict[str, list[int]]:
    """Those that differ from what counts without being chosen, in the order of their kinds."""
    usual = Limit()
    return {kind: limits[kind] for kind in KINDS if limits.get(kind, usual.pair) != usual.pair}


def _limit_problems(limits: dict[str, list[int]]) -> dict[str, str]:
    found = {}
    for kind, (number, percent) in limits.items():
        if not 0 <= number <= HIGHEST_NUMBER:
            found[f"limit_{kind}_number"] = f"Write a whole number from 0 to {HIGHEST_NUMBER:,}."
        if not 0 <= percent <= 100:
            found[f"limit_{kind}_percent"] = "Write a whole number from 0 to 100."
    return found


def _secret_problem(secret: str, *, has_secret: bool) -> str | None:
    if not secret:
        return None if has_secret else "Paste the Value of the client secret."
    if _GUID.fullmatch(secret):
        return "This is the Secret ID. Paste the secret's Value, which Microsoft shows only once, when it is made."
    if len(secret) > 200 or not secret.isascii() or not secret.isprintable() or " " in secret:
        return "This is no client secret: copy its Value again, without line breaks or spaces."
    return None
