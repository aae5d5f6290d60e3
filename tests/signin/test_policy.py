from collections.abc import Iterator

import pytest

from ppe.clock import utcnow
from ppe.errors import Refused
from ppe.models import (
    ADMIN,
    ADMINISTRATORS,
    END_USER,
    EVERYONE,
    OFF,
    SILENT_USER,
    Account,
    AuditEvent,
    Authenticator,
    Connection,
    Organization,
)
from ppe.signin import policy
from ppe.signin.policy import Affected, Policy
from ppe.signin.visitor import Visitor
from tests.conftest import OpenDatabase, People, add_account

NOW = utcnow()
NOBODY = Affected(0, 0)
ON = Policy(microsoft=True, second_factor=ADMINISTRATORS, after_microsoft=False)
SEEN = Policy(microsoft=True, second_factor=OFF, after_microsoft=False)


@pytest.fixture
def _database(people: People, open_database: OpenDatabase) -> Iterator[None]:
    with open_database():
        yield


def test_nothing_changed_is_no_line() -> None:
    assert policy.lines(ON, ON, NOBODY) == []


@pytest.mark.parametrize(
    ("before", "after", "is_risky"),
    [
        (OFF, ADMINISTRATORS, False),
        (OFF, EVERYONE, False),
        (ADMINISTRATORS, EVERYONE, False),
        (EVERYONE, ADMINISTRATORS, True),
        (EVERYONE, OFF, True),
        (ADMINISTRATORS, OFF, True),
    ],
)
def test_asking_fewer_people_is_less_safe(before: str, after: str, is_risky: bool) -> None:
    (line,) = policy.lines(Policy(True, before, False), Policy(True, after, False), NOBODY)
    assert (line.before, line.after) == (policy.WORDS[before], policy.WORDS[after])
    assert line.is_risky is is_risky
    assert line.meaning.endswith(".")


def test_every_setting_has_a_line_of_its_own() -> None:
    lines = policy.lines(Policy(True, OFF, False), Policy(False, EVERYONE, True), Affected(1, 2_000))
    assert [(line.before, line.after) for line in lines] == [("On", "Off"), ("Off", "Everyone"), ("Off", "On")]
    assert "2,000 people have no local password yet" in lines[0].meaning
    assert "1 of them has no authenticator app yet" in lines[1].meaning


@pytest.mark.parametrize(
    ("account_type", "second_factor", "has_app", "words"),
    [
        (ADMIN, OFF, True, "asks nobody"),
        (ADMIN, ADMINISTRATORS, False, "You are asked"),
        (END_USER, ADMINISTRATORS, False, "does not ask you"),
        (END_USER, ADMINISTRATORS, True, "You are asked"),
        (END_USER, EVERYONE, False, "You are asked"),
    ],
)
def test_everybody_is_told_what_is_asked_of_them(
    account_type: str, second_factor: str, has_app: bool, words: str
) -> None:
    assert words in policy.words_for(account_type, Policy(True, second_factor, False), has_app)
    both = policy.words_for(account_type, Policy(True, second_factor, True), has_app)
    assert ("after a Microsoft sign-in" in both) is (words == "You are asked")


@pytest.mark.usefixtures("_database")
def test_those_count_who_are_covered_active_and_without_a_confirmed_app(people: People) -> None:
    _, gone, idle = (
        add_account(people.contoso, kind, name, f"{name}@contoso.example")
        for kind, name in ((SILENT_USER, "silent"), (END_USER, "gone"), (END_USER, "idle"))
    )
    Account.update(removed_at=NOW).where(Account.id == gone.id).execute()
    Account.update(active=False).where(Account.id == idle.id).execute()
    Account.update(password_hash=None).where(Account.id != people.ada.id).execute()
    counts = {
        second_factor: policy.affected_by(people.contoso.id, Policy(True, second_factor, False))
        for second_factor in (OFF, ADMINISTRATORS, EVERYONE)
    }
    assert counts == {OFF: Affected(0, 1), ADMINISTRATORS: Affected(1, 1), EVERYONE: Affected(2, 1)}
    Authenticator.create(account=people.ada, secret="x", created_at=NOW, confirmed_at=NOW)
    assert policy.affected_by(people.contoso.id, Policy(True, EVERYONE, False)) == Affected(1, 1)


def _save(people: People, seen: Policy, wanted: Policy) -> None:
    policy.save(people.contoso, seen, wanted, "Ada", Visitor("203.0.113.9"), NOW)


@pytest.mark.usefixtures("_database")
def test_a_saved_policy_is_read_back_and_on_record_with_the_network_address(people: People) -> None:
    wanted = Policy(microsoft=False, second_factor=EVERYONE, after_microsoft=True)
    _save(people, SEEN, wanted)
    stored = policy.of(
        Organization.get_by_id(people.contoso.id), Connection.get(Connection.organization == people.contoso)
    )
    assert stored == wanted
    event = AuditEvent.get(AuditEvent.action == "sign-in policy changed")
    assert (event.actor, event.remote_address) == ("Ada", "203.0.113.9")


@pytest.mark.usefixtures("_database")
@pytest.mark.parametrize(
    ("seen", "wanted"),
    [
        (SEEN, SEEN),
        (Policy(False, OFF, False), Policy(False, EVERYONE, False)),
        (Policy(True, ADMINISTRATORS, False), Policy(True, EVERYONE, False)),
        (Policy(True, OFF, True), Policy(True, EVERYONE, True)),
        (SEEN, Policy(True, "some", False)),
    ],
)
def test_what_was_not_seen_as_it_is_changes_nothing(people: People, seen: Policy, wanted: Policy) -> None:
    with pytest.raises(Refused):
        _save(people, seen, wanted)
    assert Organization.get_by_id(people.contoso.id).second_factor == OFF
    assert not AuditEvent.select().exists()
