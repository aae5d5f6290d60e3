"""Groups within groups: who is in one through others, and which others an account is in that way.

Only the few memberships of groups in groups are followed, never those of people, so that a group of a hundred thousand
costs no more than a small one. Each group is met once: groups that contain each other end the walk, and do no harm.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ppe.db import batches, execute, marks
from ppe.models import FUNCTIONAL, GROUP, Account

MOST = 1_000  # groups within one, or around one

_EDGES = """
    SELECT m.group_id, m.member_id FROM account a CROSS JOIN membership m
    WHERE a.organization_id = ? AND a.type IN (?, ?) AND a.removed_at IS NULL AND m.member_id = a.id
      AND EXISTS (SELECT 1 FROM membership o WHERE o.group_id = a.id)
"""


@dataclass(frozen=True, slots=True)
class Through:
    """A group that an account is in, and the groups between the two, the outermost first."""

    group: Account
    path: tuple[str, ...]


def within(group: Account) -> dict[int, tuple[str, ...]]:
    """The groups with members inside a group, nearest first, each with its path: names from the first to its own."""
    edges = execute(_EDGES, (group.organization_id, GROUP, FUNCTIONAL)).fetchall()
    children: dict[int, list[int]] = defaultdict(list)
    for outer, inner in edges:
        children[outer].append(inner)
    ways = _walk([group.id], children)
    names = _names(ways)
    return {number: tuple(names[step] for step in way) for number, way in ways.items()}


def through(account: Account, direct: Sequence[Account]) -> list[Through]:
    """The groups that an account is in only because groups that it is in are in them; `direct` are those."""
    ways: dict[int, tuple[int, ...]] = {}
    frontier = [group.id for group in direct]
    met = {account.id, *frontier}
    while frontier and len(ways) < MOST:
        level: list[int] = []
        for inner, outer in _around(frontier):
            if outer not in met:
                met.add(outer)
                ways[outer] = (*ways.get(inner, (inner,)), outer)
                level.append(outer)
        frontier = level
    groups = {group.id: group for group in Account.select().where(Account.id.in_(list(ways)))}
    names = _names(ways) | {group.id: group.display_name for group in direct}
    found = [
        Through(groups[number], tuple(names[step] for step in reversed(way[:-1])))
        for number, way in ways.items()
        if number in groups
    ]
    return sorted(found, key=lambda one: (one.group.name_key, one.group.id))


def paths(members: Iterable[int], group: Account, inside: Mapping[int, tuple[str, ...]]) -> dict[int, tuple[str, ...]]:
    """The shortest way by which each of these accounts is in a group; empty for who is in it directly.

    Args:
        members: the ids of accounts.
        group: the group that they are in.
        inside: the groups inside it with their paths, as `within` gives them.
    """
    found: dict[int, tuple[str, ...]] = {}
    for some in batches(members):
        rows = execute(
            f"SELECT member_id, group_id FROM membership WHERE member_id IN ({marks(some)})", some
        ).fetchall()
        for member, into in rows:
            way = () if into == group.id else inside.get(into)
            if way is not None and (member not in found or len(way) < len(found[member])):
                found[member] = way
    return found


def _walk(begin: Sequence[int], following: Mapping[int, Sequence[int]]) -> dict[int, tuple[int, ...]]:
    """Whatever can be reached, nearest first, each with the steps to it; where it begins is no part of it."""
    ways: dict[int, tuple[int, ...]] = {}
    frontier: list[tuple[int, tuple[int, ...]]] = [(number, ()) for number in begin]
    while frontier:
        level = []
        for number, way in frontier:
            for inner in following.get(number, ()):
                if inner not in ways and inner not in begin and len(ways) < MOST:
                    ways[inner] = (*way, inner)
                    level.append((inner, ways[inner]))
        frontier = level
    return ways


def _around(groups: Iterable[int]) -> list[tuple[int, int]]:
    """Which groups these are in: pairs of the inner and the outer one."""
    found: list[tuple[int, int]] = []
    for some in batches(groups):
        found += execute(
            f"SELECT member_id, group_id FROM membership WHERE member_id IN ({marks(some)}) ORDER BY 1, 2", some
        ).fetchall()
    return found


def _names(numbers: Iterable[int]) -> dict[int, str]:
    found: dict[int, str] = {}
    for some in batches(numbers):
        found.update(execute(f"SELECT id, display_name FROM account WHERE id IN ({marks(some)})", some).fetchall())
    return found
