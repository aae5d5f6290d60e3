"""What the directory wants an object to be here: its name, type, fields and addresses. Pure."""

from ppe.sync.change import FUNCTIONAL, GROUP, Domains, Question
from ppe.sync.entry import Entry, domain_of


def addresses(question: Question, domains: Domains) -> tuple[str | None, tuple[str, ...], tuple[str, ...], bool]:
    """The addresses to give, notes on those that are not given, and whether the directory's wish is met for good.

    An alias on an unregistered domain is settled until the domains change; one that somebody else has, is not.
    """
    primary, wanted = question.entry.mailbox
    given, notes, complete = [], [], True
    for alias in wanted:
        if domain_of(alias) not in domains.registered:
            notes.append(f"The alias {alias} is left out: its domain is not registered here.")
        elif alias in question.withheld:
            notes.append(f"The alias {alias} is left out. {question.withheld[alias]}")
            complete = False
        else:
            given.append(alias)
    return primary, tuple(given), tuple(notes), complete


def person_fields(entry: Entry) -> dict[str, str]:
    """The fields that only a person has."""
    if entry.is_group:
        return {}
    return {"first_name": entry.first_name, "last_name": entry.last_name, "mobile": entry.mobile}


def type_for(entry: Entry, role: str) -> str:
    """A group with an address is a functional account, one without is a group; a user has the role."""
    if not entry.is_group:
        return role
    return FUNCTIONAL if entry.mailbox[0] else GROUP


def name_of(entry: Entry) -> str:
    """What to call it: never nothing."""
    first_last = f"{entry.first_name} {entry.last_name}".strip()
    return entry.display_name or first_last or entry.mailbox[0] or entry.mail or entry.object_id


def kind_of(entry: Entry) -> str:
    """What the row of an object is, for its icon and the summary."""
    return kind(type_for(entry, "user"))


def kind(account_type: str) -> str:
    """The same of an account of this type."""
    return account_type if account_type in (FUNCTIONAL, GROUP) else "user"
