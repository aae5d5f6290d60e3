"""Undo: what a finished run did becomes the plan of its opposite, which goes through the same review and apply.

The plan is made step by step, like that of any run: killed in the middle, it goes on with the next changes.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import structlog
from peewee import IntegrityError

from ppe import audit
from ppe.db import batches, database, execute, execute_many, marks
from ppe.errors import Refused
from ppe.models import (
    ADDING,
    APPLYING,
    DISABLING,
    DONE,
    NOT_IMPORTED,
    PLANNING,
    REVIEW,
    SUPERSEDED,
    UPDATING,
    Account,
    Connection,
    SyncRun,
)
from ppe.sync import claim, tallies, undo, undone
from ppe.sync.closing import Links, write_links
from ppe.sync.planning import BATCH, Planner
from ppe.sync.pull import Clock
from ppe.sync.undo import Contested, Deed, Facts

log = structlog.get_logger()

MOST_CHOSEN = 5000
OPEN = (PLANNING, REVIEW, APPLYING)
_NEXT = f"""
    SELECT c.id, c.object_id, c.account_id, c.section, c.kind, c.name, c.address, c.before, c.after, c.account_version
    FROM sync_change c WHERE {undone.LEFT} AND c.object_id > ?
"""
_MEMBERS = """
    INSERT INTO sync_change_member (change_id, member_id, name, joins)
    SELECT u.id, m.member_id, m.name, NOT m.joins
    FROM sync_change u JOIN sync_change_member m ON m.change_id = u.undoes_id
    WHERE u.run_id = ? AND u.section <> ? AND u.undoes_id IN
"""


class Row(NamedTuple):
    """A change to be undone."""

    id: int
    object_id: str
    account_id: int | None
    deed: Deed


def start(
    run: SyncRun, *, by: Account | None, by_name: str, now: datetime, change_ids: Sequence[int] | None = None
) -> SyncRun:
    """A new run that is to undo a finished one, or only some of its changes, with those they pass addresses to.

    The second click gives the run of the first. Choosing other changes replaces a list that waits.

    Raises:
        Refused: there is nothing to undo, or another run is at work.
    """
    require_finished(run)
    chosen = None if change_ids is None else undone.with_linked(run, change_ids)
    if chosen is not None and len(chosen) > MOST_CHOSEN:
        raise Refused(f"{len(chosen):,} changes hang together with these. Undo the whole sync instead.")
    count = undone.left(run, chosen)
    if not count:
        raise Refused("Everything that this sync did is undone already." if chosen is None else undone.NOTHING_LEFT)
    try:
        with database.atomic():
            return _same(run, chosen) or _begin(run, chosen, count, by, by_name, now)
    except IntegrityError:
        again = _same(run, chosen)
        if again is None:
            raise Refused("Another sync is at work. Wait until it has ended, then undo this one.") from None
        return again


def plan(run: SyncRun, clock: Clock) -> None:
    """Write the opposite of every change, then open the review.

    Raises:
        RunLost: the run was cancelled, or another worker took it over.
    """
    Undoing(run, Connection.get_by_id(run.connection_id), clock).to_the_end()


class Undoing:
    """The plan of one undo."""

    def __init__(self, run: SyncRun, connection: Connection, clock: Clock) -> None:
        self.run = run
        self.clock = clock
        self.planner = Planner(run, connection, clock())
        self.chosen: list[int] | None = run.cursor["chosen"]

    def to_the_end(self) -> None:
        """Go on after the last change that was looked at."""
        while rows := self._next():
            with database.atomic():
                self._write(rows)
                cursor = {**self.run.cursor, "after": rows[-1].object_id}
                claim.keep(self.run, self.clock(), cursor=cursor, applied=self.run.applied + len(rows))
        contested = list(self._contested())  # read before the transaction, which only writes
        with database.atomic():
            self._settle(contested)
            claim.keep(
                self.run, self.clock(), state=REVIEW, holds_connection=False, claim=None, planned_at=self.clock(),
                to_apply=0, applied=0,
            )  # fmt: skip

    def _next(self) -> list[Row]:
        among, ids = "", tuple(self.chosen or ())
        if self.chosen is not None:
            among = f" AND c.id IN ({marks(ids)})"
        rows = execute(
            f"{_NEXT}{among} ORDER BY c.object_id LIMIT {BATCH}",
            (self.run.undoes_id, self.run.cursor["after"], *ids),
        ).fetchall()
        return [self._row(*row) for row in rows]

    def _row(self, change_id: int, object_id: str, account_id: int | None, *told: Any) -> Row:
        section, kind, name, address, before, after, version = told
        deed = Deed(
            self.run.undoes_id or 0, section, kind, name, address, json.loads(before), json.loads(after), version
        )
        return Row(change_id, object_id, account_id, deed)

    def _write(self, rows: Sequence[Row]) -> None:
        accounts = self.planner.pairs.accounts(row.account_id for row in rows if row.account_id is not None)
        facts = self._facts(rows)
        changes = [(row.object_id, undo.opposite(row.deed, accounts.get(row.account_id or 0), facts)) for row in rows]
        self.planner.store(changes)
        execute_many(
            "UPDATE sync_change SET undoes_id = ? WHERE run_id = ? AND object_id = ?",
            [(row.id, self.run.id, row.object_id) for row in rows],
        )
        ids = [row.id for row in rows]
        execute(f"{_MEMBERS} ({marks(ids)})", (self.run.id, NOT_IMPORTED, *ids))

    def _facts(self, rows: Sequence[Row]) -> Facts:
        linked = {object_id for row in rows if (object_id := row.deed.before.get("directory_id"))}
        owners = self.planner.pairs.linked(linked, ())
        known: set[str] = set()
        for some in batches(linked):
            found = execute(
                f"SELECT object_id FROM directory_object WHERE connection_id = ? AND object_id IN ({marks(some)})",
                (self.planner.connection_id, *some),
            )
            known.update(object_id for (object_id,) in found.fetchall())
        names = {object_id: owner.display_name for object_id, owner in owners.items()}
        return Facts(self.planner.domains().registered, names, frozenset(known))

    def _contested(self) -> Iterator[Contested]:
        """The addresses that the new changes give to one account while another one has them."""
        key = ""
        while rows := execute(
            "SELECT object_id, id, account_id, after FROM sync_change WHERE run_id = ? AND section IN (?, ?, ?)"
            f" AND object_id > ? ORDER BY object_id LIMIT {BATCH}",
            (self.run.id, ADDING, UPDATING, DISABLING, key),
        ).fetchall():
            key = rows[-1][0]
            wishes = [(row[1], row[2], address) for row in rows for address in undo.wanted(json.loads(row[3]))]
            holders = self.planner.pairs.holders({address for _, _, address in wishes})
            held = [(id_, holders[a], a) for id_, account, a in wishes if a in holders and holders[a].id != account]
            moving = self._moving([holder.id for _, holder, _ in held])
            for change_id, holder, address in held:
                giver, section, after = moving.get(holder.id, (None, "", {}))
                gives = giver is not None and undo.frees(section, after, holder, address)
                name = None if holder.foreign else holder.display_name
                yield Contested(change_id, address, name, giver if gives else None)

    def _moving(self, account_ids: Sequence[int]) -> dict[int, tuple[int | None, str, dict[str, Any]]]:
        """What this run would do to these accounts."""
        found: dict[int, tuple[int | None, str, dict[str, Any]]] = {}
        for some in batches(account_ids):
            rows = execute(
                "SELECT account_id, id, section, after FROM sync_change WHERE run_id = ? AND section <> ?"
                f" AND account_id IN ({marks(some)})",
                (self.run.id, NOT_IMPORTED, *some),
            )
            found.update({row[0]: (row[1], row[2], json.loads(row[3])) for row in rows.fetchall()})
        return found

    def _settle(self, contested: Sequence[Contested]) -> None:
        """Nobody's address is taken away: who can't have it is not offered, and who passes it on is linked."""
        refused, pairs = undo.settle(contested)
        execute_many(
            "UPDATE sync_change SET section = ?, ticked = ?, reason = ? WHERE id = ?",
            [(NOT_IMPORTED, False, reason, change_id) for change_id, reason in refused.items()],
        )
        execute_many("DELETE FROM sync_change_member WHERE change_id = ?", [(change_id,) for change_id in refused])
        links = Links()
        for one, other in pairs:
            links.join(one, other)
        write_links(self.run.id, links)


def require_finished(run: SyncRun) -> None:
    """Raises Refused: the run is not over yet, or it has changed nothing."""
    if run.state == REVIEW or run.is_working:
        raise Refused("This sync has not ended yet: only what a finished sync did can be undone.")
    if run.state != DONE or not undone.done(run):
        raise Refused("Nothing was changed by this sync, so there is nothing to undo.")


def under_way(run: SyncRun) -> Any:
    """The undos of a run that wait or work, the newest first, as a query."""
    return SyncRun.select().where(SyncRun.undoes == run, SyncRun.state.in_(OPEN)).order_by(SyncRun.id.desc())


def _same(run: SyncRun, chosen: list[int] | None) -> SyncRun | None:
    """The undo of the same changes that is under way."""
    return next((found for found in under_way(run) if found.cursor.get("chosen") == chosen), None)


def _begin(
    run: SyncRun, chosen: list[int] | None, count: int, by: Account | None, by_name: str, now: datetime
) -> SyncRun:
    begun: SyncRun = SyncRun.create(
        organization=run.organization_id,
        connection=run.connection_id,
        started_by=by,
        started_by_name=by_name,
        state=PLANNING,
        undoes=run,
        cursor={"chosen": chosen, "after": ""},
        to_apply=count,
        created_at=now,
    )
    older = (SyncRun.undoes == run) & (SyncRun.state == REVIEW)
    superseded = list(SyncRun.update(state=SUPERSEDED, finished_at=now).where(older).returning(SyncRun).execute())
    tallies.ended(superseded)
    details = {"by": f"run {begun.id}", "changes": count}
    audit.record(run.organization_id, by_name, "undo started", f"run {run.id}", details, now=now)
    log.info("undo begun", run=begun.id, undoes=run.id, changes=count)
    return begun
