"""Ticking, exempting, importing and applying, with and without htmx, with stale forms and second clicks."""

import re

import pytest

from ppe import db
from ppe.models import Account, Exemption, SyncChange, SyncRun
from tests.views.conftest import Console

HTMX = {"HX-Request": "true"}


@pytest.fixture
def run_id(console: Console) -> int:
    console.connect()
    console.tenant.block(console.tenant.find("emil@contoso.example"))
    return console.review()


def ticked(console: Console, run_id: int) -> set[str]:
    return {name for name, row in console.rows(run_id).items() if row.ticked}


def form(console: Console, run_id: int, **other: object) -> dict[str, object]:
    """The review's form as its page sends it when nobody touched anything."""
    rows = [row for row in console.rows(run_id).values() if row.section == "adding"]
    on = [row.id for row in rows if row.ticked]
    return {
        "section": "adding",
        "shown": [row.id for row in rows],
        "ticked": on,
        "was": on,
        "ticked_elsewhere": 0,
    } | other


def in_order(page: str) -> list[str]:
    """The rows of the list by their ids, and where among them the answer stands."""
    return [row or "answer" for row in re.findall(r'<li class="(?:change[^>]* id="change-(\d+)"|answer")', page)]


def state(run_id: int) -> str:
    with db.database.connection_context():
        return str(SyncRun.get_by_id(run_id).state)


def test_a_row_is_unticked_without_javascript(console: Console, run_id: int) -> None:
    rows = console.rows(run_id)
    answer = console.post(run_id, "ticks", **form(console, run_id, ticked=[rows["Clara"].id, rows["Staff"].id]))
    assert answer.status_code == 303
    assert "section=adding" in answer.headers["Location"]
    assert ticked(console, run_id) == {"Clara", "Staff"}


def test_htmx_gets_the_counts_and_not_the_page(console: Console, run_id: int) -> None:
    clara = console.rows(run_id)["Clara"].id
    untouched = form(console, run_id)
    kept = [id_ for id_ in untouched["was"] if id_ != clara]  # type: ignore[attr-defined]
    answer = console.browser.post(f"/import-sync/runs/{run_id}/ticks", data=untouched | {"ticked": kept}, headers=HTMX)
    assert answer.status_code == 200
    assert 'id="tick-state"' in answer.text
    assert "2 of 3 ticked" in answer.text
    assert "<html" not in answer.text
    assert "Clara" not in ticked(console, run_id)


def test_a_section_is_unticked_and_ticked_again(console: Console, run_id: int) -> None:
    console.post(run_id, "tick-all", section="adding", ticked="no")
    assert ticked(console, run_id) == set()
    console.post(run_id, "tick-all", section="adding", ticked="yes")
    assert ticked(console, run_id) == {"Clara", "Dora", "Staff"}


def test_a_filter_unticks_what_it_finds_alone(console: Console, run_id: int) -> None:
    assert "Untick the 1 found" in console.get(run_id, "?section=adding&text=CLARA")
    console.post(run_id, "tick-all", section="adding", text="clara", ticked="no")
    assert ticked(console, run_id) == {"Dora", "Staff"}


def test_what_is_not_imported_cannot_be_ticked(console: Console, run_id: int) -> None:
    emil = console.rows(run_id)["Emil"].id
    console.post(run_id, "ticks", ticked=[emil], shown=[emil])
    console.post(run_id, "tick-all", section="not_imported", ticked="yes")
    assert "Emil" not in ticked(console, run_id)


def test_rows_of_another_run_are_out_of_reach(console: Console, run_id: int) -> None:
    old = console.rows(run_id)["Clara"].id
    console.post(run_id, "cancel")
    newer = console.review()
    console.post(newer, "ticks", was=[old])
    console.post(newer, "exempt", only=old)
    assert "Clara" in ticked(console, newer)
    with db.database.connection_context():
        assert SyncChange.get_by_id(old).ticked
        assert Exemption.select().count() == 0


def test_one_row_is_exempt_at_once(console: Console, run_id: int) -> None:
    console.post(run_id, "exempt", only=console.rows(run_id)["Clara"].id, chosen=console.rows(run_id)["Dora"].id)
    assert console.rows(run_id)["Clara"].section == "exempt"
    assert console.rows(run_id)["Dora"].section == "adding"
    console.post(run_id, "cancel")
    assert console.rows(console.review())["Clara"].section == "exempt"


def test_many_rows_are_exempt_with_a_reason_and_a_last_day(console: Console, run_id: int) -> None:
    rows = console.rows(run_id)
    chosen = [rows["Clara"].id, rows["Dora"].id]
    console.post(run_id, "exempt", chosen=chosen, reason="On leave", last_day="2030-01-31")
    with db.database.connection_context():
        kept = {(one.name, one.reason, str(one.last_day)) for one in Exemption.select()}
    assert kept == {("Clara", "On leave", "2030-01-31"), ("Dora", "On leave", "2030-01-31")}
    assert "On leave" in console.get(run_id, "?section=exempt")


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({}, "First select the rows"),
        ({"only": 1, "last_day": "soon"}, "Write the last day as"),
        ({"only": 1, "last_day": "2020-01-31"}, "The last day is over already."),
    ],
)
def test_an_exemption_that_makes_no_sense_changes_nothing(
    console: Console, run_id: int, sent: dict[str, object], sentence: str
) -> None:
    path = f"/import-sync/runs/{run_id}/exempt"
    assert sentence in console.browser.post(path, data=sent, follow_redirects=True).text
    with db.database.connection_context():
        assert Exemption.select().count() == 0


def test_htmx_sees_the_sentence_in_the_live_region(console: Console, run_id: int) -> None:
    answer = console.browser.post(f"/import-sync/runs/{run_id}/exempt", headers=HTMX)
    assert "First select the rows" in answer.text
    assert answer.headers["HX-Retarget"] == "#run"


def test_the_answer_stands_where_the_row_was_and_says_how_to_take_it_back(console: Console, run_id: int) -> None:
    rows = console.rows(run_id)
    sent = {"section": "adding", "only": rows["Dora"].id}
    answer = console.browser.post(f"/import-sync/runs/{run_id}/exempt", data=sent, headers=HTMX).text
    assert in_order(answer) == [str(rows["Clara"].id), "answer", str(rows["Staff"].id)]
    assert 'tabindex="-1" data-focus' in answer
    assert 'end the exemption under <a href="/exemptions">Exemptions</a>' in answer
    assert answer.count("1 exempted") == 1


def test_the_answer_to_a_row_that_stays_stands_before_it(console: Console, run_id: int) -> None:
    rows = console.rows(run_id)
    sent = {"section": "adding", "only": rows["Staff"].id}
    answer = console.browser.post(f"/import-sync/runs/{run_id}/functional", data=sent, headers=HTMX).text
    assert in_order(answer) == [str(rows["Clara"].id), str(rows["Dora"].id), "answer", str(rows["Staff"].id)]


@pytest.mark.parametrize("what", ["exempt", "functional"])
def test_the_answer_to_the_selection_stands_beside_its_buttons(console: Console, run_id: int, what: str) -> None:
    path, sent = f"/import-sync/runs/{run_id}/{what}", {"section": "adding"}
    answer = console.browser.post(path, data=sent, headers=HTMX).text
    assert in_order(answer)[-1] == "answer"
    chosen = [row.id for row in console.rows(run_id).values() if row.section == "adding"]
    answer = console.browser.post(path, data=sent | {"chosen": chosen}, headers=HTMX).text
    assert in_order(answer)[-1] == "answer"


def test_a_blocked_mailbox_is_imported_as_functional_account(console: Console, run_id: int) -> None:
    assert "Import as functional account" in console.get(run_id, "?section=not_imported")
    console.post(run_id, "functional", only=console.rows(run_id)["Emil"].id)
    emil = console.rows(run_id)["Emil"]
    assert (emil.section, emil.kind) == ("adding", "functional_account")


def test_what_is_no_person_becomes_no_functional_account(console: Console, run_id: int) -> None:
    path, before = f"/import-sync/runs/{run_id}/functional", console.rows(run_id)
    answer = console.browser.post(path, data={"only": before["Staff"].id}, follow_redirects=True)
    assert "Staff is left as it is. It is no person." in answer.text
    for only in ("", "x"):
        answer = console.browser.post(path, data={"only": only}, follow_redirects=True)
        assert "First select the rows" in answer.text
    assert console.rows(run_id) == before


def test_what_is_ticked_is_applied_once_however_often_it_is_pressed(console: Console, run_id: int) -> None:
    sent = form(console, run_id)
    for _ in range(2):
        console.post(run_id, "accept", **sent)
    assert state(run_id) == "applying"
    assert console.work(run_id).applied == 3
    console.post(run_id, "accept", **sent)
    assert state(run_id) == "done"


def test_ticks_not_saved_yet_are_applied_as_they_are_seen(console: Console, run_id: int) -> None:
    rows = console.rows(run_id)
    console.post(run_id, "accept", **form(console, run_id, ticked=[rows["Clara"].id]))
    console.work(run_id)
    with db.database.connection_context():
        added = {account.display_name for account in Account.select().where(Account.directory_id.is_null(False))}
    assert added == {"Clara"}


def test_nothing_is_applied_that_another_window_ticked_behind_the_page(console: Console, run_id: int) -> None:
    console.post(run_id, "tick-all", section="adding", ticked="no")
    stale = form(console, run_id)
    console.post(run_id, "tick-all", section="adding", ticked="yes")
    page = console.browser.post(f"/import-sync/runs/{run_id}/accept", data=stale, follow_redirects=True).text
    assert "Nothing was applied: please look again." in page
    assert state(run_id) == "review"


def test_nothing_is_applied_when_the_ticks_of_other_pages_moved(console: Console, run_id: int) -> None:
    elsewhere = {"shown": [], "ticked": [], "was": [], "ticked_elsewhere": 3}
    console.post(run_id, "tick-all", section="adding", text="clara", ticked="no")
    console.post(run_id, "accept", **elsewhere)
    assert state(run_id) == "review"
    console.post(run_id, "accept", **elsewhere | {"ticked_elsewhere": 2})
    assert state(run_id) == "applying"


def test_linked_rows_are_named_and_follow_each_other(console: Console, run_id: int) -> None:
    console.post(run_id, "accept", **form(console, run_id))
    console.work(run_id)
    clara, dora = (console.tenant.find(f"{name}@contoso.example") for name in ("clara", "dora"))
    console.tenant.set_primary(clara, "spare@contoso.example")
    console.tenant.remove_alias(clara, "clara@contoso.example")
    console.tenant.set_primary(dora, "clara@contoso.example")
    swap = console.review()
    page = console.get(swap, "?section=updating")
    assert "Together with Clara" in page
    assert "Together with Dora" in page
    was = [row.id for row in console.rows(swap).values() if row.ticked]
    console.post(swap, "ticks", was=was, ticked=[console.rows(swap)["Dora"].id])
    assert ticked(console, swap) == set()


def test_a_superseded_review_points_to_the_newer_one(console: Console, run_id: int) -> None:
    sent = form(console, run_id)
    console.review()
    page = console.browser.post(f"/import-sync/runs/{run_id}/accept", data=sent, follow_redirects=True).text
    assert "A newer sync has replaced this list" in page
    assert "change-tick" not in page
