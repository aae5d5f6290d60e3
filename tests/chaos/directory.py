"""The tenant's truth, kept here while it is changed over there: what the accounts have to come to in the end."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ppe.practice.tenant import Tenant

DOMAIN = "contoso.example"
Tell = Callable[..., dict[str, Any]]


@dataclass
class Person:
    """Somebody in the directory."""

    id: str
    name: str
    primary: str
    aliases: set[str] = field(default_factory=set)
    mobile: str = ""
    enabled: bool = True
    here: bool = True
    left: set[str] = field(default_factory=set)


@dataclass
class Group:
    """A group, with or without an address."""

    id: str
    name: str
    address: str | None
    members: set[str] = field(default_factory=set)
    here: bool = True


class Directory:
    """Every change is made by `tell`, which asks the tenant, and noted. Names and numbers are never used twice."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        self.tell: Tell = lambda **_: {}
        self.people: dict[str, Person] = {}
        self.have_accounts: set[str] = set()
        self.groups: dict[str, Group] = {}
        self.changes = 0
        self._number = 0

    def settle(self, people: int, state: Path) -> None:
        """Everybody who is there in the beginning, written into the file that the tenant starts with."""
        tenant = Tenant.empty(DOMAIN, ("fabrikam.example",))
        for number in range(people):
            name, primary, alias = f"Person {number}", f"p{number}@{DOMAIN}", f"p{number}.alias@{DOMAIN}"
            person_id = tenant.hire(name, primary, aliases=[alias])
            self.people[person_id] = Person(person_id, name, primary, {alias})
        for number in range(5):
            tenant.hire(f"Guest {number}", f"guest{number}@elsewhere.example", guest=True)
            tenant.hire(f"No Mailbox {number}", f"none{number}@{DOMAIN}", mailbox=False)
        everybody = list(self.people)
        for number in range(max(6, people // 100)):
            address = f"g{number}@{DOMAIN}" if number % 2 else None
            members = set(self.dice.sample(everybody, min(len(everybody), self.dice.randint(5, 60))))
            kind = "distribution" if address else "security"
            group_id = tenant.add_group(f"Group {number}", kind, address, members=sorted(members))  # type: ignore[arg-type]
            self.groups[group_id] = Group(group_id, f"Group {number}", address, members)
        tenant.begin()
        tenant.save(state)

    def change(self, times: int) -> None:
        """So many changes of any kind."""
        kinds = (
            (self.rename, 6), (self.call, 3), (self.add_alias, 3), (self.drop_alias, 2), (self.pass_alias_on, 2),
            (self.move, 2), (self.block, 2), (self.allow, 2), (self.hire, 4), (self.remove, 4), (self.restore, 2),
            (self.join, 4), (self.leave, 3), (self.rename_group, 1), (self.add_group, 1), (self.remove_group, 1),
        )  # fmt: skip
        for deed in self.dice.choices([kind for kind, _ in kinds], [weight for _, weight in kinds], k=times):
            deed()

    def overdo(self, times: int) -> None:
        """So much of one kind at once that it must not go through by itself."""
        deed = self.dice.choice((self.remove, self.block, self.move))
        for _ in range(times):
            deed()

    def rename(self) -> None:
        one, name = self._somebody(), self._new("Renamed {}")
        self._tell(action="rename", id=one.id, name=name)
        one.name = name

    def call(self) -> None:
        one, mobile = self._somebody(), self._new("+31 6 {:08}")
        self._tell(action="set_mobile", id=one.id, mobile=mobile)
        one.mobile = mobile

    def add_alias(self) -> None:
        one, alias = self._somebody(), self._new(f"alias.{{}}@{DOMAIN}")
        self._tell(action="add_alias", id=one.id, address=alias)
        one.aliases.add(alias)

    def drop_alias(self) -> None:
        one = self._somebody()
        if one.aliases:
            alias = self.dice.choice(sorted(one.aliases))
            self._tell(action="remove_alias", id=one.id, address=alias)
            one.aliases.remove(alias)

    def pass_alias_on(self) -> None:
        """From one to another: only together can both be carried out."""
        one, other = self._somebody(), self._somebody()
        if one.aliases and one is not other:
            alias = self.dice.choice(sorted(one.aliases))
            self._tell(action="remove_alias", id=one.id, address=alias)
            self._tell(action="add_alias", id=other.id, address=alias)
            one.aliases.remove(alias)
            other.aliases.add(alias)

    def move(self) -> None:
        one, primary = self._somebody(), self._new(f"moved.{{}}@{DOMAIN}")
        self._tell(action="set_primary", id=one.id, address=primary)
        one.aliases.add(one.primary)
        one.primary = primary

    def block(self) -> None:
        """Only who surely has an account: a newcomer whose sign-in is blocked is not imported."""
        one = self._somebody(enabled=True)
        if one.id in self.have_accounts:
            self._tell(action="block", id=one.id)
            one.enabled = False

    def allow(self) -> None:
        blocked = [one for one in self.people.values() if one.here and not one.enabled]
        if blocked:
            one = self.dice.choice(blocked)
            self._tell(action="allow", id=one.id)
            one.enabled = True

    def hire(self) -> None:
        name = self._new("New {}")
        address = f"{name.lower().replace(' ', '.')}@{DOMAIN}"
        hired = self._tell(action="hire", name=name, address=address)["id"]
        self.people[hired] = Person(hired, name, address)

    def remove(self) -> None:
        """Never who is blocked: restored like that, they would not be imported again."""
        one = self._somebody(enabled=True)
        self._tell(action="delete", id=one.id)
        one.here = False
        self.have_accounts.discard(one.id)
        one.left = {group.id for group in self.groups.values() if one.id in group.members and group.here}
        for group in self.groups.values():
            group.members.discard(one.id)

    def restore(self) -> None:
        gone = [one for one in self.people.values() if not one.here]
        if gone:
            one = self.dice.choice(gone)
            self._tell(action="restore", id=one.id)
            one.here = True
            for group_id in one.left:
                if self.groups[group_id].here:
                    self.groups[group_id].members.add(one.id)

    def join(self) -> None:
        one, group = self._somebody(), self._group()
        if one.id not in group.members:
            self._tell(action="add_member", id=group.id, member=one.id)
            group.members.add(one.id)

    def leave(self) -> None:
        group = self._group()
        if group.members:
            member = self.dice.choice(sorted(group.members))
            self._tell(action="remove_member", id=group.id, member=member)
            group.members.remove(member)

    def rename_group(self) -> None:
        group, name = self._group(), self._new("Regrouped {}")
        self._tell(action="rename", id=group.id, name=name)
        group.name = name

    def add_group(self) -> None:
        name = self._new("Team {}")
        made = self._tell(action="add_group", name=name, kind="security")["id"]
        self.groups[made] = Group(made, name, None)

    def remove_group(self) -> None:
        if sum(group.here for group in self.groups.values()) > 4:
            group = self._group()
            self._tell(action="delete", id=group.id)
            group.here = False

    def _tell(self, **change: Any) -> dict[str, Any]:
        self.changes += 1
        return self.tell(**change)

    def _somebody(self, *, enabled: bool = False) -> Person:
        return self.dice.choice([one for one in self.people.values() if one.here and (one.enabled or not enabled)])

    def _group(self) -> Group:
        return self.dice.choice([group for group in self.groups.values() if group.here])

    def _new(self, pattern: str) -> str:
        self._number += 1
        return pattern.format(self._number)
