"""One storm from beginning to end: so many syncs while everything goes wrong, then calm, then the ledger."""

import random
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from peewee import OperationalError

from ppe.clock import utcnow
from ppe.mail import mailer
from ppe.models import RUN_STATES, WORKING_STATES, Account, Mail, SyncRun
from tests.chaos.browser import Away
from tests.chaos.directory import Directory
from tests.chaos.house import House
from tests.chaos.ledger import check
from tests.chaos.storm import Storm

PAUSE = 0.1
LONGEST_WAIT = 3  # until a run that may never start is not waited for any more
BAD_DAY = 7  # every so many syncs more happens than may go through by itself
ROUNDS_TO_SETTLE = 8


@dataclass(frozen=True)
class Size:
    """How many people, how many syncs, how many seconds for all of it, and for one storm."""

    people: int = 5000
    syncs: int = 20
    seconds: float = 280
    storm: float = 10


@dataclass
class Outcome:
    """What happened, and what was broken by it."""

    counted: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)

    @property
    def summary(self) -> str:
        """In one line."""
        return ", ".join(f"{name} {count}" for name, count in self.counted.items())


class Story:
    """Syncs are counted when they are over, well or not; each begins when the one before it is."""

    def __init__(self, folder: Path, seed: int, size: Size, database_url: str) -> None:
        self.dice, self.size = random.Random(seed), size
        self.directory = Directory(self.dice)
        folder.mkdir(parents=True, exist_ok=True)
        self.directory.settle(size.people, folder / "tenant.json")
        self.began = time.monotonic()
        self.house = House(folder, database_url)
        self.directory.tell = self.house.change
        self.storm = Storm(self.house, self.directory, self.dice)
        self.syncs = self.summaries = 0

    def tell(self) -> Outcome:
        with self.house:
            while self.syncs < self.size.syncs:
                self._sync(share=(self._left * 0.8) / (self.size.syncs - self.syncs))
            self._settle()
            self._empty_the_outbox()
            with self.house.tables():
                broken = check(self.house, self.directory, self.summaries)
                return Outcome(self._counted(), broken)

    @property
    def _left(self) -> float:
        return self.size.seconds - (time.monotonic() - self.began)

    def _sync(self, share: float) -> None:
        """One sync in bad weather, which clears up early enough for it to end in its share of the time."""
        self.directory.change(self.dice.randint(3, 12))
        if self.syncs % BAD_DAY == BAD_DAY - 1:
            self.directory.overdo(self.size.people // 100 + 6)
        if self.dice.random() < 0.5:
            self.storm.slow_down()
        clears_up = time.monotonic() + min(self.dice.uniform(0.3, 0.7) * share, self.size.storm)
        before = self._newest()
        self._begin(by_hand=self.syncs > 0 and self.dice.random() < 0.2, after=before)
        self._kill_in_the_middle(before)
        while time.monotonic() < clears_up and not self._is_over(before):
            time.sleep(self.dice.uniform(0, 0.4))
            self.storm.blow()
            self._nudge()
        self.storm.calm()
        self._wait_until(partial(self._is_over, before))
        self.syncs += 1
        self._note_who_has_an_account()
        if self.dice.random() < 0.5:
            self._accept_what_waits()

    def _kill_in_the_middle(self, after: int) -> None:
        """The worker, soon after the run has come as far as the dice say."""
        wanted, patience = self.dice.choice(WORKING_STATES), time.monotonic() + LONGEST_WAIT
        while time.monotonic() < patience and not self._is_over(after) and self._stage(after) < stage_of(wanted):
            time.sleep(0.005)
        time.sleep(self.dice.uniform(0, 0.1))
        self.storm.kill_worker()

    def _stage(self, after: int) -> int:
        with self.house.tables():
            run = SyncRun.select().where(SyncRun.id > after).order_by(SyncRun.id).first()
            return -1 if run is None else stage_of(run.state)

    def _note_who_has_an_account(self) -> None:
        with self.house.tables():
            linked = {str(one.directory_id) for one in Account.select().where(Account.removed_at.is_null())}
        here = {one.id for one in self.directory.people.values() if one.here}
        self.directory.have_accounts = linked & here

    def _begin(self, *, by_hand: bool, after: int) -> None:
        if by_hand:
            with suppress(Away):
                self.house.browser.run_now()
        with self.house.tables(), suppress(OperationalError):
            if SyncRun.select().where(SyncRun.id > after).exists():
                return
            self.summaries += self.house.make_due()
        self.house.ring()

    def _nudge(self) -> None:
        """A minute passes, and so do waits that Microsoft asked for; an administrator looks at a manual run's list."""
        with suppress(OperationalError):
            self.house.ring()
            with self.house.tables():
                SyncRun.update(not_before=utcnow()).where(
                    SyncRun.not_before > utcnow() + timedelta(seconds=1)
                ).execute()
                lists = SyncRun.select(SyncRun.id).where(SyncRun.state == "review", SyncRun.held_from.is_null())
                waiting = [run.id for run in lists]
            for run_id in waiting:
                self._accept(run_id)

    def _accept(self, run_id: int) -> None:
        with suppress(Away):
            self.house.browser.accept(run_id)
            self.storm.counted["accepted"] += 1

    def _accept_what_waits(self) -> None:
        """Somebody looks through what was held back, and lets it go through."""
        with self.house.tables():
            held = [run.id for run in SyncRun.select(SyncRun.id).where(SyncRun.state == "review")]
        for run_id in held:
            self._accept(run_id)
            self._wait_until(partial(self._rests, run_id))

    def _settle(self) -> None:
        """In calm weather: sync and accept until a sync finds nothing to do."""
        for _ in range(ROUNDS_TO_SETTLE):
            before = self._newest()
            self._begin(by_hand=False, after=before)
            self._wait_until(partial(self._is_over, before))
            self._accept_what_waits()
            with self.house.tables():
                last = SyncRun.select().where(SyncRun.scheduled).order_by(SyncRun.id.desc()).get()
                if last.state == "done" and not last.to_apply and not last.held:
                    return
        raise AssertionError(f"After {ROUNDS_TO_SETTLE} syncs in calm weather there is still something to do.")

    def _empty_the_outbox(self) -> None:
        """The worker is gone, and the clock moves until everything that had to wait has been tried again."""
        self.house.worker.kill()
        with self.house.tables():
            for hours in range(4):
                mailer.deliver_due(partial(_in, timedelta(hours=hours, minutes=11)))

    def _wait_until(self, is_so: Callable[[], bool]) -> None:
        while not is_so():
            if self._left < 0:
                raise AssertionError(f"Sync {self.syncs + 1} did not end in time: {self._standing()}")
            self._nudge()
            time.sleep(PAUSE)

    def _is_over(self, after: int) -> bool:
        with self.house.tables():
            run = SyncRun.select().where(SyncRun.id > after, SyncRun.held_from.is_null()).order_by(SyncRun.id).first()
            return run is not None and bool(run.is_over)

    def _rests(self, run_id: int) -> bool:
        """Whether nobody works on it: it is over, or still waits because nobody got through to accept it."""
        with self.house.tables():
            return not SyncRun.get_by_id(run_id).is_working

    def _newest(self) -> int:
        with self.house.tables():
            newest = SyncRun.select(SyncRun.id).order_by(SyncRun.id.desc()).first()
            return newest.id if newest else 0

    def _standing(self) -> str:
        with self.house.tables():
            run = SyncRun.select().order_by(SyncRun.id.desc()).first()
            said = "no run" if run is None else f"run {run.id} is {run.state}, claimed by {run.claim}"
        return f"{said}\n{self.house.worker.last_words()}"

    def _counted(self) -> Counter[str]:
        states = Counter(run.state for run in SyncRun.select(SyncRun.state))
        arrived = [mail.message_id for mail in self.house.mails]
        return Counter(
            {
                "syncs": self.syncs,
                **self.storm.counted,
                "failed": states["failed"],
                "held": SyncRun.select().where(SyncRun.held_from.is_null(False)).count(),
                "changes": self.directory.changes,
                "mails": Mail.select().count(),
                "sent twice": len(arrived) - len(set(arrived)),
                "seconds": round(time.monotonic() - self.began),
            }
        )


def stage_of(state: str) -> int:
    """How far a run in this state has come."""
    return RUN_STATES.index(state)


def _in(wait: timedelta) -> datetime:
    return utcnow() + wait
