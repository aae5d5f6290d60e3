"""The page of a run, in each of its states."""

import csv
import re
from io import StringIO

import pytest

from ppe import db
from ppe.clock import utcnow
from ppe.models import Account, Connection, Domain, SyncRun
from ppe.spreadsheet import safe
from ppe.sync import unattended
from tests.conftest import sign_in
from tests.views.conftest import Console

RUNS = "/import-sync/runs"


@pytest.fixture
def run_id(console: Console) -> int:
    """A run of the connected console that waits for its review."""
    console.connect()
    return console.review()


def test_strangers_and_end_users_see_no_run(console: Console, run_id: int) -> None:
    stranger = console.app.test_client()
    bob = sign_in(console.app.test_client(), "bob@contoso.example")
    for path in (RUNS, f"{RUNS}/{run_id}", f"{RUNS}/{run_id}/status", f"{RUNS}/{run_id}.csv"):
        assert "/sign-in" in stranger.get(path).headers["Location"]
        assert bob.get(path).headers["Location"] == "/account"


def test_another_organisation_finds_no_such_run(console: Console, run_id: int) -> None:
    eve = sign_in(console.app.test_client(), "eve@fabrikam.example")
    clara = console.rows(run_id)["Clara"].id
    for path in ("", "/status", ".csv", f"/changes/{clara}/members"):
        assert eve.get(f"{RUNS}/{run_id}{path}").status_code == 404
    for what in ("cancel", "accept", "ticks", "tick-all", "exempt", "functional", "domains"):
        assert eve.post(f"{RUNS}/{run_id}/{what}", data={"only": clara, "ticked": "no"}).status_code == 404
    assert "Clara" not in eve.get(RUNS).text
    assert f"{RUNS}/{run_id}" not in eve.get(RUNS).text
    assert console.rows(run_id)["Clara"].ticked


def test_read_only_administrators_look_and_do_not_change(console: Console, run_id: int) -> None:
    with db.database.connection_context():
        Account.update(read_only=True).where(Account.id == console.people.ada.id).execute()
    page = console.get(run_id)
    assert "Clara" in page
    assert "Sync Active Directory <span" not in page
    assert 'type="checkbox"' not in page
    for what in ("cancel", "accept", "ticks", "tick-all", "exempt", "functional", "domains"):
        assert console.post(run_id, what).status_code == 403


def test_a_working_run_looks_again_by_itself_and_a_review_does_not(console: Console) -> None:
    console.connect()
    run_id = console.begin()
    assert 'hx-trigger="every 1s"' in console.get(run_id, "/status")
    assert "Nothing has changed yet." in console.get(run_id)
    console.work(run_id)
    status = console.get(run_id, "/status")
    assert "every 1s" not in status
    assert "<html" not in status
    assert 'hx-swap-oob="true">Ready for your review' in status


def test_the_review_opens_at_the_first_section_with_something_in_it_unless_another_was_asked_for(
    console: Console,
) -> None:
    console.connect()
    console.scheduled()
    console.tenant.delete(console.tenant.find("clara@contoso.example"))
    run_id = console.begin()
    for asked, opened in (("", "deleting"), ("?section=adding", "adding")):
        page = console.get(run_id, asked)
        found = re.search(r'hx-get="([^"]+)"', page)
        assert found is not None
        again = found[1].replace("&amp;", "&")
        assert ("section=" in again) is bool(asked)
        assert ("section=" in re.findall(r'href="([^"]+)">Look again', page)[0]) is bool(asked)
        console.work(run_id)
        assert re.search(rf'class="tab-{opened}[^"]*" aria-current="page"', console.browser.get(again).text)
        console.post(run_id, "cancel")
        run_id = console.begin()


def test_while_it_fills_nothing_can_be_ticked(console: Console) -> None:
    console.connect()
    run_id = console.begin()
    assert "change-tick" not in console.get(run_id)
    assert "The list is not complete yet." in follow(console, run_id, "tick-all", section="adding", ticked="no")


def test_a_second_start_shows_the_run_at_work(console: Console) -> None:
    console.connect()
    assert console.begin() == console.begin()


def test_without_settings_no_run_starts(console: Console) -> None:
    answer = console.browser.post(RUNS)
    assert answer.headers["Location"] == "/import-sync/azure"
    assert "first." in console.browser.get("/import-sync/azure").text


def test_the_review_says_what_would_change_and_why(console: Console, run_id: int) -> None:
    page = console.get(run_id, "?section=adding").replace("<wbr>", "")
    for words in (
        "Nothing has changed yet",
        "clara@contoso.example",
        "End User",
        "New in the directory.",
        "Members added",
    ):
        assert words in page
    assert "4 to add" in page


def test_nothing_to_change_says_so(console: Console, run_id: int) -> None:
    accept(console, run_id)
    console.work(run_id)
    assert "Everything is in step: nothing to change" in console.get(console.review())


def test_a_change_shows_its_fields_before_and_after(console: Console, run_id: int) -> None:
    accept(console, run_id)
    console.work(run_id)
    console.tenant.rename(console.tenant.find("clara@contoso.example"), "Clara <Oswald>")
    page = console.get(console.review(), "?section=updating")
    assert "<del>Clara</del>" in page
    assert "<ins>Clara &lt;Oswald&gt;</ins>" in page


def test_cancelling_changes_nothing_and_happens_once(console: Console, run_id: int) -> None:
    assert "The sync was cancelled. Nothing was changed." in follow(console, run_id, "cancel")
    assert "too late to cancel" in follow(console, run_id, "cancel")
    assert "This sync was cancelled." in follow(console, run_id, "accept", ticked_elsewhere=4)
    with db.database.connection_context():
        assert Account.select().where(Account.directory_id.is_null(False)).count() == 0


def test_a_dry_run_is_called_so(console: Console) -> None:
    console.connect()
    with console.app.app_context(), db.database.connection_context():
        connection = Connection.get(Connection.organization == console.people.contoso)
        dry = unattended.begin_at_once(connection, "the command line", utcnow(), dry_run=True)
    assert console.work(dry.id).state == "cancelled"
    for page in (console.get(dry.id), console.browser.get(RUNS).text):
        assert "Dry run" in page
        assert "the command line" in page


def test_a_failure_says_what_is_wrong_and_what_to_do(console: Console) -> None:
    console.connect()
    run_id = console.begin()
    console.tenant.expire_secret()
    assert console.work(run_id).state == "failed"
    page = console.get(run_id)
    for words in ("is-failed", "The Client Secret has expired.", "Make a new client secret", "AADSTS7000222"):
        assert words in page


def test_unknown_domains_are_registered_and_the_sync_runs_again(console: Console) -> None:
    console.connect()
    console.tenant.add_domain("widgets.example")
    console.tenant.hire("Wanda", "wanda@widgets.example")
    failed = console.begin()
    assert console.work(failed).state == "failed"
    page = console.get(failed)
    assert "widgets.example" in page
    assert "Register as relay domain" in page
    answer = console.post(failed, "domains", name="widgets.example", kind="management")
    again = int(answer.headers["Location"].rpartition("/")[2])
    assert again != failed
    assert (
        console.post(failed, "domains", name="widgets.example", kind="management")
        .headers["Location"]
        .endswith(f"/{again}")
    )
    assert console.work(again).state == "review"
    with db.database.connection_context():
        assert [domain.kind for domain in Domain.select().where(Domain.name == "widgets.example")] == ["management"]


def test_a_red_box_of_a_former_tenant_registers_nothing(console: Console) -> None:
    console.connect()
    console.tenant.add_domain("widgets.example")
    console.tenant.hire("Wanda", "wanda@widgets.example")
    failed = console.begin()
    console.work(failed)
    console.set(tenant_id="another")
    answer = console.post(failed, "domains", name="widgets.example", kind="relay")
    assert answer.headers["Location"].endswith(f"/{failed}")
    assert "the Microsoft tenant that is connected now. Run one" in console.get(failed)
    with db.database.connection_context():
        assert not Domain.select().where(Domain.name == "widgets.example").exists()


@pytest.mark.parametrize("name", ["evil.example", "fabrikam.example", ""])
def test_only_domains_that_the_run_named_are_registered(console: Console, run_id: int, name: str) -> None:
    assert console.post(run_id, "domains", name=name, kind="relay").status_code == 404


def test_the_result_tells_row_by_row_and_can_be_read_later(console: Console, run_id: int) -> None:
    console.post(run_id, "ticks", was=[console.rows(run_id)["Dora"].id])
    accept(console, run_id)
    console.work(run_id)
    page = console.get(run_id)
    assert "Finished" in page
    assert "Not ticked" in page
    assert "Dora" in console.get(run_id, "?section=adding&outcome=none")
    done = console.get(run_id, "?section=adding&outcome=done")
    assert "Clara" in done
    assert "Dora" not in done
    history = console.browser.get(RUNS).text
    assert f"{RUNS}/{run_id}" in history
    assert "3 done" in history


def test_the_history_says_why_a_sync_failed_and_what_a_waiting_one_would_do(console: Console, run_id: int) -> None:
    assert re.search(r"Ready for your review.*\b4 to add</span>", console.browser.get(RUNS).text, re.DOTALL)
    console.post(run_id, "cancel")
    assert "4 to add" not in console.browser.get(RUNS).text
    begun = console.begin()
    console.tenant.expire_secret()
    console.work(begun)
    assert "The Client Secret has expired." in console.browser.get(RUNS).text


def test_the_history_of_nothing_points_to_the_settings(console: Console) -> None:
    assert "No sync has run yet" in console.browser.get(RUNS).text


def test_the_history_is_paged(console: Console, run_id: int) -> None:
    with db.database.connection_context():
        run = SyncRun.get_by_id(run_id)
        for _ in range(30):
            SyncRun.create(
                organization=run.organization_id, connection=run.connection_id, state="cancelled",
                holds_connection=False, created_at=utcnow(),
            )  # fmt: skip
    assert console.browser.get(RUNS).text.count("run-when") == 25
    assert console.browser.get(f"{RUNS}?page=2").text.count("run-when") == 6
    assert console.browser.get(f"{RUNS}?page=9999").text.count("run-when") == 6


@pytest.mark.parametrize(
    "query", ["?page=0", "?page=x", "?page=99999999999", "?section=nowhere", "?outcome=odd", "?text=%25_!'"]
)
def test_odd_questions_get_a_page(console: Console, run_id: int, query: str) -> None:
    assert console.browser.get(f"{RUNS}/{run_id}{query}").status_code == 200


def test_the_csv_holds_every_row_and_no_formula(console: Console) -> None:
    console.connect()
    console.tenant.hire("=HYPERLINK(1)", "formula@contoso.example")
    run_id = console.review()
    answer = console.browser.get(f"{RUNS}/{run_id}.csv")
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert answer.text.startswith("\ufeffSection,")
    rows = list(csv.reader(StringIO(answer.text)))[1:]
    assert {"Clara", "Dora", "Emil", "Staff", "'=HYPERLINK(1)"} == {row[2] for row in rows}
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for row in rows for cell in row)


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "\tx", "\rx"])
def test_a_cell_is_never_a_formula(text: str) -> None:
    assert safe(text) == f"'{text}"


def accept(console: Console, run_id: int) -> None:
    rows = console.rows(run_id).values()
    ticked = [row.id for row in rows if row.ticked]
    console.post(run_id, "accept", shown=[row.id for row in rows], ticked=ticked, was=ticked, ticked_elsewhere=0)


def follow(console: Console, run_id: int, what: str, **form: object) -> str:
    return console.browser.post(f"{RUNS}/{run_id}/{what}", data=form, follow_redirects=True).text


def test_taking_the_list_home_is_on_record(console: Console, run_id: int) -> None:
    console.browser.get(f"{RUNS}/{run_id}.csv")
    assert "sync list exported" in console.browser.get("/account-management/audit-log").text.casefold()
