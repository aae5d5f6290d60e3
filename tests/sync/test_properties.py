"""Generated tenants, changed at random and synced over real HTTP: what must hold whatever happens."""

from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ppe.models import Account, Address, DirectoryObject
from ppe.practice.server import PracticeServer
from ppe.practice.tenant import Tenant
from ppe.practice.weather import PageFault
from ppe.sync import mirror, review
from tests.databases import on_both_databases
from tests.sync.conftest import Line
from tests.sync.desk import Desk

pytestmark = [pytest.mark.slow, on_both_databases]

LOCALS = "abcdefgh"
SEEDS = st.integers(0, 2**32)
FEW = settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    derandomize=True,
)


def address(chance: Random) -> str:
    domain = chance.choice(["contoso.example", "contoso.example", "fabrikam.example", "wingtip.example"])
    return f"{chance.choice(LOCALS)}@{domain}"


def primary(chance: Random) -> str:
    return f"{chance.choice(LOCALS)}@contoso.example"


def grow(tenant: Tenant, chance: Random) -> None:
    """Anything an administrator of the tenant may do, addresses that collide included."""
    people = [person.id for person in tenant.people]
    groups = [group.id for group in tenant.groups]
    match chance.randrange(10):
        case 0 | 1:
            tenant.hire(
                f"Person {chance.randrange(99)}",
                primary(chance),
                aliases=[address(chance) for _ in range(chance.randrange(3))],
                enabled=chance.random() < 0.8,
                mailbox=chance.random() < 0.9,
                guest=chance.random() < 0.1,
            )
        case 2 if people:
            tenant.set_addresses(chance.choice(people), primary(chance), [address(chance)])
        case 3 if people:
            tenant.delete(chance.choice(people))
        case 4 if people:
            tenant.rename(chance.choice(people), f"Person {chance.randrange(99)}")
        case 5 if people:
            chance.choice([tenant.block, tenant.allow])(chance.choice(people))
        case 6:
            mail = chance.random() < 0.5
            tenant.add_group(
                f"Group {chance.randrange(99)}",
                chance.choice(["microsoft365", "distribution"]) if mail else "security",
                primary(chance) if mail else None,
                members=chance.sample(people, min(len(people), 3)),
            )
        case 7 if groups and people:
            tenant.add_member(chance.choice(groups), chance.choice(people))
        case 8 if groups:
            tenant.delete(chance.choice(groups))
        case 9 if len(people) > 1:
            one, other = chance.sample(people, 2)
            tenant.set_addresses(one, primary(chance))
            tenant.set_addresses(other, primary(chance))
        case _:
            pass


def sound(desk: Desk) -> None:
    """What is true of the console at any time."""
    owners: dict[int, int] = {}
    for row in Address.select():
        owners[row.account_id] = owners.get(row.account_id, 0) + row.is_primary
    live = Account.select().where(Account.removed_at.is_null())
    assert all(owners.get(account.id, 0) == (account.type != "group") for account in live)
    assert set(owners) <= {account.id for account in live}
    assert any(account.type == "organization_admin" and account.active for account in live)


@FEW
@given(SEEDS)
def test_applying_a_plan_leaves_nothing_to_plan(line: Line, seed: int) -> None:
    chance = Random(seed)
    with PracticeServer(Tenant.empty(domains=("fabrikam.example",)), delta_page=3, member_slice=2) as server:
        line(server)
        desk = Desk(server)
        for _ in range(3):
            for _ in range(chance.randrange(8)):
                grow(desk.tenant, chance)
            planned = desk.plan()
            review.tick(planned, True, section="updating")
            review.tick(planned, True, section="deleting")
            done = desk.accept(planned)
            assert {row.outcome for row in desk.rows(done).values() if row.ticked} <= {"done"}
            sound(desk)
            desk.nothing_left()


@FEW
@given(SEEDS)
def test_any_choice_of_ticks_leaves_the_console_sound_and_the_next_run_catches_up(line: Line, seed: int) -> None:
    chance = Random(seed)
    with PracticeServer(Tenant.empty(domains=("fabrikam.example",)), delta_page=3, member_slice=2) as server:
        line(server)
        desk = Desk(server)
        for _ in range(2):
            for _ in range(chance.randrange(3, 9)):
                grow(desk.tenant, chance)
            planned = desk.plan()
            rows = list(desk.rows(planned).values())
            review.tick(planned, False, change_ids=[row.id for row in rows if chance.random() < 0.4])
            desk.accept(planned)
            sound(desk)
        desk.sync()
        sound(desk)


@FEW
@given(SEEDS)
def test_a_console_that_followed_step_by_step_ends_like_one_that_came_late(line: Line, seed: int) -> None:
    chance = Random(seed)
    with PracticeServer(Tenant.empty(domains=("fabrikam.example",)), delta_page=3, member_slice=2) as server:
        line(server)
        desk = Desk(server)
        for n in range(6):
            desk.tenant.hire(f"P{n}", f"{LOCALS[n]}@contoso.example")
        desk.sync()
        for _ in range(4):
            everybody = [person.id for person in desk.tenant.people]
            shuffled = [f"{LOCALS[n]}@contoso.example" for n in range(len(everybody))]
            chance.shuffle(shuffled)
            for person, mine in zip(everybody, shuffled, strict=True):
                desk.tenant.set_addresses(person, mine)
            desk.sync()
        wanted: dict[str, object] = {person.display_name: (person.primary, set()) for person in desk.tenant.people}
        assert {name: it for name, it in desk.people().items() if name in wanted} == wanted


@FEW
@given(SEEDS)
def test_the_order_of_pages_does_not_matter(desk: Desk, seed: int) -> None:
    chance = Random(seed)
    connection = desk.connection.id
    DirectoryObject.delete().execute()
    final = {f"id{n}": f"Name {n}" for n in range(6)}
    items = [
        {"id": object_id, "displayName": name, "proxyAddresses": [f"SMTP:{object_id}@contoso.example"]}
        for object_id, name in final.items()
    ]
    items += chance.choices(items, k=4)
    chance.shuffle(items)
    run_id = desk.begin().id
    while items:
        size = chance.randrange(1, 4)
        mirror.store_page(connection, run_id, items[:size], groups=False)
        items = items[size:]
    stored = {row.object_id: row.display_name for row in DirectoryObject.select()}
    assert stored == final


@pytest.mark.parametrize("calamity", ["empty", "cut", "cycle", "failed page"])
@FEW
@given(SEEDS)
def test_no_calamity_ever_marks_anybody_as_gone(
    line: Line, monkeypatch: pytest.MonkeyPatch, calamity: str, seed: int
) -> None:
    monkeypatch.setattr("ppe.sync.graph.LARGEST_PAGE", 8)
    chance = Random(seed)
    tenant = Tenant.company(people=30, seed=seed % 1000)
    with PracticeServer(tenant) as server:
        line(server)
        desk = Desk(server)
        desk.sync()
        before = desk.people()
        desk.settings(users_delta_link=None, groups_delta_link=None)
        match calamity:
            case "empty":
                server.weather.empty_listing()
            case "cut":
                server.weather.cut_listing(after_pages=3)  # the groups have only two
            case "cycle":
                server.weather.cyclic_link()
            case _:
                how: PageFault = chance.choice(["503", "html", "reset", "cut"])
                server.weather.fail_page(chance.choice(["users", "groups"]), chance.randrange(1, 3), how)
        ended = desk.plan()
        if ended.state == "review":
            assert not desk.rows(ended, "deleting")
            desk.accept(ended)
        assert desk.people() == before
        assert not DirectoryObject.select().where(DirectoryObject.gone_at.is_null(False)).count()
        server.weather.calm()
        desk.nothing_left()
