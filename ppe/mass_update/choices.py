"""What a mass update is to change: as it is typed, as it is kept, and in the words of pages and of the audit. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date

from ppe.mass_update import words
from ppe.models import END_USER, FUNCTIONAL, PERSON_TYPES, SILENT_USER
from ppe.sync.fields import TYPE_WORDS

LONGEST_REASON = 500
KEEP = ""
ON, OFF = "on", "off"
EXEMPT, END = "exempt", "end"
ACTIVE, NOT_ACTIVE = "active", "not_active"
NEW, EVERYBODY = "new", "everybody"

UNCHANGED = "Leave as it is"
# Administrators are made by hand, one by one.
ROLES = {KEEP: UNCHANGED} | {role: TYPE_WORDS[role] for role in (END_USER, SILENT_USER, FUNCTIONAL)}
DIGESTS = {KEEP: UNCHANGED, ON: words.digest(True), OFF: words.digest(False)}
EXEMPTION_CHOICES = {KEEP: UNCHANGED, EXEMPT: "Exempt", END: "End the exemption"}
STATE_CHOICES = {KEEP: UNCHANGED, ACTIVE: words.state(True), NOT_ACTIVE: words.state(False)}
WELCOMES = {
    KEEP: "Send none",
    NEW: "To those who can sign in and have no password yet",
    EVERYBODY: "To all End Users",
}
LABELS = {
    "role": words.ROLE,
    "digest": words.DIGEST,
    "exemption": words.EXEMPTION,
    "state": words.STATE,
    "welcome": words.WELCOME,
}


@dataclass(frozen=True, slots=True)
class Choices:
    """What is to change; what is empty stays as it is. `reason` and `last_day` (an ISO date) are of an exemption."""

    role: str = KEEP
    digest: str = KEEP
    exemption: str = KEEP
    reason: str = ""
    last_day: str = ""
    state: str = KEEP
    welcome: str = KEEP

    @property
    def until(self) -> date | None:
        """The last day of an exemption; None is for good."""
        return date.fromisoformat(self.last_day) if self.last_day else None

    def kept(self) -> dict[str, str]:
        """As a row keeps it: what is chosen, and nothing else."""
        return {name: value for name, value in asdict(self).items() if value}

    def told(self) -> dict[str, str]:
        """As it is read: for each thing that is to change, into what."""
        said = {name: words_of(name)[value] for name in LABELS if (value := getattr(self, name))}
        if self.exemption == EXEMPT:
            said["exemption"] = words.exemption({"reason": self.reason, "last_day": self.last_day or None})
        return {LABELS[name]: text for name, text in said.items()}


def offered(types: Sequence[str]) -> dict[str, dict[str, str]]:
    """What can be chosen for accounts of these types: functional accounts have no other role here, and no sign-in."""
    names = LABELS if set(types) <= set(PERSON_TYPES) else ("digest", "exemption", "state")
    return {name: words_of(name) for name in names}


def words_of(name: str) -> dict[str, str]:
    """The values of a choice, each with its words."""
    every = {
        "role": ROLES,
        "digest": DIGESTS,
        "exemption": EXEMPTION_CHOICES,
        "state": STATE_CHOICES,
        "welcome": WELCOMES,
    }
    return every[name]


def typed(form: Mapping[str, str], types: Sequence[str]) -> Choices:
    """A form as it would be kept; what can't be chosen counts as not chosen."""
    chosen = {name: form.get(f"new_{name}", "") for name in offered(types)}
    known = {name: value for name, value in chosen.items() if value in words_of(name)}
    reason = " ".join("".join(c if c.isprintable() else " " for c in form.get("reason", "")[:2000]).split())
    return Choices(**known, reason=reason, last_day=form.get("last_day", "")[:10])


def problems(wanted: Choices, today: date) -> dict[str, str]:
    """What is wrong, a sentence for each field."""
    wrong = {}
    if not any(getattr(wanted, name) for name in LABELS):
        wrong["form"] = "Choose what to change."
    if wanted.exemption != EXEMPT and (wanted.reason or wanted.last_day):
        wrong["exemption"] = "A reason and a last day are for “Exempt”: choose it, or empty both."
    if len(wanted.reason) > LONGEST_REASON:
        wrong["reason"] = f"Write at most {LONGEST_REASON} characters."
    if wanted.last_day and (_day(wanted.last_day) or date.min) < today:
        wrong["last_day"] = "Choose today or a later day, or leave it empty."
    if wanted.role == FUNCTIONAL and wanted.state == NOT_ACTIVE:
        wrong["state"] = "Mail to a functional account flows: convert first, and deactivate on their own list."
    if wanted.role == FUNCTIONAL and wanted.welcome:
        wrong["welcome"] = "A functional account can't sign in: send none."
    return wrong


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
