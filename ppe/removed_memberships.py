"""Which groups a removed account was in, and who was in a removed group: noted in its row, for coming back."""

import json
from collections.abc import Iterable, Mapping, Sequence

from ppe.db import batches, execute, execute_many, marks

Pair = tuple[int, int]  # group, member


def of(account_ids: Sequence[int]) -> dict[int, list[Pair]]:
    """The memberships that end when these accounts are removed, for each of them, as member and as group."""
    found: dict[int, list[Pair]] = {}
    for side, column in enumerate(("group_id", "member_id")):
        for some in batches(account_ids):
            rows = execute(
                f"SELECT group_id, member_id FROM membership WHERE {column} IN ({marks(some)}) ORDER BY 1, 2", some
            )
            for pair in rows.fetchall():
                found.setdefault(pair[side], []).append((pair[0], pair[1]))
    return found


def give_back(organization_id: int, account_ids: Sequence[int], *, by_hand_only: bool) -> None:
    """Put accounts that have just come back into their groups, and their members into the groups among them.

    A pair of which the other one is still removed waits with the other one. `by_hand_only` leaves out the pairs about
    which the directory decides.
    """
    for some in batches(account_ids):
        noted = _noted(some)
        pairs = {(group, member) for listed in noted.values() for group, member in listed}
        standing = _standing(organization_id, {account_id for pair in pairs for account_id in pair})
        back: list[Pair] = []
        waiting: dict[int, list[Pair]] = {}
        for pair in sorted(pairs):
            if not standing.keys() >= set(pair):
                continue
            away = [account_id for account_id in pair if standing[account_id][0]]
            if away:
                waiting.setdefault(away[0], []).append(pair)
            elif not (by_hand_only and all(standing[account_id][1] for account_id in pair)):
                back.append(pair)
        execute_many("INSERT INTO membership (group_id, member_id) VALUES (?, ?) ON CONFLICT DO NOTHING", back)
        execute_many("UPDATE account SET removed_memberships = NULL WHERE id = ?", [(one,) for one in some])
        _hand_over(waiting)


def _hand_over(waiting: Mapping[int, Sequence[Pair]]) -> None:
    for some in batches(waiting):
        noted = _noted(some)
        merged = {one: sorted({*map(tuple, noted.get(one, ())), *waiting[one]}) for one in some}
        execute_many(
            "UPDATE account SET removed_memberships = ? WHERE id = ?",
            [(json.dumps(pairs), account_id) for account_id, pairs in merged.items()],
        )


def _noted(account_ids: Sequence[int]) -> dict[int, list[Pair]]:
    rows = execute(f"SELECT id, removed_memberships FROM account WHERE id IN ({marks(account_ids)})", account_ids)
    return {account_id: [(g, m) for g, m in json.loads(text or "[]")] for account_id, text in rows.fetchall()}


def _standing(organization_id: int, account_ids: Iterable[int]) -> dict[int, tuple[bool, bool]]:
    """Of those that still exist: whether they are removed, and whether they came from the directory."""
    found: dict[int, tuple[bool, bool]] = {}
    for some in batches(account_ids):
        rows = execute(
            "SELECT id, removed_at IS NOT NULL, directory_id IS NOT NULL FROM account"
            f" WHERE organization_id = ? AND id IN ({marks(some)})",
            (organization_id, *some),
        ).fetchall()
        found.update({account_id: (bool(removed), bool(synced)) for account_id, removed, synced in rows})
    return found
