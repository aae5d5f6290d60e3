"""What the directory said, stored. The functions are called inside the transaction of one page."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from ppe.db import as_json, batches, execute, execute_many, marks, stamp
from ppe.sync.entry import Entry, group_entry, user_entry

Item = dict[str, Any]


class Stored(NamedTuple):
    """What a page said: its objects as they are now, and which of them this run had met before, or saw leave."""

    entries: dict[str, Entry]
    met: set[str]

    @property
    def new(self) -> int:
        """How many objects this run had not met before."""
        return len(self.entries.keys() - self.met)


COLUMNS = (
    "object_id, group_kind, display_name, first_name, last_name, mobile, mail, user_principal_name, proxy_addresses,"
    " enabled, guest, licensed, mailbox_purpose"
)
_WIDTH = len(COLUMNS.split(","))
_UPSERT = f"""
    INSERT INTO directory_object (connection_id, is_group, {COLUMNS}, primary_address, fingerprint,
                                  seen_in_run, removed_in_run, gone_at)
    VALUES (?, ?, {",".join("?" * _WIDTH)}, ?, ?, ?, NULL, NULL)
    ON CONFLICT (connection_id, object_id) DO UPDATE SET
        is_group = excluded.is_group, group_kind = excluded.group_kind, display_name = excluded.display_name,
        first_name = excluded.first_name, last_name = excluded.last_name, mobile = excluded.mobile,
        mail = excluded.mail, user_principal_name = excluded.user_principal_name,
        proxy_addresses = excluded.proxy_addresses, enabled = excluded.enabled, guest = excluded.guest,
        licensed = excluded.licensed, mailbox_purpose = excluded.mailbox_purpose,
        primary_address = excluded.primary_address, fingerprint = excluded.fingerprint,
        seen_in_run = excluded.seen_in_run, removed_in_run = NULL, gone_at = NULL
"""
_ADDRESS = """
    INSERT INTO directory_address (connection_id, object_id, address, is_primary) VALUES (?, ?, ?, ?)
    ON CONFLICT DO NOTHING
"""
_MEMBER = """
    INSERT INTO directory_member (connection_id, group_id, member_id, seen_in_run) VALUES (?, ?, ?, ?)
    ON CONFLICT (connection_id, group_id, member_id) DO UPDATE SET seen_in_run = excluded.seen_in_run
"""


def store_page(connection_id: int, run_id: int, items: Sequence[Item], *, groups: bool) -> Stored:
    """Merge one page into the mirror: an object may recur, in the page and over pages, and the last word wins.

    A notice of removal is only noted; it counts when the pull has reached its last page (`mark_gone`).

    """
    known = _known(connection_id, [item["id"] for item in items])
    met = {object_id for object_id, (_, _, seen, _) in known.items() if seen == run_id}
    entries = {object_id: entry for object_id, (entry, _, _, _) in known.items()}
    said: dict[str, Entry] = {}
    removed: set[str] = set()
    parse = group_entry if groups else user_entry
    for item in items:
        object_id = item["id"]
        if "@removed" in item:
            removed.add(object_id)
            continue
        removed.discard(object_id)
        said[object_id] = entries[object_id] = parse(item, entries.get(object_id))
    new_or_changed = [entry for entry in said.values() if _is_news(entry, known.get(entry.object_id))]
    _write(connection_id, run_id, new_or_changed, known.keys())
    told = {entry.object_id for entry in new_or_changed}
    _see_again(connection_id, run_id, said.keys() - told)
    _note_removals(connection_id, run_id, removed)
    if groups:
        _store_members(connection_id, run_id, items)
    return Stored(said, met | removed)


def unseen(connection_id: int, run_id: int, *, groups: bool, limit: int) -> list[str]:
    """Objects of the mirror that a complete listing did not name, noted in a run that came to nothing or not at all."""
    rows = execute(
        "SELECT object_id FROM directory_object WHERE connection_id = ? AND gone_at IS NULL AND is_group = ?"
        " AND seen_in_run < ? AND (removed_in_run IS NULL OR removed_in_run <> ?) ORDER BY object_id LIMIT ?",
        (connection_id, groups, run_id, run_id, limit),
    )
    return [object_id for (object_id,) in rows.fetchall()]


def settle_unseen(connection_id: int, run_id: int, asked: Iterable[str], existing: set[str]) -> None:
    """Note as removed what does not exist any more, and as seen what the listing only left out, members included."""
    asked = set(asked)
    _note_removals(connection_id, run_id, asked - existing)
    _see_again(connection_id, run_id, asked & existing)
    execute_many(
        "UPDATE directory_member SET seen_in_run = ? WHERE connection_id = ? AND group_id = ?",
        [(run_id, connection_id, object_id) for object_id in asked & existing],
    )


def mark_gone(connection_id: int, run_id: int, now: datetime, *, groups_listed: bool) -> None:
    """The pull is complete: what it was told to be removed is gone, and memberships it was not told are, too."""
    gone = "SELECT object_id FROM directory_object WHERE connection_id = ? AND removed_in_run = ?"
    execute(
        f"DELETE FROM directory_address WHERE connection_id = ? AND object_id IN ({gone})",
        (connection_id, connection_id, run_id),
    )
    execute(
        "UPDATE directory_object SET gone_at = ?, removed_in_run = NULL WHERE connection_id = ? AND removed_in_run = ?",
        (stamp(now), connection_id, run_id),
    )
    if groups_listed:
        execute(
            "DELETE FROM directory_member WHERE connection_id = ? AND seen_in_run < ?",
            (connection_id, run_id),
        )


def has_people(connection_id: int, organization_id: int) -> bool:
    """Whether we know anybody of this directory, so that a directory without people would be a surprise."""
    row = execute(
        "SELECT EXISTS (SELECT 1 FROM directory_object WHERE connection_id = ? AND NOT is_group AND gone_at IS NULL)"
        " OR EXISTS (SELECT 1 FROM account WHERE organization_id = ? AND directory_id IS NOT NULL"
        " AND type <> 'group' AND removed_at IS NULL)",
        (connection_id, organization_id),
    ).fetchone()
    return bool(row[0])


def entry_from(row: Sequence[Any]) -> Entry:
    """The entry behind a row of `COLUMNS`."""
    object_id, kind, name, first, last, mobile, mail, upn, proxies, enabled, guest, licensed, purpose = row[:_WIDTH]
    addresses = tuple(json.loads(proxies))
    return Entry(
        object_id, kind, name, first, last, mobile, mail, upn, addresses, bool(enabled), bool(guest),
        None if licensed is None else bool(licensed), purpose,
    )  # fmt: skip


def _known(connection_id: int, object_ids: Sequence[str]) -> dict[str, tuple[Entry, str, int, bool]]:
    """What the mirror holds of these: entry, fingerprint, the run that last saw it, and whether it left."""
    known = {}
    for some in batches(dict.fromkeys(object_ids)):
        rows = execute(
            f"SELECT {COLUMNS}, fingerprint, seen_in_run, gone_at IS NOT NULL OR removed_in_run IS NOT NULL"
            f" FROM directory_object WHERE connection_id = ? AND object_id IN ({marks(some)})",
            (connection_id, *some),
        )
        for row in rows.fetchall():
            fingerprint, seen, left = row[_WIDTH:]
            known[row[0]] = (entry_from(row), fingerprint, seen, bool(left))
    return known


def _is_news(entry: Entry, known: tuple[Entry, str, int, bool] | None) -> bool:
    return known is None or known[3] or known[1] != entry.fingerprint


def _write(connection_id: int, run_id: int, entries: Sequence[Entry], known: Iterable[str]) -> None:
    rows, addresses = [], []
    for entry in entries:
        primary, aliases = entry.mailbox
        rows.append(
            (
                connection_id, entry.is_group, entry.object_id, entry.group_kind, entry.display_name,
                entry.first_name, entry.last_name, entry.mobile, entry.mail, entry.user_principal_name,
                as_json(entry.proxy_addresses), entry.enabled, entry.guest, entry.licensed, entry.purpose,
                primary, entry.fingerprint, run_id,
            )
        )  # fmt: skip
        if primary is not None:
            addresses.append((connection_id, entry.object_id, primary, True))
            addresses.extend((connection_id, entry.object_id, alias, False) for alias in aliases)
    replaced = {entry.object_id for entry in entries}.intersection(known)
    execute_many(
        "DELETE FROM directory_address WHERE connection_id = ? AND object_id = ?",
        [(connection_id, object_id) for object_id in replaced],
    )
    execute_many(_UPSERT, rows)
    execute_many(_ADDRESS, addresses)


def _see_again(connection_id: int, run_id: int, object_ids: Iterable[str]) -> None:
    execute_many(
        "UPDATE directory_object SET seen_in_run = ?, removed_in_run = NULL WHERE connection_id = ? AND object_id = ?",
        [(run_id, connection_id, object_id) for object_id in object_ids],
    )


def _note_removals(connection_id: int, run_id: int, object_ids: Iterable[str]) -> None:
    execute_many(
        "UPDATE directory_object SET removed_in_run = ? WHERE connection_id = ? AND object_id = ? AND gone_at IS NULL",
        [(run_id, connection_id, object_id) for object_id in object_ids],
    )


def _store_members(connection_id: int, run_id: int, items: Sequence[Item]) -> None:
    """Slices of a large group add up; only a notice of removal takes a member away."""
    joined: dict[tuple[str, str], bool] = {}
    for item in items:
        for member in item.get("members@delta") or ():
            joined[item["id"], member["id"]] = "@removed" not in member
    execute_many(
        _MEMBER, [(connection_id, group, member, run_id) for (group, member), joins in joined.items() if joins]
    )
    execute_many(
        "DELETE FROM directory_member WHERE connection_id = ? AND group_id = ? AND member_id = ?",
        [(connection_id, group, member) for (group, member), joins in joined.items() if not joins],
    )
