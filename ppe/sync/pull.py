"""From the first page to the last. Each page is one short transaction that also saves where the pull stands.

The cursor kept with the run: `step` and `link` say what to ask next; `users_listed` and `groups_listed`, whether that
kind is listed in full; `users_from`, the delta link taken before such a listing; `users_next` and `groups_next`, the
delta links for the next run; `users_properties`, what the former tells; `domains`, what the tenant owns, and `tenant`,
which one that is; `restarts`; `turtle`, which notices a cycle of links; `reads_mailbox_settings`, whether that was
permitted when the run began; `after`, how far sync/purposes.py has come.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any

from ppe.db import database
from ppe.errors import DeltaExpired, DirectoryUnavailable, DirectoryUntrusted
from ppe.models import PLANNING, PULLING, Connection, SyncRun
from ppe.sync import mirror, secret
from ppe.sync.claim import keep
from ppe.sync.graph import IDS_PER_QUESTION, USER_PROPERTIES, Graph, Page
from ppe.sync.purposes import Purposes

PAGE_CEILING = 100_000
RESTART_CEILING = 5
BUDGET = timedelta(hours=6)  # from the start to the last page; carrying changes out takes as long as it takes

Clock = Callable[[], datetime]
Cursor = dict[str, Any]


class Pull:
    """One run's pull. `plan_page` is called with what each page said, inside its transaction."""

    def __init__(
        self,
        run: SyncRun,
        connection: Connection,
        graph: Graph,
        clock: Clock,
        plan_page: Callable[[mirror.Stored], None],
    ) -> None:
        self.run = run
        self.connection = connection
        self.graph = graph
        self.clock = clock
        self.plan_page = plan_page

    def to_the_end(self) -> None:
        """Go on from wherever the run stands until the mirror is complete and the run is planning.

        Raises:
            DirectoryError: the directory could not be read, or must not be believed; nothing was marked as gone.
            RunLost: the run was cancelled or taken over.
        """
        if not self.run.cursor:
            self._begin()
        while self.run.state == PULLING:
            if self.clock() > self.run.created_at + BUDGET:
                raise out_of_time()
            step = self.run.cursor["step"]
            if step == "absentees":
                self._confirm_absentees()
            elif step == "purposes":
                self._ask_purposes()
            else:
                self._turn_page(step)

    def _begin(self) -> None:
        stored = self.connection
        tells_all = stored.users_delta_properties == USER_PROPERTIES  # or is it from before we asked for more?
        cursor: Cursor = {
            "users_listed": not (stored.users_delta_link and tells_all),
            "users_properties": USER_PROPERTIES,
            "groups_listed": not stored.groups_delta_link,
            "domains": self.graph.verified_domains(),
            "tenant": stored.tenant_id,
            "restarts": 0,
        }
        cursor["reads_mailbox_settings"] = reads_settings = self.graph.reads_mailbox_settings()
        secret_expiry = secret.expiry_of(self.graph)
        people = self.graph.count("users") if cursor["users_listed"] else None
        groups = self.graph.count("groups") if cursor["groups_listed"] else None
        cursor |= self._users_begin() if cursor["users_listed"] else _at("user changes", stored.users_delta_link)
        with database.atomic():
            secret.keep(stored, secret_expiry)
            Connection.update(reads_mailbox_settings=reads_settings).where(Connection.id == stored.id).execute()
            keep(self.run, self.clock(), state=PULLING, cursor=cursor, expected_people=people, expected_groups=groups)

    def _users_begin(self) -> Cursor:
        """A full listing starts with a delta link for now, so that nothing which changes meanwhile is missed."""
        return {"users_listed": True, "users_from": self.graph.users_delta_now()} | _at(
            "users", self.graph.users_link()
        )

    def _groups_begin(self) -> Cursor:
        return {"groups_listed": True} | _at("groups", self.graph.groups_link())

    def _turn_page(self, step: str) -> None:
        cursor = self.run.cursor
        try:
            page = self.graph.page(cursor["link"])
        except DeltaExpired:
            self._start_over(step)
            return
        turtle = _past(cursor.get("turtle"), page.next_link)
        following = _at(step, page.next_link) if page.next_link else self._after(step, page)
        if self.run.pages >= PAGE_CEILING:
            raise _endless()
        on_groups = step == "groups"
        with database.atomic():
            stored = mirror.store_page(self.connection.id, self.run.id, page.items, groups=on_groups)
            self.plan_page(stored)
            kind = "groups" if on_groups else "people"
            counted = {kind: getattr(self.run, kind) + stored.new}
            cursor = cursor | following | {"turtle": turtle if page.next_link else None}
            keep(self.run, self.clock(), cursor=cursor, pages=self.run.pages + 1, **counted)

    def _after(self, step: str, page: Page) -> Cursor:
        """What follows the last page of a step."""
        if step == "users":
            return _at("user changes", self.run.cursor["users_from"])
        if page.delta_link is None:
            raise DirectoryUntrusted(
                "Microsoft's listing broke off: it has neither a next page nor an end.",
                "Nothing was changed. Try again in a few minutes.",
            )
        if step == "user changes":
            stored = self.connection.groups_delta_link
            begin = self._groups_begin() if self.run.cursor["groups_listed"] else _at("groups", stored)
            return {"users_next": page.delta_link} | begin
        following = "purposes" if self.run.cursor.get("reads_mailbox_settings") else "absentees"
        return {"groups_next": page.delta_link} | _at(following, None)

    def _start_over(self, step: str) -> None:
        """The place in the listing is lost: list that kind anew, a few times at most."""
        restarts = self.run.cursor["restarts"] + 1
        if restarts > RESTART_CEILING:
            raise _endless()
        begin = self._groups_begin() if step == "groups" else self._users_begin()
        with database.atomic():
            keep(self.run, self.clock(), cursor=self.run.cursor | begin | {"restarts": restarts, "turtle": None})

    def _ask_purposes(self) -> None:
        """Half of the time is the most that goes into what is good to know and needed by nobody."""
        until = self.run.created_at + BUDGET / 2
        Purposes(self.run, self.graph, self.clock, self.plan_page).ask(until)
        with database.atomic():
            keep(self.run, self.clock(), cursor=self.run.cursor | _at("absentees", None))

    def _confirm_absentees(self) -> None:
        """Whoever a complete listing left out is asked for by id; only who does not exist any more is gone."""
        cursor = self.run.cursor
        if cursor["users_listed"] and self.run.people == 0:
            self._refuse_emptiness()
        for groups, listed in ((False, cursor["users_listed"]), (True, cursor["groups_listed"])):
            absent = (
                mirror.unseen(self.connection.id, self.run.id, groups=groups, limit=IDS_PER_QUESTION) if listed else []
            )
            if absent:
                existing = self.graph.existing(absent)
                with database.atomic():
                    mirror.settle_unseen(self.connection.id, self.run.id, absent, existing)
                    keep(self.run, self.clock())
                return
        self._complete()

    def _complete(self) -> None:
        """Gone objects, delta links and the run's next state become true together."""
        now, cursor = self.clock(), self.run.cursor
        with database.atomic():
            mirror.mark_gone(self.connection.id, self.run.id, now, groups_listed=cursor["groups_listed"])
            Connection.update(
                users_delta_link=cursor["users_next"],
                users_delta_properties=cursor.get("users_properties"),
                groups_delta_link=cursor["groups_next"],
            ).where(Connection.id == self.connection.id).execute()
            keep(self.run, now, state=PLANNING)

    def _refuse_emptiness(self) -> None:
        if mirror.has_people(self.connection.id, self.run.organization_id):
            raise DirectoryUntrusted(
                "Microsoft's directory says that it has no people at all, which is not believed.",
                "Nothing was changed. Check the tenant and the application's permissions, then try again.",
            )


def _at(step: str, link: str | None) -> Cursor:
    return {"step": step, "link": link}


def _past(turtle: list[Any] | None, link: str | None) -> list[Any] | None:
    """Brent's turtle: it waits at a link for twice as many pages each time; whoever meets it runs in a circle."""
    if link is None:
        return None
    here = blake2b(link.encode(), digest_size=16).hexdigest()
    if turtle is None:
        return [here, 0, 1]
    waiting_at, steps, patience = turtle
    if waiting_at == here:
        raise _endless()
    return [here, 0, patience * 2] if steps + 1 == patience else [waiting_at, steps + 1, patience]


def _endless() -> DirectoryUntrusted:
    return DirectoryUntrusted(
        "Microsoft's listing does not come to an end: its pages run in a circle.",
        "Nothing was changed. Try again in a few minutes.",
    )


def out_of_time() -> DirectoryUnavailable:
    """The same end for a directory that is too slow and for one that keeps asking us to wait."""
    return DirectoryUnavailable(
        f"The directory could not be read within {BUDGET // timedelta(hours=1)} hours.",
        "Nothing was changed. The next sync begins anew; if it happens again, run it at a quieter time.",
    )
