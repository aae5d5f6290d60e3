"""Undo on the pages: a button on what is done, a page that says what it comes to, and an ordinary review."""

import re

import pytest

from ppe import db
from ppe.clock import utcnow
from ppe.models import Account, Exemption, SyncChange, SyncRun
from ppe.sync import review
from tests.conftest import sign_in
from tests.views.conftest import Console

WHOLE = "/import-sync/runs/{}/undo"


def applied(console: Console, run_id: int) -> int:
    """Accept a list as it is, and let the worker carry it out."""
    with console.app.app_context(), db.database.connection_context():
        review.accept(SyncRun.get_by_id(run_id), "Ada", utcnow())
    assert console.work(run_id).state == "done"
    return run_id


@pytest.fixture
def done(console: Console) -> int:
    """A sync that added three people and a group."""
    console.connect()
    return applied(console, console.review())


def begin(console: Console, run_id: int, **form: object) -> int:
    """Press the button of the page that says what it comes to, and let the worker make the list."""
    answer = console.post(run_id, "undo", **form)
    assert answer.status_code == 303, answer.text
    undo_id = int(answer.headers["Location"].rpartition("/")[2])
    console.work(undo_id)
    return undo_id


def row(console: Console, run_id: int, name: str) -> int:
    return int(console.rows(run_id)[name].id)


def test_a_finished_run_is_undone_from_its_page_to_its_result(console: Console, done: int) -> None:
    page = console.get(done)
    assert f'href="{WHOLE.format(done)}"' in page
    told = console.browser.get(WHOLE.format(done)).text
    assert "4 accounts that it added: removed, and kept for 30 days." in told
    assert f"“run {done} undone”" in told

    undo_id = begin(console, done)
    listed = console.get(undo_id)
    assert "Nothing is undone yet" in listed
    assert f'href="/import-sync/runs/{done}"' in listed
    assert "Undo of the sync of" in listed
    assert "4 to remove" in listed
    assert "Exempt From Sync" not in listed
    assert f"Run {undo_id}" in console.get(done), "which waits for a review"

    accepted = console.browser.post(
        f"/import-sync/runs/{undo_id}/accept", data={"ticked_elsewhere": 4, "confirmed": ""}, follow_redirects=True
    )
    assert accepted.status_code == 200
    console.work(undo_id)
    result = console.get(undo_id)
    assert "This took back what" in result
    assert f">run {done}</a>" in result
    page = console.get(done, "?section=adding")
    assert f">run {undo_id}</a></strong> (4 of 4 rows)" in page
    assert page.count("<strong>Undone</strong>") == 4
    assert "Undo this run" not in page
    assert "Undo Selected" not in page
    assert f"undoes run {done}" in console.browser.get("/import-sync/runs").text
    with db.database.connection_context():
        assert Account.select().where(Account.removed_at.is_null(False)).count() == 4
    assert f"run {done} undone" in console.browser.get("/exemptions").text


def test_one_row_or_those_selected(console: Console, done: int) -> None:
    clara, dora = row(console, done, "Clara"), row(console, done, "Dora")
    page = console.get(done, "?section=adding")
    assert f'id="undo-{clara}"' in page
    assert f'id="chosen-{dora}"' in page
    told = console.browser.get(WHOLE.format(done) + f"?which=rows&only={clara}&chosen={dora}").text
    assert "1 row of run" in told
    assert "Dora" not in told
    told = console.browser.get(WHOLE.format(done) + f"?which=rows&chosen={clara}&chosen={dora}").text
    assert "Clara, Dora." in told
    assert re.findall(r'name="chosen" value="(\d+)"', told) == [str(clara), str(dora)]
    undo_id = begin(console, done, which="rows", chosen=[clara, dora])
    assert set(console.rows(undo_id)) == {"Clara", "Dora"}
    applied(console, undo_id)
    page = console.get(done, "?section=adding")
    assert "(2 of 4 rows)" in page
    assert f'id="undo-{clara}"' not in page
    assert "2 rows undone already." in console.browser.get(WHOLE.format(done)).text


def test_to_select_nothing_is_not_to_undo_everything(console: Console, done: int) -> None:
    for ask in (console.browser.get, console.browser.post):
        answer = ask(WHOLE.format(done), query_string={"which": "rows"}, data={"which": "rows"}, follow_redirects=True)
        assert "First select the rows to undo." in answer.text
    with db.database.connection_context():
        assert SyncRun.select().count() == 1


def test_rows_of_another_run_are_nothing(console: Console, done: int) -> None:
    console.tenant.hire("Gerd", "gerd@contoso.example")
    later = applied(console, console.review())
    answer = console.post(done, "undo", which="rows", chosen=row(console, later, "Gerd"))
    assert answer.headers["Location"].endswith(f"/runs/{done}")
    with db.database.connection_context():
        assert not SyncRun.select().where(SyncRun.undoes.is_null(False)).exists()


def test_what_cannot_be_undone_is_told_before_and_listed_after(console: Console, done: int) -> None:
    with db.database.connection_context():
        Account.update(version=2).where(Account.display_name == "Clara").execute()
        Account.delete().where(Account.display_name == "Dora").execute()
    told = console.browser.get(WHOLE.format(done)).text
    assert "1 account that has changed since." in told
    assert "1 account that is gone for good." in told
    assert "2 accounts that it added" in told
    undo_id = begin(console, done)
    page = console.get(undo_id, "?section=not_imported")
    assert "be undone" in page
    assert "The account has changed since, so it stays as it is." in page
    assert "Not imported" not in page


def test_where_nothing_can_be_undone_there_is_no_button(console: Console, done: int) -> None:
    with db.database.connection_context():
        Account.update(version=7).execute()
    told = console.browser.get(WHOLE.format(done)).text
    assert "Nothing of this can be undone any more." in told
    assert "Review the Undo" not in told


def test_a_list_without_anything_to_undo_says_so(console: Console, done: int) -> None:
    with db.database.connection_context():
        Account.update(version=7).execute()
    assert "Nothing of this can be undone" in console.get(begin(console, done))


def test_the_second_click_leads_to_the_same_list(console: Console, done: int) -> None:
    assert begin(console, done) == begin(console, done)


def test_an_undo_at_work_says_how_far_it_is(console: Console, done: int) -> None:
    undo_id = int(console.post(done, "undo").headers["Location"].rpartition("/")[2])
    page = console.get(undo_id)
    assert "Looking at what can be undone" in page
    assert "0 of 4 changes looked at" in page
    console.post(undo_id, "cancel")
    page = console.get(undo_id)
    assert "Nothing was undone." in page
    assert "Run the sync again" not in page


def test_what_is_not_finished_leads_back_with_the_reason(console: Console, done: int) -> None:
    waiting = console.review()
    page = console.get(waiting)
    assert "Undo this run" not in page
    answer = console.browser.get(WHOLE.format(waiting), follow_redirects=True)
    assert "has not ended yet" in answer.text
    console.post(waiting, "cancel")
    assert "there is nothing to undo" in console.browser.get(WHOLE.format(waiting), follow_redirects=True).text


def test_another_choice_replaces_the_list_and_the_old_one_says_so(console: Console, done: int) -> None:
    first = begin(console, done)
    begin(console, done, which="rows", chosen=row(console, done, "Clara"))
    assert "Another choice of what to undo has replaced this list" in console.get(first)


def test_read_only_administrators_see_no_button(console: Console, done: int) -> None:
    undo_id = begin(console, done)
    with db.database.connection_context():
        Account.update(read_only=True).where(Account.id == console.people.ada.id).execute()
    for page in (console.get(done, "?section=adding"), console.browser.get(WHOLE.format(done)).text):
        assert "Undo this run" not in page
        assert "Undo Selected" not in page
        assert "Review the Undo" not in page
    assert 'id="accept"' not in console.get(undo_id)
    assert console.post(done, "undo").status_code == 403


def test_other_organisations_have_no_such_run(console: Console, done: int) -> None:
    eve = sign_in(console.app.test_client(), "eve@fabrikam.example")
    assert eve.get(WHOLE.format(done)).status_code == 404
    assert eve.post(WHOLE.format(done)).status_code == 404
    with db.database.connection_context():
        assert SyncRun.select().count() == 1
        assert Exemption.select().count() == 0
        assert SyncChange.select().where(SyncChange.undoes.is_null(False)).count() == 0
