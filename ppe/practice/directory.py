"""The directory objects of the practice tenant, and the few ways in which one can change.

Everything else (people, groups, pages) is built on `_create`, `_update` and `_note`, which keep the journal true.
"""

import threading
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, Concatenate, Literal, ParamSpec, TypeVar
from uuid import UUID, uuid5

from ppe.practice.journal import Action, Change, Journal, Kind

Properties = dict[str, Any]
Collection = Literal["users", "groups"]
Standing = Literal["live", "deleted", "purged"]

P = ParamSpec("P")
R = TypeVar("R")


class NoSuchObject(LookupError):
    """Nothing in the directory has this id, address or name."""


@dataclass(slots=True)
class Entry:
    """One directory object.

    `properties` holds only what was ever set: None means "set once, unset since", which a delta round must tell
    apart from "never set". `members` maps a member's id to a number that only grows, so that a page of members can
    say where the next one starts while members come and go.
    """

    id: str
    kind: Kind
    properties: Properties
    members: dict[str, int] = field(default_factory=dict)
    standing: Standing = "live"
    left_groups: tuple[str, ...] = ()
    rendered: dict[Hashable, bytes] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What people call it."""
        return str(self.properties.get("displayName") or self.id)

    @property
    def proxy_addresses(self) -> list[str]:
        """`TYPE:address` entries, as stored."""
        return list(self.properties.get("proxyAddresses") or [])

    @property
    def primary(self) -> str:
        """The upper-case SMTP: address; where there is none, `mail`."""
        upper = (entry[5:] for entry in self.proxy_addresses if entry.startswith("SMTP:"))
        return next(upper, self.properties.get("mail") or "")

    @property
    def aliases(self) -> tuple[str, ...]:
        """The other mail addresses."""
        return tuple(
            entry[5:] for entry in self.proxy_addresses if entry.startswith("smtp:") and entry[5:] != self.primary
        )

    @property
    def upn(self) -> str:
        """The user principal name; empty for anything but a user."""
        return str(self.properties.get("userPrincipalName", ""))

    def answers_to(self, text: str) -> bool:
        """Is `text`, already casefolded, its id, its name or one of its addresses?"""
        addresses = (entry.partition(":")[2] for entry in self.proxy_addresses)
        return text in {known.casefold() for known in (self.id, self.name, self.upn, self.primary, *addresses)}


def locked(method: Callable[Concatenate[Any, P], R]) -> Callable[Concatenate[Any, P], R]:
    """Run a method under its object's lock: pages are read while people change the tenant."""

    @wraps(method)
    def run(self: Any, /, *args: P.args, **kwargs: P.kwargs) -> R:
        with self.lock:
            return method(self, *args, **kwargs)

    return run


class Directory:
    """Users, groups, contacts and devices, with a journal of what happened to them.

    An object never leaves `users`, `groups` or `entries`, not even when it is purged: the place of an object in its
    list is what the page links of a delta round count in.
    """

    def __init__(self, tenant_id: str, domain: str, initial_domain: str) -> None:
        self.lock = threading.RLock()
        self.tenant_id = tenant_id
        self._namespace = UUID(tenant_id)
        self.domain = domain
        self.initial_domain = initial_domain
        self.entries: dict[str, Entry] = {}
        self.users: list[Entry] = []
        self.groups_and_former: list[Entry] = []
        self.journal = Journal()
        self._order: dict[Collection, tuple[list[str], list[Entry]]] = {}
        self.members_ever = 0
        self.purposes: dict[str, str] = {}  # of mailboxes, which are Exchange's and no property of the user

    def all_of(self, collection: Collection) -> list[Entry]:
        """Every user or group there ever was, oldest first."""
        return self.users if collection == "users" else self.groups_and_former

    def live(self, collection: Collection) -> Iterator[Entry]:
        """Iterate over the users or groups that exist now."""
        return (entry for entry in self.all_of(collection) if entry.standing == "live")

    @locked
    def listing(self, collection: Collection) -> tuple[list[str], list[Entry]]:
        """Return sort keys and entries of a collection as Graph orders them: users by principal name, case ignored."""
        if collection not in self._order:
            ranked = {
                f"{entry.upn.casefold()} {place:09}": entry
                for place, entry in enumerate(self.all_of(collection))
                if entry.standing == "live"
            }
            keys = sorted(ranked)
            self._order[collection] = (keys, [ranked[key] for key in keys])
        return self._order[collection]

    def entry(self, object_id: str) -> Entry:
        """Return a live or soft-deleted object. Raises NoSuchObject."""
        found = self.entries.get(object_id)
        if found is None or found.standing == "purged":
            raise NoSuchObject(object_id)
        return found

    def find(self, address_or_name: str) -> str:
        """Return the id of the live object with this id, address or display name. Raises NoSuchObject."""
        text = address_or_name.casefold()
        for entry in self.entries.values():
            if entry.standing == "live" and entry.answers_to(text):
                return entry.id
        raise NoSuchObject(address_or_name)

    @locked
    def _create(self, kind: Kind, properties: Properties, words: str, object_id: str | None = None) -> Entry:
        object_id = object_id or str(uuid5(self._namespace, f"{kind} {len(self.entries) + 1}"))
        if object_id in self.entries:
            raise ValueError(f"There is an object {object_id} already.")
        entry = Entry(object_id, kind, {**properties, "id": object_id})
        self.admit(entry)
        self._note(entry, "created", words)
        return entry

    def admit(self, entry: Entry) -> None:
        """Take in an object as it stands, without a word in the journal."""
        self.entries[entry.id] = entry
        if entry.kind == "user":
            self.users.append(entry)
        elif entry.kind == "group":
            self.groups_and_former.append(entry)
        self._order.clear()

    @locked
    def _update(self, entry: Entry, words: str, /, **values: Any) -> None:
        never = object()
        changed = {
            name: value
            for name, value in values.items()
            if (had := entry.properties.get(name, never)) != value and not (had is never and value is None)
        }
        if changed:
            entry.properties.update(changed)
            self._note(entry, "updated", words, properties=tuple(changed))

    @locked
    def _note(
        self, entry: Entry, action: Action, words: str, *, properties: tuple[str, ...] = (), member: str = ""
    ) -> None:
        entry.rendered.clear()
        if action not in {"updated", "joined", "left"} or "userPrincipalName" in properties:
            self._order.clear()
        number = self.journal.last + 1
        self.journal.add(Change(number, entry.kind, entry.id, action, words, properties, member))
