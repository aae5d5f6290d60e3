"""A list that is over a limit asks for one more, typed confirmation, whoever made it; and no other number will do."""

import re

import pytest

from ppe import db
from ppe.models import Account, Connection, SyncRun
from tests.conftest import sign_in
from tests.views.conftest import Console

HTMX = {"HX-Request": "true"}
LIMIT = {"removals": [1, 10]}


@pytest.fixture
def run_id(console: Console) -> int:
    """The review of a sync by hand that would remove two of three people, where one may go."""
    console.connect()
    console.set(limits=LIMIT)
    assert console.scheduled().state == "done"
    for name in ("clara", "dora"):
        console.tenant.delete(console.tenant.find(f"{name}@contoso.example"))
    return console.review()


def form(console: Console, run_id: int, **other: object) -> dict[str, object]:
    """The review's form as its page sends it when nobody touched anything."""
    rows = [row for row in console.rows(run_id).values() if row.section == "deleting"]
    elsewhere = [row for row in console.rows(run_id).values() if row.section == "updating" and row.ticked]
    on = [row.id for row in rows if row.ticked]
    sent = {"section": "deleting", "shown": [row.id for row in rows], "ticked": on, "was": on}
    return sent | {"ticked_elsewhere": len(elsewhere)} | other


def state(run_id: int) -> str:
    with db.database.connection_context():
        return str(SyncRun.get_by_id(run_id).state)


def beside(html: str) -> str:
    found = re.search(r'id="confirmed-error">([^<]*)', html)
    return found[1] if found else ""


def test_the_review_says_what_is_over_and_what_to_type(console: Console, run_id: int) -> None:
    page = console.get(run_id)
    assert "This is over your" in page
    assert "2 removals: more than 1 and more than 10 % of 3 accounts." in page
    assert ">Type 2 to confirm it</label>" in page
    assert 'aria-invalid="true"' not in page


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({}, "Type 2 here to confirm it"),
        ({"confirmed": "  "}, "Type 2 here to confirm it"),
        ({"confirmed": "3"}, "It is 2, not 3."),
        ({"confirmed": "two"}, "It is 2, not two."),
    ],
)
def test_another_number_or_none_changes_nothing_and_is_told_beside_the_field(
    console: Console, run_id: int, typed: dict[str, str], sentence: str
) -> None:
    answer = console.post(run_id, "accept", **form(console, run_id), **typed)
    assert answer.status_code == 422
    assert beside(answer.text).startswith(sentence)
    assert f'value="{typed.get("confirmed", "")}"' in answer.text
    assert 'aria-current="page"' in answer.text
    assert state(run_id) == "review"
    with db.database.connection_context():
        assert Account.select().where(Account.removed_at.is_null(False)).count() == 0
        assert SyncRun.get_by_id(run_id).holds_connection is False


def test_the_right_number_carries_it_out(console: Console, run_id: int) -> None:
    assert console.post(run_id, "accept", **form(console, run_id), confirmed=" 2 ").status_code == 303
    assert console.work(run_id).state == "done"
    with db.database.connection_context():
        assert Account.select().where(Account.removed_at.is_null(False)).count() == 2


def test_what_is_unticked_counts_no_more_and_within_the_limit_nothing_is_asked(console: Console, run_id: int) -> None:
    clara = console.rows(run_id)["Clara"].id
    sent = form(console, run_id, ticked=[clara])
    answer = console.browser.post(f"/import-sync/runs/{run_id}/ticks", data=sent, headers=HTMX)
    assert 'id="commit"' in answer.text
    assert "This is over your" not in answer.text
    answer = console.browser.post(
        f"/import-sync/runs/{run_id}/ticks", data=form(console, run_id, ticked=sent["was"]), headers=HTMX
    )
    assert ">Type 2 to confirm it</label>" in answer.text
    console.post(run_id, "tick-all", section="deleting", text="dora", ticked="no")
    assert console.post(run_id, "accept", **form(console, run_id)).status_code == 303
    assert state(run_id) == "applying"


def test_what_was_typed_survives_a_tick(console: Console, run_id: int) -> None:
    sent = form(console, run_id) | {"confirmed": "2"}
    answer = console.browser.post(f"/import-sync/runs/{run_id}/ticks", data=sent, headers=HTMX)
    assert 'name="confirmed" form="ticks" value="2"' in answer.text


def test_ticks_that_are_saved_only_now_count(console: Console, run_id: int) -> None:
    """Without JavaScript the number was typed for another list than the one that is sent with it."""
    console.post(run_id, "tick-all", section="deleting", text="dora", ticked="no")
    rows = console.rows(run_id)
    both = [rows["Clara"].id, rows["Dora"].id]
    answer = console.post(run_id, "accept", **form(console, run_id, ticked=both), confirmed="1")
    assert answer.status_code == 422
    assert beside(answer.text).startswith("It is 2, not 1.")
    assert state(run_id) == "review"


def test_ticks_that_somebody_else_moved_meanwhile_make_the_number_wrong(console: Console, run_id: int) -> None:
    console.set(limits={"removals": [0, 0]})
    sent = {"section": "deleting", "ticked_elsewhere": 1, "confirmed": "2"}
    console.post(run_id, "tick-all", section="deleting", text="dora", ticked="no")
    console.post(run_id, "tick-all", section="updating", ticked="no")
    answer = console.post(run_id, "accept", **sent)
    assert beside(answer.text).startswith("It is 1, not 2.")
    assert state(run_id) == "review"


def test_who_may_only_look_sees_why_and_no_field(console: Console, run_id: int) -> None:
    with db.database.connection_context():
        Account.update(read_only=True).where(Account.id == console.people.ada.id).execute()
    page = console.get(run_id)
    assert "2 removals: more than 1" in page
    assert 'name="confirmed"' not in page


class TestHeld:
    @pytest.fixture
    def scheduled(self, console: Console) -> SyncRun:
        """A sync on the schedule that holds back the removal of two of three people."""
        console.connect()
        console.set(limits=LIMIT)
        console.scheduled()
        for name in ("clara", "dora"):
            console.tenant.delete(console.tenant.find(f"{name}@contoso.example"))
        done = console.scheduled()
        assert (done.state, len(done.held)) == ("done", 1)
        return done

    def review(self) -> int:
        with db.database.connection_context():
            return int(SyncRun.get(SyncRun.state == "review").id)

    def test_the_list_says_which_sync_held_it_and_why_and_what_accepting_means(
        self, console: Console, scheduled: SyncRun
    ) -> None:
        page = console.get(self.review())
        assert "Held back: nothing of this has changed yet" in page
        assert f'href="/import-sync/runs/{scheduled.id}">' in page
        assert "2 removals: more than 1 and more than 10 % of 3 accounts." in page
        assert "Accepting counts for this list alone and raises no limit." in page

    def test_the_sync_says_what_it_held_and_leads_there(self, console: Console, scheduled: SyncRun) -> None:
        page = console.get(scheduled.id)
        assert "Held back, because it is over your safety limits:" in page
        assert "2 removals: more than 1" in page
        assert f'href="/import-sync/runs/{self.review()}">Review what is held back' in page
        again = console.scheduled()
        assert f'href="/import-sync/runs/{self.review()}">Review what is held back' in console.get(again.id), (
            "the same rows wait in the list that was there"
        )

    def test_it_asks_for_the_number_too_and_raises_no_limit(self, console: Console, scheduled: SyncRun) -> None:
        review = self.review()
        assert console.post(review, "accept", **form(console, review)).status_code == 422
        assert console.post(review, "accept", **form(console, review), confirmed="2").status_code == 303
        assert console.work(review).state == "done"
        assert "had held back" in console.get(review)
        assert "What became of it" in console.get(scheduled.id)
        with db.database.connection_context():
            assert Connection.get(Connection.organization == console.people.contoso).limits == LIMIT

    def test_the_history_marks_both(self, console: Console, scheduled: SyncRun) -> None:
        history = console.browser.get("/import-sync/runs").text
        assert "by the schedule" in history
        assert "held back: 2 removals" in history
        assert "held back by the schedule" in history

    def test_another_organisation_finds_no_such_list(self, console: Console, scheduled: SyncRun) -> None:
        review, sent = self.review(), form(console, self.review()) | {"confirmed": "2"}
        eve = sign_in(console.app.test_client(), "eve@fabrikam.example")
        assert eve.get(f"/import-sync/runs/{review}").status_code == 404
        assert eve.post(f"/import-sync/runs/{review}/accept", data=sent).status_code == 404
        assert state(review) == "review"


def test_people_on_unregistered_domains_are_counted_on_the_page_of_a_scheduled_sync(console: Console) -> None:
    console.connect()
    console.tenant.add_domain("widgets.example")
    for name in ("Wanda", "Willem"):
        console.tenant.hire(name, f"{name.lower()}@widgets.example")
    done = console.scheduled()
    assert done.state == "done"
    page = console.get(done.id)
    assert "Finished" in page
    assert "2 people left out: a domain is not registered here" in page
    assert "Register as relay domain" in page
    assert "Nothing has changed yet" not in page
    again = console.post(done.id, "domains", name="widgets.example", kind="relay").headers["Location"]
    assert console.work(int(again.rpartition("/")[2])).state == "review"
