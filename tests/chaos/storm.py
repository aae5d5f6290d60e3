"""What goes wrong, drawn from one seed. Afterwards all is calm again, and everything runs."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

from peewee import OperationalError

from ppe.models import WORKING_STATES, SyncRun
from ppe.sync.claim import STALE_AFTER
from tests.chaos.browser import Away
from tests.chaos.directory import Directory
from tests.chaos.house import House
from tests.chaos.processes import Process


class Storm:
    """`blow` lets one thing go wrong, `calm` ends them all. `counted` says what there was."""

    def __init__(self, house: House, directory: Directory, dice: random.Random) -> None:
        self.house, self.directory, self.dice = house, directory, dice
        self.counted: Counter[str] = Counter()
        self._deeds: tuple[tuple[Callable[[], None], int], ...] = (
            (self.kill_worker, 8),
            (self.kill_web, 3),
            (self.kill_tenant, 3),
            (self.kill_all, 1),
            (self.pause, 3),
            (self.hold_the_pen, 3),
            (self.throttle, 5),
            (self.slow_down, 3),
            (self.go_down, 3),
            (self.cut_a_page, 4),
            (self.cut_a_listing, 1),
            (self.expire, 3),
            (self.refuse, 3),
            (self.sign_in_down, 1),
            (self.mail_down, 3),
            (self.change, 6),
            (self.look, 3),
            (self.take_over, 1),
        )

    def blow(self) -> None:
        deeds = [deed for deed, _ in self._deeds]
        (deed,) = self.dice.choices(deeds, [weight for _, weight in self._deeds])
        deed()

    def calm(self) -> None:
        """Everything runs, nothing fails, and the secret is good."""
        self.start_all()
        self.house.weather("calm")
        self.house.mail_weather.calm()
        self.house.change(action="renew_secret")
        self.house.change(action="grant_consent")

    def start_all(self) -> None:
        for program in self.house.programs:
            if not program.runs:
                program.start()
        for program in self.house.programs:
            program.wait_until_ready()

    def kill_worker(self) -> None:
        self._kill(self.house.worker)

    def kill_web(self) -> None:
        """In the middle of an answer: somebody looks at a page meanwhile."""
        looking = threading.Thread(target=self.look)
        looking.start()
        time.sleep(self.dice.uniform(0, 0.05))
        self._kill(self.house.web)
        looking.join()

    def kill_tenant(self) -> None:
        self._kill(self.house.tenant, after=self.dice.uniform(0, 0.5))
        self.house.tenant.wait_until_ready()

    def kill_all(self) -> None:
        """The power goes; what is left of the database is its file and the log beside it."""
        for program in self.house.programs:
            program.kill()
            self.counted["kills"] += 1
        self.start_all()

    def pause(self) -> None:
        self.counted["pauses"] += 1
        with self.dice.choice((self.house.worker, self.house.web)).paused():
            time.sleep(self.dice.uniform(0.1, 0.8))

    def hold_the_pen(self) -> None:
        self.counted["locks"] += 1
        self.house.hold_the_pen(self.dice.uniform(0.3, 3))

    def throttle(self) -> None:
        self.counted["throttles"] += 1
        retry_after = self.dice.choice(("0.1", "0.5", "1", "20", "600"))
        self.house.weather("throttle", times=self.dice.randint(1, 3), retry_after=retry_after)

    def slow_down(self) -> None:
        self.counted["slowed"] += 1
        self.house.weather("slow", seconds=self.dice.uniform(0.05, 0.3))

    def go_down(self) -> None:
        self.counted["outages"] += 1
        self.house.weather("down", kind=self.dice.choice(("503", "html", "reset", "truncated_gzip", "hang")))
        time.sleep(self.dice.uniform(0.2, 1.5))
        self.house.weather("calm")

    def cut_a_page(self) -> None:
        self.counted["cuts"] += 1
        collection, how = self.dice.choice(("users", "groups")), self.dice.choice(("cut", "empty", "reset", "html"))
        times = self.dice.choice((1, 2, 9))
        self.house.weather("fail_page", collection=collection, page=self.dice.randint(1, 3), how=how, times=times)

    def cut_a_listing(self) -> None:
        """It ends early and says nothing; which only matters when everything is listed."""
        self.counted["cuts"] += 1
        self.house.weather("cut_listing", pages=self.dice.randint(1, 4))
        self.house.change(action="expire_delta_links")

    def expire(self) -> None:
        self.counted["expiries"] += 1
        if self.dice.random() < 0.5:
            self.house.change(action="expire_delta_links")
        self.house.weather("expire_tokens")

    def refuse(self) -> None:
        self.counted["refusals"] += 1
        self.house.change(action=self.dice.choice(("expire_secret", "withdraw_consent")))
        self.house.weather("expire_tokens")

    def sign_in_down(self) -> None:
        self.counted["outages"] += 1
        self.house.weather("sign_in_down", kind=self.dice.choice(("503", "refuse")))
        self.house.weather("expire_tokens")

    def mail_down(self) -> None:
        self.counted["outages"] += 1
        self.house.mail_weather.mail_down()

    def change(self) -> None:
        self.directory.change(self.dice.randint(1, 4))

    def look(self) -> None:
        with suppress(Away):
            self.house.browser.look()

    def take_over(self) -> None:
        """The worker lives, but was silent for so long that another one comes for its run."""
        self.counted["takeovers"] += 1
        with self.house.tables(), suppress(OperationalError):
            for run in SyncRun.select().where(SyncRun.state.in_(WORKING_STATES), SyncRun.heartbeat_at.is_null(False)):
                SyncRun.update(heartbeat_at=run.heartbeat_at - STALE_AFTER - timedelta(minutes=1)).where(
                    SyncRun.id == run.id, SyncRun.heartbeat_at == run.heartbeat_at
                ).execute()

    def _kill(self, program: Process, after: float = 0) -> None:
        self.counted["kills"] += 1
        program.kill()
        time.sleep(after)
        program.start()
