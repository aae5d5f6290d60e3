"""May this plan go through unattended? Pure: what was counted comes in, which kinds are over their limit comes out.

A kind is over when its rows, together with what unattended runs did in the last 24 hours, are more than a number *and*
more than a percentage of what there is of that kind. So a small organisation is not stopped by its first leaver, and a
large one not by a hundred of ten thousand; and several small runs in a row do not slip under what one may not do.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ppe.errors import Refused

REMOVALS, DISABLINGS, PRIMARIES, LEAVINGS = KINDS = ("removals", "disablings", "primaries", "leavings")
# Held to the limit of removals, but counted among their own: all of twenty groups are few beside a thousand people.
GROUP_REMOVALS = "group_removals"
# What a mass update takes by giving a role without one.
SIGN_INS = "sign_ins"
_LIMITED_AS = {GROUP_REMOVALS: REMOVALS, SIGN_INS: DISABLINGS}
WORDS = {
    REMOVALS: ("removal", "removals"),
    GROUP_REMOVALS: ("removal of a group or functional account", "removals of groups or functional accounts"),
    DISABLINGS: ("deactivation", "deactivations"),
    SIGN_INS: ("sign-in taken away", "sign-ins taken away"),
    PRIMARIES: ("change of primary address", "changes of primary address"),
    LEAVINGS: ("member taken from a group", "members taken from groups"),
}


@dataclass(frozen=True, slots=True)
class Limit:
    """What one kind may do unattended: `number` rows, or `percent` of all, whichever is more."""

    number: int = 5
    percent: int = 10

    @property
    def pair(self) -> list[int]:
        """As it is stored."""
        return [self.number, self.percent]


@dataclass(frozen=True, slots=True)
class Count:
    """Of one kind: the rows planned, what unattended runs did in the last 24 hours, and how many there were before."""

    kind: str
    rows: int
    lately: int
    base: int


@dataclass(frozen=True, slots=True)
class Over:
    """A kind that is over its limit, with the numbers that say so."""

    kind: str
    rows: int
    lately: int
    base: int
    number: int
    percent: int

    @property
    def words(self) -> str:
        """The kind with its count: 37 removals."""
        return f"{self.rows:,} {WORDS[self.kind][self.rows != 1]}"

    @property
    def sentence(self) -> str:
        """Why it is held, in one sentence."""
        before = f", after {self.lately:,} in the last 24 hours" if self.lately else ""
        return (
            f"{self.words}{before}: more than {self.number:,} and more than {self.percent} % of {self.base:,} "
            f"{'memberships' if self.kind == LEAVINGS else 'accounts'}."
        )


def limits(stored: Mapping[str, object]) -> dict[str, Limit]:
    """The limits of a connection: those that were changed, and five and ten percent for the others."""
    found = {}
    for kind in KINDS:
        pair = stored.get(kind)
        found[kind] = Limit(*pair) if isinstance(pair, list) and len(pair) == 2 else Limit()
    return found


def over(counts: Iterable[Count], allowed: Mapping[str, Limit]) -> list[Over]:
    """The kinds that may not go through unattended. One without rows holds nothing back, whatever was done before."""
    found = []
    for count in counts:
        limit = allowed[_LIMITED_AS.get(count.kind, count.kind)]
        total = count.rows + count.lately
        if count.rows and total > limit.number and total * 100 > limit.percent * count.base:
            found.append(Over(count.kind, count.rows, count.lately, count.base, limit.number, limit.percent))
    return found


def number_of(kinds: Iterable[Over]) -> int:
    """What has to be typed: how much of these kinds there is."""
    return sum(kind.rows for kind in kinds)


def require_typed(kinds: Iterable[Over], typed: str, otherwise: str) -> int:
    """What is over a limit is done only when the number of it was typed; `otherwise` is what else one can do.

    Raises:
        Refused: another number was typed, or none; `field` is `confirmed`.
    """
    number = number_of(kinds)
    typed = typed.strip().replace(",", "")
    if not number or typed == str(number):
        return number
    wrong = f"It is {number:,}, not {typed}. " if typed else ""
    raise Refused(f"{wrong}Type {number:,} here to confirm it, or {otherwise}.", "confirmed")
