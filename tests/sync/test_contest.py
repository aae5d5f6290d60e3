from hypothesis import given
from hypothesis import strategies as st

from ppe.sync.contest import Claimant, Holder, settle
from tests.databases import on_both_databases

pytestmark = on_both_databases


def claimant(object_id: str, primary: str, *aliases: str, account: int | None = None) -> Claimant:
    return Claimant(object_id, object_id.upper(), primary, frozenset(aliases), account)


def test_nobody_loses_where_nobody_meets() -> None:
    assert settle([claimant("a", "a@x"), claimant("b", "b@x", "c@x")], {}) == {}


def test_the_holder_keeps_the_address() -> None:
    lost = settle([claimant("a", "a@x", "h@x")], {"h@x": Holder(7, "Hedy", stays=True)})
    assert lost == {"a": {"h@x": "h@x belongs to Hedy."}}


def test_a_holder_that_gives_it_up_stands_in_nobodys_way() -> None:
    swap = [claimant("a", "b@x", account=1), claimant("b", "a@x", account=2)]
    holders = {"a@x": Holder(1, "A", stays=False), "b@x": Holder(2, "B", stays=False)}
    assert settle(swap, holders) == {}


def test_a_loser_keeps_what_another_hoped_for() -> None:
    chain = [claimant("a", "h@x", account=1), claimant("b", "a@x", account=2)]
    holders = {"h@x": Holder(9, "Hedy", stays=True), "a@x": Holder(1, "A", stays=False)}
    assert set(settle(chain, holders)) == {"a", "b"}


def test_the_primary_beats_the_alias_and_the_lower_id_the_higher() -> None:
    assert set(settle([claimant("a", "a@x", "i@x"), claimant("b", "i@x")], {})) == {"a"}
    assert set(settle([claimant("b", "b@x", "i@x"), claimant("a", "a@x", "i@x")], {})) == {"b"}


ADDRESSES = st.sampled_from([f"{name}@x" for name in "abcdef"])


@given(st.lists(st.tuples(ADDRESSES, st.sets(ADDRESSES, max_size=3)), max_size=6), st.randoms())
def test_nobody_shares_an_address_in_whatever_order_they_come(
    wishes: list[tuple[str, set[str]]], chance: object
) -> None:
    claimants = [claimant(str(n), primary, *(aliases - {primary})) for n, (primary, aliases) in enumerate(wishes)]
    lost = settle(claimants, {})
    chance.shuffle(claimants)  # type: ignore[attr-defined]
    assert settle(claimants, {}) == lost
    given_away: list[str] = []
    for one in claimants:
        mine = lost.get(one.object_id, {})
        if one.primary not in mine:
            given_away += [one.primary, *(one.aliases - mine.keys())]
    assert len(given_away) == len(set(given_away))
