"""The sign-in policy of an organisation: whether Microsoft is the way in, and who is asked for a second factor.

A change is looked at before it is made: each line says what was, what will be, and what that means.
"""

from dataclasses import asdict, dataclass
from datetime import datetime

from ppe import audit
from ppe.db import database
from ppe.errors import Refused
from ppe.models import (
    ADMIN,
    ADMINISTRATORS,
    EVERYONE,
    OFF,
    SECOND_FACTOR_POLICIES,
    SIGN_IN_TYPES,
    Account,
    Authenticator,
    Connection,
    Organization,
)
from ppe.signin.visitor import Visitor

WORDS = {OFF: "Off", ADMINISTRATORS: "Administrators", EVERYONE: "Everyone"}
MEANWHILE = "Another administrator changed these settings meanwhile. Nothing was saved: please look again."
NOTHING = "Nothing was saved: these are the settings already."
LAST_FACTOR = (
    "Your organisation asks you for a code, and this app is all that you have for it: without it you could not sign in "
    "any more. Use another app instead; it takes the place of this one."
)


@dataclass(frozen=True, slots=True)
class Policy:
    """What can be chosen. `after_microsoft` is whether a code is asked for after Microsoft has signed somebody in."""

    microsoft: bool
    second_factor: str
    after_microsoft: bool


@dataclass(frozen=True, slots=True)
class Affected:
    """Who would feel a change: people without an authenticator app whom it covers, and people without a password."""

    without_app: int
    without_password: int


@dataclass(frozen=True, slots=True)
class Line:
    """One setting that changes. `is_risky` where less stands in a thief's way afterwards."""

    what: str
    before: str
    after: str
    meaning: str
    is_risky: bool


def of(organization: Organization, connection: Connection) -> Policy:
    """The policy as it is stored."""
    return Policy(
        not connection.disable_login, organization.second_factor, bool(organization.second_factor_after_microsoft)
    )


def covered(second_factor: str) -> tuple[str, ...]:
    """The types of account that are asked for a code."""
    return {OFF: (), ADMINISTRATORS: (ADMIN,), EVERYONE: SIGN_IN_TYPES}[second_factor]


def words_for(account_type: str, policy: Policy, has_app: bool) -> str:
    """What the policy asks of one person, told to them."""
    if policy.second_factor == OFF:
        return "Your organisation asks nobody for a code at present. What you set up counts as soon as it does."
    if account_type not in covered(policy.second_factor) and not has_app:
        return (
            "Your organisation does not ask you for a code. Once you set up an app, your password alone opens nothing."
        )
    also = " and after a Microsoft sign-in" if policy.microsoft and policy.after_microsoft else ""
    return f"You are asked for a code after your password{also}."


def require_other_factor(account: Account, number: str | None) -> None:
    """Let nobody lock themselves out by giving up their app.

    Raises:
        Refused: the policy asks this person for a code, and no number is there to send one to.
    """
    if account.type in covered(account.organization.second_factor) and number is None:
        raise Refused(LAST_FACTOR)


def affected_by(organization_id: int, wanted: Policy) -> Affected:
    """Count them, with two questions."""
    people = Account.select().where(
        Account.organization == organization_id, Account.active, Account.removed_at.is_null()
    )
    with_app = Authenticator.select(Authenticator.account).where(Authenticator.confirmed_at.is_null(False))
    asked = Account.type.in_(list(covered(wanted.second_factor)))
    return Affected(
        without_app=people.where(asked, Account.id.not_in(with_app)).count(),
        without_password=people.where(Account.type.in_(SIGN_IN_TYPES), Account.password_hash.is_null()).count(),
    )


def lines(before: Policy, after: Policy, people: Affected) -> list[Line]:
    """What changes; empty where nothing does."""
    changes = []
    if before.microsoft != after.microsoft:
        changes.append(_microsoft(before, after, people))
    if before.second_factor != after.second_factor:
        changes.append(_second_factor(before, after, people))
    if before.after_microsoft != after.after_microsoft:
        changes.append(_after_microsoft(before, after))
    return changes


def save(organization: Organization, seen: Policy, wanted: Policy, actor: str, visitor: Visitor, now: datetime) -> None:
    """Make the wanted policy true, if what was seen is still what is stored.

    Raises:
        Refused: nothing would change, somebody else changed it meanwhile, or there is no such policy.
    """
    if wanted.second_factor not in SECOND_FACTOR_POLICIES:
        raise Refused("Choose who is asked for a second factor.", "second_factor")
    if wanted == seen:
        raise Refused(NOTHING)
    with database.atomic():
        if not (
            _replace_second_factor(organization.id, seen, wanted) and _replace_microsoft(organization.id, seen, wanted)
        ):
            raise Refused(MEANWHILE)
        audit.record(
            organization.id, actor, "sign-in policy changed", organization.name,
            {"before": asdict(seen), "after": asdict(wanted)}, now=now, remote_address=visitor.remote_address,
        )  # fmt: skip


def _replace_second_factor(organization_id: int, seen: Policy, wanted: Policy) -> bool:
    as_seen = (
        (Organization.id == organization_id)
        & (Organization.second_factor == seen.second_factor)
        & (Organization.second_factor_after_microsoft == seen.after_microsoft)
    )
    replaced = Organization.update(
        second_factor=wanted.second_factor, second_factor_after_microsoft=wanted.after_microsoft
    )
    return bool(replaced.where(as_seen).execute())


def _replace_microsoft(organization_id: int, seen: Policy, wanted: Policy) -> bool:
    as_seen = (Connection.organization == organization_id) & (Connection.disable_login == (not seen.microsoft))
    return bool(Connection.update(disable_login=not wanted.microsoft).where(as_seen).execute())


def _microsoft(before: Policy, after: Policy, people: Affected) -> Line:
    if after.microsoft:
        meaning = (
            "People are sent to Microsoft to sign in. Local passwords stay as the way in while Microsoft is away, "
            "and each such use by an administrator is reported."
        )
    else:
        without = people.without_password
        have = "1 person has" if without == 1 else f"{without:,} people have"
        meaning = (
            "Everybody signs in with a local password. What Microsoft asks for and forbids no longer counts here: "
            f"who is blocked there gets in until the next sync. {have} no local password yet: they have to ask for a "
            "mailed link first."
        )
    return Line(
        "Sign In With Microsoft (OAuth)", _on(before.microsoft), _on(after.microsoft), meaning,
        is_risky=not after.microsoft,
    )  # fmt: skip


def _second_factor(before: Policy, after: Policy, people: Affected) -> Line:
    return Line(
        "2 Step Authentication", WORDS[before.second_factor], WORDS[after.second_factor],
        _meaning_of(after.second_factor, people.without_app),
        is_risky=len(covered(after.second_factor)) < len(covered(before.second_factor)),
    )  # fmt: skip


def _meaning_of(second_factor: str, without_app: int) -> str:
    if second_factor == OFF:
        return (
            "A password alone opens every account, an administrator's too: one that is guessed, stolen or used "
            "elsewhere is enough. What people have set up is kept for the day you turn this on again."
        )
    have = "1 of them has" if without_app == 1 else f"{without_app:,} of them have"
    first = "Administrators show" if second_factor == ADMINISTRATORS else "Everybody who can sign in shows"
    last = (
        " End Users are asked only if they set up an app of their own accord."
        if second_factor == ADMINISTRATORS
        else ""
    )
    return (
        f"{first} a code after the local password. {have} no authenticator app yet: at the next sign-in they set "
        f"one up, or get a code as a text message.{last}"
    )


def _after_microsoft(before: Policy, after: Policy) -> Line:
    if after.second_factor == OFF:
        meaning = "This makes no difference while 2 Step Authentication is off."
    elif after.after_microsoft:
        meaning = "The same people show a code here too, after whatever Microsoft asked of them."
    else:
        meaning = "Who comes from Microsoft shows no code here: what Microsoft asks of them has to be enough."
    return Line(
        "Also after a Microsoft sign-in", _on(before.after_microsoft), _on(after.after_microsoft), meaning,
        is_risky=not after.after_microsoft and after.second_factor != OFF,
    )  # fmt: skip


def _on(it_is: bool) -> str:
    return "On" if it_is else "Off"
