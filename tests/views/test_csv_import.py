"""CSV Import: nothing is written before it was looked at, and nobody sees another organisation's file."""

import re
from io import BytesIO

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from ppe import db
from ppe.clock import utcnow
from ppe.csv_import import line, review, upload
from ppe.models import Account, CsvImport, CsvRow
from tests.conftest import OpenDatabase, People, sign_in
from tests.views.gate import assert_administrators_only

GOOD = "Gina,Good,gina@contoso.example\nHugo,Huge,hugo@contoso.example\n"
HTMX = {"HX-Request": "true"}
BAD = "No,Where,x@nowhere.example\n"


def send(browser: FlaskClient, text: str | bytes = GOOD, name: str = "people.csv", **other: str) -> TestResponse:
    content = text.encode() if isinstance(text, str) else text
    if len(content) > 500_000:  # of which the test client would make a file that it never closes
        head = f'--x\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode()
        role = b'\r\n--x\r\nContent-Disposition: form-data; name="default_role"\r\n\r\nend_user\r\n--x--\r\n'
        return browser.post("/csv-import", data=head + content + role, content_type="multipart/form-data; boundary=x")
    form = {"default_role": "end_user", "file": (BytesIO(content), name), **other}
    return browser.post("/csv-import", data=form)


def work(app: Flask, answer: TestResponse) -> int:
    """The worker's part; the import's number."""
    assert answer.status_code == 303, answer.text
    import_id = int(answer.location.rpartition("/")[2])
    with app.app_context(), db.database.connection_context():
        line.proceed(import_id, "", utcnow)
    return import_id


def ticks(text: str) -> dict[str, list[str]]:
    """What the form of a review would send."""
    hidden = {name: re.findall(rf'name="{name}" value="(\d+)"', text) for name in ("shown", "ticked_elsewhere")}
    return hidden | {"ticked": re.findall(r'name="ticked" value="(\d+)"[^>]* checked', text)}


def test_csv_import_is_for_administrators_alone(app: Flask, people: People) -> None:
    assert_administrators_only(app, "/csv-import")


def test_the_page_of_whoever_was_imported_says_from_where(
    app: Flask, signed_in: FlaskClient, open_database: OpenDatabase
) -> None:
    import_id = work(app, send(signed_in, GOOD, "<new>.csv"))
    review_page = signed_in.get(f"/csv-import/{import_id}").text
    work(app, signed_in.post(f"/csv-import/{import_id}/accept", data=ticks(review_page)))
    with open_database():
        hugo = Account.get(Account.display_name == "Hugo Huge")
    history = signed_in.get(f"/users/{hugo.id}").text.partition('id="history"')[2]
    assert f'added, from line 2 of <a href="/csv-import/{import_id}">&lt;new&gt;.csv</a>' in history
    assert "by Ada" in history
    assert "Nothing is on record yet" not in history


def test_a_file_is_reviewed_and_then_imported(app: Flask, signed_in: FlaskClient, open_database: OpenDatabase) -> None:
    answer = send(signed_in, GOOD + BAD)
    assert "Reading the file" in signed_in.get(answer.location).text
    import_id = work(app, answer)
    text = signed_in.get(f"/csv-import/{import_id}").text
    for words in ("Nothing has changed yet", "Gina Good", "Import 2 people", "which is not registered here"):
        assert words in text
    assert "nowhere.example: 1 address<" in text
    assert 'href="/domains"' in text
    accepted = signed_in.post(f"/csv-import/{import_id}/accept", data=ticks(text))
    assert "Importing" in signed_in.get(accepted.location).text
    again = signed_in.post(f"/csv-import/{import_id}/accept", data=ticks(text))
    work(app, again)
    late = signed_in.post(f"/csv-import/{import_id}/accept", data=ticks(text), follow_redirects=True)
    assert "This list is not open any more." in late.text
    text = signed_in.get(f"/csv-import/{import_id}").text
    assert "2 people were added" in text
    assert "hx-get" not in text.partition('id="import"')[2]
    with open_database():
        assert Account.select().where(Account.last_name << ["Good", "Huge"]).count() == 2


def test_an_unticked_line_stays_out(app: Flask, signed_in: FlaskClient, open_database: OpenDatabase) -> None:
    import_id = work(app, send(signed_in))
    form = ticks(signed_in.get(f"/csv-import/{import_id}").text) | {"ticked": ["2"]}
    text = signed_in.post(f"/csv-import/{import_id}/ticks", data=form, follow_redirects=True).text
    assert "Import 1 person<" in text
    assert "1 not ticked" in text
    work(app, signed_in.post(f"/csv-import/{import_id}/accept", data=ticks(text)))
    with open_database():
        assert [row.standing for row in CsvRow.select().order_by(CsvRow.number)] == ["good", "imported"]
    assert "Not ticked" in signed_in.get(f"/csv-import/{import_id}?lines=good").text


def test_htmx_saves_each_tick_by_itself_and_counts_again(
    app: Flask, signed_in: FlaskClient, open_database: OpenDatabase
) -> None:
    import_id = work(app, send(signed_in))
    text = signed_in.get(f"/csv-import/{import_id}").text
    for shown, ticked, said in (
        ("1", [], "Import 1 person<"),
        ("2", ["1"], "Import 0 people"),
        ("2", ["1", "2"], "Import 1 "),
    ):
        form = ticks(text) | {"shown": [shown], "ticked": ticked}
        answer = signed_in.post(f"/csv-import/{import_id}/ticks", data=form, headers=HTMX)
        assert said in answer.text
    assert '<span id="outcome-1" hx-swap-oob="true">Not ticked</span>' in answer.text
    assert '<span id="outcome-2" hx-swap-oob="true">Is added</span>' in answer.text
    with open_database():
        assert [row.ticked for row in CsvRow.select().order_by(CsvRow.number)] == [False, True]


def test_the_answer_to_a_tick_is_for_the_page_of_lines_that_it_came_from(
    app: Flask, signed_in: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(review, "ROWS_PER_PAGE", 1)
    import_id = work(app, send(signed_in))
    sent = {"lines": "good", "after": "1", "shown": "2"}
    answer = signed_in.post(f"/csv-import/{import_id}/ticks", data=sent, headers=HTMX).text
    assert ticks(answer) == {"shown": ["2"], "ticked_elsewhere": ["1"], "ticked": []}
    assert 'name="after" value="1"' in answer
    assert 'name="lines" value="good"' in answer


def test_a_tick_that_comes_too_late_is_refused(app: Flask, signed_in: FlaskClient) -> None:
    import_id = work(app, send(signed_in))
    signed_in.post(f"/csv-import/{import_id}/cancel")
    answer = signed_in.post(f"/csv-import/{import_id}/ticks", data={"shown": "1"}, headers=HTMX)
    assert (answer.status_code, answer.headers["HX-Retarget"]) == (422, "#messages")
    assert "This list is not open any more." in answer.text
    plain = signed_in.post(f"/csv-import/{import_id}/ticks", data={"shown": "1"}, follow_redirects=True)
    assert "This list is not open any more." in plain.text


def test_a_file_of_bad_lines_alone_leads_to_another_file(app: Flask, signed_in: FlaskClient) -> None:
    held_up = "the others are not held up by that"
    text = signed_in.get(f"/csv-import/{work(app, send(signed_in, BAD))}").text
    assert "1 line is bad." in text
    assert "x@<wbr>nowhere.<wbr>example is on nowhere.<wbr>example, which" in text
    assert held_up not in text
    assert 'href="/csv-import">Upload another file</a>' in text
    text = signed_in.get(f"/csv-import/{work(app, send(signed_in, GOOD + BAD))}").text
    assert held_up in text
    assert "Upload another file" not in text


def test_a_page_that_was_open_while_ticks_changed_imports_nothing(app: Flask, signed_in: FlaskClient) -> None:
    import_id = work(app, send(signed_in))
    old = ticks(signed_in.get(f"/csv-import/{import_id}").text) | {"ticked_elsewhere": ["1"]}
    answer = signed_in.post(f"/csv-import/{import_id}/accept", data=old, follow_redirects=True)
    assert "changed after you opened this page" in answer.text
    assert "Import 2 people" in answer.text


def test_lines_are_paged_by_number_and_filtered(
    app: Flask, signed_in: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(review, "ROWS_PER_PAGE", 2)
    text = "".join(f"P{n},Q,p{n}@{'contoso' if n % 2 else 'nowhere'}.example\n" for n in range(1, 8))
    import_id = work(app, send(signed_in, text))
    first = signed_in.get(f"/csv-import/{import_id}").text
    assert "Lines 1 to 2" in first
    assert f'href="/csv-import/{import_id}?after=2"' in first
    second = signed_in.get(f"/csv-import/{import_id}?after=2").text
    assert "Lines 3 to 4" in second
    assert "Lines 1 to 2" in signed_in.get(f"/csv-import/{import_id}?before=3").text
    bad = signed_in.get(f"/csv-import/{import_id}?lines=bad&after=2").text
    assert "Lines 4 to 6" in bad
    assert 'name="ticked"' not in bad


def test_the_bad_lines_come_as_a_file_with_number_and_reason(app: Flask, signed_in: FlaskClient) -> None:
    import_id = work(app, send(signed_in, GOOD + "=cmd(),Where,x@nowhere.example\n"))
    answer = signed_in.get(f"/csv-import/{import_id}/bad-lines.csv")
    reason = "The primary address x@nowhere.example is on nowhere.example, which is not registered here."
    assert answer.text.splitlines() == ["\ufeffLine,Reason", f'3,"{reason}",\'=cmd(),Where,x@nowhere.example']
    assert "CSV bad lines exported" in signed_in.get("/account-management/audit-log").text


def test_what_is_wrong_with_a_file_stands_beside_it_and_what_was_chosen_stays(signed_in: FlaskClient) -> None:
    for content, words in ((b"", "The file is empty."), (b"PK\x03\x04", "not a CSV file"), (b"\xff\xfea", "encoding")):
        answer = send(signed_in, content, default_role="silent_user", send_welcome_mails="yes")
        assert answer.status_code == 422
        assert words in answer.text
        assert '<option value="silent_user" selected>' in answer.text
        assert re.search(r'name="send_welcome_mails"[^>]* checked', answer.text)
    assert "Choose a file." in signed_in.post("/csv-import", data={"default_role": "end_user"}).text
    assert "Choose what the people" in send(signed_in, default_role="organization_admin").text


def test_a_file_may_be_larger_than_any_other_request_for_an_administrator_alone(
    app: Flask, signed_in: FlaskClient, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = "Gina,Good,gina@contoso.example\n" * 170_000
    assert len(large) > app.config["MAX_CONTENT_LENGTH"]
    assert send(signed_in, large).status_code == 303
    assert signed_in.post("/domains", data={"name": large}).status_code == 413
    bob = sign_in(app.test_client(), "bob@contoso.example")
    for browser in (bob, app.test_client()):
        assert send(browser, large).status_code == 413
    with db.database.connection_context():
        Account.update(read_only=True).where(Account.id == people.ada.id).execute()
    assert send(signed_in, large).status_code == 413
    with db.database.connection_context():
        Account.update(read_only=False).where(Account.id == people.ada.id).execute()
    monkeypatch.setattr(upload, "LARGEST_FILE", 2 * 1024 * 1024)
    answer = send(signed_in, large)
    assert answer.status_code == 413
    assert "Send at most 2 MB at once." in answer.text


def test_names_are_shown_and_never_carried_out(app: Flask, signed_in: FlaskClient) -> None:
    import_id = work(app, send(signed_in, "<script>alert(1)</script>,B,x@contoso.example\n", "<b>.csv"))
    text = signed_in.get(f"/csv-import/{import_id}").text
    assert "&lt;script&gt;alert(1)" in text
    assert "<script>alert" not in text
    assert "<b>" not in text


def test_a_lost_task_is_rung_for_by_whoever_looks(app: Flask, signed_in: FlaskClient) -> None:
    address = send(signed_in).location
    assert 'hx-trigger="every 1s"' in signed_in.get(f"{address}/status").text


def test_another_organisations_import_does_not_exist(
    app: Flask, signed_in: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    with open_database():
        theirs = CsvImport.create(
            organization=people.fabrikam, created_by_name="Eve", file_name="fabrikam.csv", state="review",
            lines=1, ticked=1, created_at=utcnow(),
        )  # fmt: skip
    assert signed_in.get(f"/csv-import/{theirs.id}").status_code == 404
    assert signed_in.post(f"/csv-import/{theirs.id}/accept").status_code == 404
    assert "fabrikam" not in signed_in.get("/csv-import").text
