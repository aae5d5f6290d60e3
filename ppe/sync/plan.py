"""What a sync would change, for one object at a time: the table of DESIGN section 5, read from top to bottom. Pure."""

from dataclasses import replace
from typing import Any

from ppe.sync.change import (
    ADDING,
    ADMIN,
    DELETING,
    DISABLING,
    EXEMPT,
    FUNCTIONAL,
    GROUP,
    NOT_IMPORTED,
    OFFER_FUNCTIONAL,
    OFFER_REGISTER,
    UPDATING,
    Change,
    Domains,
    Known,
    Nothing,
    Options,
    Question,
)
from ppe.sync.desired import addresses, kind, kind_of, name_of, person_fields, type_for
from ppe.sync.entry import Entry, domain_of
from ppe.sync.fields import why_updated
from ppe.sync.shared_mailbox import why_not_imported, with_suggestion

LAST_ADMINISTRATOR = "The last active administrator can be neither disabled nor removed by a sync."
ADMIN_UNTICKED = "This is an administrator: nobody gains that role by being given an address, so tick it on purpose."
CONVERTED_UNTICKED = "This account was converted by hand, so tick it on purpose."


def decide(question: Question, options: Options, domains: Domains) -> Change | Nothing:
    """What to do about one object that is in the directory and not exempt."""
    decided = _decide(question, options, domains)
    return with_suggestion(decided, question.entry) if isinstance(decided, Change) else decided


def _decide(question: Question, options: Options, domains: Domains) -> Change | Nothing:
    entry, account = question.entry, question.account
    if not options.covers(entry):
        return Nothing.LEFT_ALONE
    if account is None or account.removed:
        return _newcomer(question, options, domains)
    if (entry.guest or entry.mailbox[0] is None) and (account.converted or not entry.is_group):
        return remove(entry, account, "has no mailbox in the directory any more", options)
    if not options.updates(entry):
        return Nothing.LEFT_ALONE
    return _update(question, account, domains)


def remove(entry: Entry, account: Known, why: str, options: Options) -> Change | Nothing:
    """An account whose object is gone, or has no mailbox any more."""
    if not options.covers(entry) or not options.removes(group=entry.is_group):
        return Nothing.LEFT_ALONE
    change = Change(
        DELETING,
        kind(account.type),
        account.display_name,
        account.primary or "",
        before=_standing(account),
        reason=f"{account.display_name} {why}.",
        account=account,
    )
    if account.last_admin:
        return replace(change, section=NOT_IMPORTED, reason=LAST_ADMINISTRATOR, ticked=False)
    if account.converted:
        return replace(change, ticked=False, notes=(CONVERTED_UNTICKED,))
    return change


def exempted(entry: Entry, account: Known | None, reason: str) -> Change:
    """An object that an exemption keeps the sync away from."""
    primary = entry.mailbox[0] or (account.primary if account else None)
    why = f"Exempt from sync: {reason}" if reason else "Exempt from sync."
    return Change(EXEMPT, kind_of(entry), name_of(entry), primary or "", reason=why, ticked=False, account=account)


def _newcomer(question: Question, options: Options, domains: Domains) -> Change | Nothing:
    entry, holder = question.entry, question.holder
    primary, _ = entry.mailbox
    obstacle = _obstacle(entry, domains)
    if obstacle:
        return obstacle
    if primary is not None and primary in question.withheld:
        return _not_imported(entry, question.withheld[primary])
    if holder is not None and _may_link(entry, holder):
        return _link(question, holder, domains) if options.updates(entry) else Nothing.LEFT_ALONE
    was_converted = question.account is not None and question.account.converted
    if not (entry.enabled or entry.is_group or was_converted):
        return _not_imported(entry, why_not_imported(entry), offer=OFFER_FUNCTIONAL)
    if not options.adds(entry):
        return Nothing.LEFT_ALONE
    return _add(question, options.role, domains)


def add_as_functional(question: Question, domains: Domains) -> Change:
    """A blocked mailbox that the administrator chose to import as a functional account."""
    change = _add(question, FUNCTIONAL, domains)
    return replace(change, kind=FUNCTIONAL, after={**change.after, "type": FUNCTIONAL, "converted": True})


def _obstacle(entry: Entry, domains: Domains) -> Change | None:
    """Why an object cannot become an account, whatever we have."""
    primary, _ = entry.mailbox
    if entry.guest:
        return _not_imported(entry, "A guest: the mailbox is with another organisation.")
    if primary is None:
        if entry.is_group:
            return None
        return _not_imported(entry, "Has no mailbox in the directory (no proxyAddresses).")
    domain = domain_of(primary)
    if domain in domains.registered:
        return None
    if domain in domains.tenant:
        return _not_imported(entry, f"The domain {domain} is not registered here.", offer=OFFER_REGISTER + domain)
    return _not_imported(entry, f"The domain {domain} belongs neither to the tenant nor to this organisation.")


def _may_link(entry: Entry, holder: Known) -> bool:
    """An account without an object, or whose own is gone, is taken over by the object with its primary address.

    Who has that address as an alias is somebody else, and would lose their own primary one.
    """
    if holder.foreign or (holder.directory_id is not None and not holder.object_gone):
        return False
    if holder.primary != entry.mailbox[0]:
        return False
    return holder.type == FUNCTIONAL if entry.is_group else holder.type != GROUP


def _add(question: Question, role: str, domains: Domains) -> Change:
    entry, restored = question.entry, question.account
    primary, aliases, notes, complete = addresses(question, domains)
    after: dict[str, Any] = {"type": type_for(entry, role), "display_name": name_of(entry), "active": True}
    if restored is not None:
        after["type"] = restored.type
    after |= person_fields(entry) | {"primary": primary, "aliases": aliases}
    reason = "Back in the directory: the removed account is restored." if restored else "New in the directory."
    return Change(
        ADDING,
        kind(after["type"]),
        after["display_name"],
        primary or "",
        after=after,
        reason=reason,
        notes=notes,
        account=restored,
        fingerprint=entry.fingerprint if complete else None,
    )


def _link(question: Question, holder: Known, domains: Domains) -> Change:
    relinked = holder.directory_id is not None
    change = _update(question, holder, domains)
    if not isinstance(change, Change) or change.section == NOT_IMPORTED:
        entry = question.entry
        change = Change(UPDATING, kind(holder.type), name_of(entry), holder.primary or "", account=holder)
        change = replace(change, fingerprint=entry.fingerprint)
    why = (
        "Recreated in the directory under the same address: the account follows it, its sessions and second factor end."
        if relinked
        else "The directory has the same primary address: the account is linked and keeps its role."
    )
    before = {**change.before, "directory_id": holder.directory_id}
    after = {**change.after, "directory_id": question.entry.object_id}
    change = replace(change, before=before, after=after, reason=f"{why} {change.reason}".strip())
    if holder.type == ADMIN:
        return replace(change, ticked=False, notes=(*change.notes, ADMIN_UNTICKED))
    return change


def _update(question: Question, account: Known, domains: Domains) -> Change | Nothing:
    entry = question.entry
    primary, aliases, notes, complete = addresses(question, domains)
    wanted: dict[str, Any] = {"display_name": name_of(entry)}
    offer = None
    if entry.is_group:
        wanted["type"] = type_for(entry, account.type)
    if account.is_person or not entry.is_group:
        wanted |= person_fields(entry)
    obstacle = _primary_obstacle(question, account, domains)
    if obstacle is None:
        wanted |= {"primary": primary, "aliases": aliases}
    else:
        notes, offer, complete = (obstacle.reason + " The addresses stay as they are.",), obstacle.offer, False
    if account.is_person:
        wanted |= _activity(entry, account)
    after = {name: value for name, value in wanted.items() if getattr(account, name) != value}
    if not after and complete:
        return Nothing.SAME
    if not after:
        left_out = obstacle or _not_imported(entry, "The directory's wish can't be met.")
        return replace(left_out, account=account, notes=notes)
    change = Change(
        UPDATING,
        kind(after.get("type", account.type)),
        name_of(entry),
        after.get("primary", account.primary) or "",
        before={name: getattr(account, name) for name in after},
        after=after,
        reason=why_updated(after),
        notes=notes,
        account=account,
        fingerprint=entry.fingerprint if complete else None,
        offer=offer,
    )
    return change if after.get("active") is not False else _disable(change, account)


def _disable(change: Change, account: Known) -> Change:
    if account.last_admin:
        return replace(change, section=NOT_IMPORTED, reason=LAST_ADMINISTRATOR, ticked=False, fingerprint=None)
    why = "Sign-in is blocked in the directory: the account is deactivated, with no sign-in and no mail."
    return replace(change, section=DISABLING, reason=why)


def _activity(entry: Entry, account: Known) -> dict[str, bool]:
    """Blocked sign-in deactivates; sign-in enabled again brings back only whom the sync itself deactivated."""
    if not entry.enabled:
        return {"active": False}
    return {"active": True} if account.deactivated_by == "sync" else {}


def _primary_obstacle(question: Question, account: Known, domains: Domains) -> Change | None:
    """Why an account cannot take the primary address that the directory wants for it."""
    primary, _ = question.entry.mailbox
    if primary is None or primary == account.primary:
        return None
    if primary in question.withheld:
        return _not_imported(question.entry, question.withheld[primary])
    return _obstacle(question.entry, domains)


def _standing(account: Known) -> dict[str, Any]:
    """What a removal takes away."""
    return {
        "type": account.type,
        "display_name": account.display_name,
        "primary": account.primary,
        "aliases": account.aliases,
    }


def _not_imported(entry: Entry, reason: str, offer: str | None = None) -> Change:
    primary = entry.mailbox[0]
    return Change(
        NOT_IMPORTED, kind_of(entry), name_of(entry), primary or entry.mail, reason=reason, ticked=False, offer=offer
    )
