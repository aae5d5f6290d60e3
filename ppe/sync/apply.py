"""Carry out what is ticked: in batches, each one transaction that commits the outcomes with the changes.

Killed at any moment, a batch is either done with its outcomes written or not begun, so that going on means to take the
next changes without an outcome.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from peewee import IntegrityError

from ppe import accounts, directory_links, domains, exemptions, outbox
from ppe.accounts import Amendment, Batch, Memberships, Outdated, Removal, Standing
from ppe.db import batches, database, execute, execute_many, marks
from ppe.errors import Refused
from ppe.models import ADDING, DELETING, DISABLING, END_USER, UPDATING, Connection, SyncRun
from ppe.sync import membership
from ppe.sync.change import FUNCTIONAL, Known
from ppe.sync.claim import keep
from ppe.sync.planning import Planner
from ppe.sync.pull import Clock

DONE, REFUSED, STALE = OUTCOMES = ("done", "failed", "stale")
ORDER = (DELETING, DISABLING, UPDATING, ADDING)
BATCH = 500


class Ticked(NamedTuple):
    """A ticked change without an outcome."""

    id: int
    object_id: str
    section: str
    name: str
    address: str
    after: dict[str, Any]
    account_id: int | None
    account_version: int | None
    fingerprint: str | None
    link: int | None
    sort_key: str


Outcome = tuple[Ticked, str, str]  # with the reason, where it was not done

_COLUMNS = "id, object_id, section, name, address, after, account_id, account_version, fingerprint, link, sort_key"
_READY = f"SELECT {_COLUMNS} FROM sync_change WHERE run_id = ? AND ticked AND outcome IS NULL"


class Apply:
    """One run's apply."""

    def __init__(self, run: SyncRun, connection: Connection, clock: Clock) -> None:
        self.run = run
        self.clock = clock
        self.tenant = connection.tenant_id
        self.planner = Planner(run, connection, clock())

    def to_the_end(self) -> None:
        """Go through all ticked changes that have no outcome yet, then through the members of the groups.

        Raises:
            RunLost: another worker took the run over.
        """
        for batch in self._linked_batches():
            self._carry_out(batch)
        for section in ORDER:
            for batch in self._batches_of(section):
                self._carry_out(batch)
        with database.atomic():
            membership.join_and_leave(self.run.id, self.run.organization_id, DONE)
            keep(self.run, self.clock())

    def _linked_batches(self) -> Iterator[list[Ticked]]:
        """Changes that pass addresses between them, never torn apart."""
        rows = execute(
            "SELECT DISTINCT link FROM sync_change WHERE run_id = ? AND link IS NOT NULL AND ticked AND outcome IS NULL"
            " ORDER BY link",
            (self.run.id,),
        ).fetchall()
        for links in batches([link for (link,) in rows], BATCH // 4):
            yield _read(f"{_READY} AND link IN ({marks(links)}) ORDER BY link, id", (self.run.id, *links))

    def _batches_of(self, section: str) -> Iterator[list[Ticked]]:
        key: tuple[str, int] = ("", 0)
        statement = f"{_READY} AND section = ? AND (sort_key, id) > (?, ?) ORDER BY sort_key, id LIMIT {BATCH}"
        while batch := _read(statement, (self.run.id, section, *key)):
            yield batch
            key = (batch[-1].sort_key, batch[-1].id)

    def _carry_out(self, batch: Sequence[Ticked]) -> None:
        now = self.clock()
        with database.atomic():
            try:
                with database.atomic():
                    self._attempt(batch, now)
                outcomes = [(change, DONE, "") for change in batch]
            except (IntegrityError, Refused):
                outcomes = self._one_by_one(batch, now)
            self._write(outcomes)
            keep(self.run, now, applied=self.run.applied + len(batch))

    def _one_by_one(self, batch: Sequence[Ticked], now: datetime) -> list[Outcome]:
        """The change that fails is set apart with its reason, and with it only those that hang together with it."""
        outcomes: list[Outcome] = []
        for together in _together(batch):
            try:
                with database.atomic():
                    self._attempt(together, now)
                outcome = (DONE, "")
            except Outdated as outdated:
                outcome = (STALE, outdated.sentence)
            except Refused as refused:
                outcome = (REFUSED, refused.sentence)
            except IntegrityError:
                outcome = (REFUSED, self._collision(together))
            outcomes += [(change, *outcome) for change in together]
        return outcomes

    def _attempt(self, changes: Sequence[Ticked], now: datetime) -> None:
        known = self.planner.pairs.accounts(change.account_id for change in changes if change.account_id is not None)
        self._require_allowed(changes, known)
        batch = Batch()
        for change in changes:
            account = known.get(change.account_id) if change.account_id is not None else None
            if account is None and change.account_version is not None:
                raise Outdated("The account is not here any more.")
            if change.section == DELETING and account is not None:
                batch.removals.append(Removal(account.id, change.account_version or 0))
            elif account is not None:
                batch.amendments.append(self._amendment(change, account))
            else:
                batch.newcomers.append(self._standing(change, None))
        accounts.carry_out(self.run.organization_id, batch, now)

    def _amendment(self, change: Ticked, account: Known) -> Amendment:
        standing = self._standing(change, account)
        relinked = None not in (account.directory_id, standing.directory_id) and (
            account.directory_id != standing.directory_id
        )
        memberships: Memberships = "none"
        if account.removed:
            memberships = "by hand" if self.run.undoes_id is None else "all"
        return Amendment(account.id, change.account_version or 0, standing, relinked, memberships)

    def _standing(self, change: Ticked, account: Known | None) -> Standing:
        """How the account stands afterwards: as it does now, with the change laid over it."""
        now = account or Known(0, 0, FUNCTIONAL, "")
        after = change.after
        active = after.get("active", now.active)
        directory_id = after.get("directory_id", change.object_id)  # none, where a link is undone
        tenant = self.tenant if self.run.undoes_id is None else (now.directory_tenant or self.tenant)
        return Standing(
            type=after.get("type", now.type),
            display_name=after.get("display_name", now.display_name),
            first_name=after.get("first_name", now.first_name),
            last_name=after.get("last_name", now.last_name),
            mobile=after.get("mobile", now.mobile),
            active=active,
            deactivated_by=None if active else (now.deactivated_by or "sync"),
            converted=after.get("converted", now.converted),
            primary=after.get("primary", now.primary),
            aliases=tuple(after.get("aliases", now.aliases)),
            directory_tenant=tenant if directory_id else None,
            directory_id=directory_id,
            directory_fingerprint=change.fingerprint,
        )

    def _require_allowed(self, changes: Sequence[Ticked], known: dict[int, Known]) -> None:
        """What was decided since the review: an exemption, or a domain that is not registered any more.

        An exemption keeps the directory away, not a person who undoes what it did.
        """
        exempt = self.run.undoes_id is None and self.planner.exempt_among(
            [(change.object_id, change.address, known.get(change.account_id or 0)) for change in changes]
        )
        if exempt:
            raise Refused("It was exempted from sync after the review.")
        domains.require(self.run.organization_id, _given(changes))

    def _collision(self, changes: Sequence[Ticked]) -> str:
        """Which address was in the way."""
        ours = {change.account_id for change in changes}
        for address, holder in self.planner.pairs.holders(_given(changes)).items():
            if holder.id not in ours:
                return f"{address} belongs to {'another organisation' if holder.foreign else holder.display_name}."
        return "An account for this directory object, or with one of these addresses, was made meanwhile."

    def _write(self, outcomes: Sequence[Outcome]) -> None:
        done = [change for change, outcome, _ in outcomes if outcome == DONE]
        newcomers = [change for change in done if change.account_id is None]
        added = directory_links.accounts_of(self.run.organization_id, [change.object_id for change in newcomers])
        execute_many(
            "UPDATE sync_change SET outcome = ?, outcome_reason = ?, account_id = ? WHERE id = ? AND outcome IS NULL",
            [
                (outcome, reason, change.account_id or added.get(change.object_id), change.id)
                for change, outcome, reason in outcomes
            ],
        )
        if self.run.undoes_id is not None:
            self._exempt(done)
        if self.run.send_welcome_mails:
            welcome = [added[new.object_id] for new in newcomers if new.after.get("type") == END_USER]
            outbox.ask_many("welcome", self.run.organization_id, welcome, self.clock())

    def _exempt(self, undone: Sequence[Ticked]) -> None:
        """Or the next sync would do again what has just been undone; of a relink both objects would."""
        objects = {change.object_id: change.name for change in undone}
        objects |= {linked: change.name for change in undone if (linked := change.after.get("directory_id"))}
        reason = f"run {self.run.undoes_id} undone"
        things = [{"object_id": object_id, "name": name} for object_id, name in objects.items()]
        exemptions.put(self.run.organization_id, things, reason, None, self.run.accepted_by_name, self.clock())


def _read(statement: str, parameters: Sequence[object]) -> list[Ticked]:
    rows = execute(statement, parameters).fetchall()
    return [Ticked._make((*row[:5], json.loads(row[5]), *row[6:])) for row in rows]


def _given(changes: Sequence[Ticked]) -> list[str]:
    """The addresses that the changes give."""
    return [a for change in changes for a in (change.after.get("primary"), *change.after.get("aliases", ())) if a]


def _together(batch: Sequence[Ticked]) -> Iterable[list[Ticked]]:
    """Linked changes as one, every other change by itself."""
    groups: dict[tuple[str, int], list[Ticked]] = {}
    for change in batch:
        key = ("change", change.id) if change.link is None else ("link", change.link)
        groups.setdefault(key, []).append(change)
    return groups.values()
