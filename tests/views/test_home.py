import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from flask import Flask
from flask.testing import FlaskClient

from ppe.clock import utcnow
from ppe.models import Connection, CsvImport, Domain, Mail, MassUpdate, Organization, SyncChange, SyncRun
from tests.conftest import OpenDatabase, People, sign_in
from tests.views.gate import assert_administrators_only

HELD = {"kind": "removals", "rows": 37, "lately": 0, "base": 60, "number": 5, "percent": 10}
DAY = timedelta(days=1)


def run(people: People, **fields: object) -> SyncRun:
    connection = Connection.get(Connection.organization == people.contoso)
    made: SyncRun = SyncRun.create(
        organization=people.contoso,
        connection=connection,
        holds_connection=False,
        **{"created_at": utcnow()} | fields,
    )
    return made


def connect(people: People, **columns: object) -> None:
    Connection.update(primary_domain="contoso.example", application_id="a", ad_key="k", **columns).where(
        Connection.organization == people.contoso
    ).execute()


def changed(people: People, at: datetime, section: str, count: int, outcome: str | None = "done") -> None:
    applied = run(people, state="done", accepted_at=at, finished_at=at)
    for number in range(count):
        SyncChange.create(
            run=applied, object_id=f"{number}", section=section, kind="user", name="P", outcome=outcome,
            sort_key="p", search_key="p",
        )  # fmt: skip


def words(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_home_is_for_administrators_alone(app: Flask, people: People) -> None:
    assert_administrators_only(app, "/")


def test_home_counts_what_the_organisation_has(signed_in: FlaskClient, people: People) -> None:
    text = signed_in.get("/").text
    assert "1 Organization Admin<" in text
    assert "1 End User<" in text
    assert "<strong>2</strong> Users" in text
    assert "<strong>1</strong> Domain<" in text


def test_home_says_what_to_do_next_while_nothing_is_set_up(signed_in: FlaskClient) -> None:
    text = signed_in.get("/").text
    assert "Next steps" in text
    assert 'href="/import-sync/azure">Set up Import &amp; Sync' in text
    assert "Not set up yet" in text
    assert "No sync has run yet." in text


def test_home_links_to_the_review_that_waits(
    signed_in: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    with open_database():
        waiting = run(people, state="review")
    text = signed_in.get("/").text
    assert "A sync waits for your review" in text
    assert f'href="/import-sync/runs/{waiting.id}">Review the changes' in text


def test_home_links_to_a_csv_import_and_a_mass_update_that_wait(
    signed_in: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    def begin(of: Organization, state: str) -> tuple[CsvImport, MassUpdate]:
        common = {"organization": of, "created_by_name": "Ada", "created_at": utcnow(), "state": state}
        file = CsvImport.create(file_name="new<b>.csv", **common)
        return file, MassUpdate.create(types=["end_user"], choices={"digest": "on"}, to_change=1200, **common)

    with open_database():
        file, update = begin(people.contoso, "review")
        begin(people.contoso, "done")
        begin(people.fabrikam, "review")
    page = signed_in.get("/").text
    assert "A CSV import waits for your review: new&lt;b&gt;.csv" in page
    assert "A mass update of 1,200 accounts waits to be applied" in page
    assert re.findall(r'href="(?:/csv-import|/mass-update)/(\d+)"', page) == [str(file.id), str(update.id)]


def test_another_organisation_hears_nothing_of_the_run(
    client: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    with open_database():
        run(people, state="review")
    text = sign_in(client, "eve@fabrikam.example").get("/").text
    assert "waits for your review" not in text
    assert "No sync has run yet." in text


def test_home_says_how_the_last_sync_ended(signed_in: FlaskClient, people: People, open_database: OpenDatabase) -> None:
    with open_database():
        run(people, state="done", accepted_at=utcnow(), to_apply=1200, applied=1200)
    assert "1,200 of 1,200 changes carried out." in signed_in.get("/").text


def test_home_says_what_is_wrong_with_the_connection(
    signed_in: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    with open_database():
        Connection.update(
            error_sentence="The <secret> has expired.", error_advice="Make a new one.", last_successful_sync=utcnow()
        ).where(Connection.organization == people.contoso).execute()
    text = signed_in.get("/").text
    assert "The &lt;secret&gt; has expired." in text
    assert "Not working" in text
    assert "Next steps" not in text


def test_a_connection_that_works_and_one_never_tried_are_told_apart(
    signed_in: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    of_contoso = Connection.organization == people.contoso
    with open_database():
        Connection.update(primary_domain="contoso.example", application_id="a", ad_key="k").where(of_contoso).execute()
        Domain.delete().where(Domain.organization == people.contoso).execute()
    assert "Not verified" in signed_in.get("/").text
    with open_database():
        Connection.update(last_verified_at=utcnow()).where(of_contoso).execute()
    assert ">Working<" in signed_in.get("/").text


class TestWaiting:
    def test_nothing_waits_in_the_beginning(self, signed_in: FlaskClient) -> None:
        assert "Nothing waits for you." in signed_in.get("/").text

    def test_held_changes_are_named_with_the_way_to_their_review(
        self, signed_in: FlaskClient, people: People, open_database: OpenDatabase
    ) -> None:
        with open_database():
            held = run(people, state="review", held=[HELD], held_digest="d")
            undoing = run(people, state="review", undoes=held)
        text = signed_in.get("/").text
        assert "A sync on the schedule held changes back: 37 removals" in text
        assert "The undo of a sync waits for your review" in text
        for waiting in (held, undoing):
            assert f'href="/import-sync/runs/{waiting.id}">Review the changes' in text
        assert "Nothing waits for you." not in text

    def test_failures_say_since_when_and_why(
        self, signed_in: FlaskClient, people: People, open_database: OpenDatabase
    ) -> None:
        with open_database():
            since = utcnow() - DAY
            connect(people, failing_since=since, failures=4, sync_frequency=1, next_sync_at=utcnow() + DAY)
            Connection.update(error_sentence="The secret has expired.").execute()
        text = words(signed_in.get("/").text)
        assert f"Syncs on the schedule have failed since {since.day} {since:%b %Y, %H:%M}" in text
        assert "(4 in a row)" in text
        assert "The secret has expired." in text
        assert "The next is tried on" in text

    def test_a_secret_that_ends_is_told_in_its_last_thirty_days_alone(
        self, signed_in: FlaskClient, people: People, open_database: OpenDatabase
    ) -> None:
        for left, sentence in (
            (31 * DAY, ""),
            (12 * DAY, "The Client Secret expires in 12 days"),
            (-DAY, "The Client Secret has expired"),
        ):
            with open_database():
                connect(people, secret_expiry=utcnow() + left)
            text = signed_in.get("/").text
            assert sentence in text
            assert ("The Client Secret" in text) is bool(sentence)

    def test_a_missing_tech_contact_is_told_once_there_is_something_to_report(
        self, signed_in: FlaskClient, people: People, open_database: OpenDatabase
    ) -> None:
        assert "There is no tech contact" not in signed_in.get("/").text
        with open_database():
            connect(people)
        assert "There is no tech contact" in signed_in.get("/").text
        with open_database():
            Organization.update(tech_contact=people.ada).where(Organization.id == people.contoso.id).execute()
        assert "There is no tech contact" not in signed_in.get("/").text

    def test_a_frequency_that_went_back_by_itself_says_why(
        self, signed_in: FlaskClient, people: People, open_database: OpenDatabase
    ) -> None:
        with open_database():
            connect(people, frequency_reset_reason="Nobody could be told for 7 days.")
        text = signed_in.get("/").text
        assert "When to Sync went back to Never" in text
        assert "Nobody could be told for 7 days." in text

    def test_mails_that_were_given_up_are_shown_for_a_week_with_the_error(
        self, signed_in: FlaskClient, people: People, open_database: OpenDatabase
    ) -> None:
        with open_database():
            for number, (organization, ago) in enumerate(
                [(people.contoso, DAY), (people.contoso, 8 * DAY), (people.fabrikam, DAY)]
            ):
                Mail.create(
                    organization=organization, kind="sync_held", to=f"to{number}@contoso.example", message_id=number,
                    created_at=utcnow() - ago - 3 * DAY, not_before=utcnow(), given_up_at=utcnow() - ago, attempts=40,
                    error="550 <no> such mailbox",
                )  # fmt: skip
        text = signed_in.get("/").text.replace("<wbr>", "")
        assert "A mail could not be delivered: “a sync held changes back” to to0@contoso.example" in text
        assert "after 40 tries: 550 &lt;no&gt; such mailbox" in text
        assert text.count("A mail could not be delivered") == 1


class TestChart:
    def test_without_changes_there_is_a_sentence_and_no_drawing(self, signed_in: FlaskClient) -> None:
        text = signed_in.get("/").text
        assert "No sync has changed anything in the last 30 days." in text
        assert "chart-plot" not in text

    def test_what_was_carried_out_is_drawn_and_stands_in_a_table(
        self, signed_in: FlaskClient, people: People, open_database: OpenDatabase
    ) -> None:
        with open_database():
            changed(people, utcnow(), "adding", 3)
            changed(people, utcnow(), "deleting", 2)
            changed(people, utcnow(), "deleting", 4, "failed")
            changed(people, utcnow(), "deleting", 4, None)
            changed(people, utcnow() - 40 * DAY, "updating", 4)
        text = signed_in.get("/").text
        assert text.count('<rect class="is-adding"') == 1
        assert text.count('<rect class="is-deleting"') == 1
        assert '<rect class="is-updating"' not in text
        assert re.search(r"<title>\d+ \w+ \d+: 3 added, 2 deleted</title>", text)
        assert "<td>3</td><td>0</td><td>0</td><td>2</td>" in text
        assert 'role="img" aria-labelledby="chart-title chart-desc"' in text
        assert "style=" not in text, "the policy of the page allows none"

    def test_a_day_is_one_of_the_organisations_own_time(
        self, signed_in: FlaskClient, people: People, open_database: OpenDatabase
    ) -> None:
        zone = ZoneInfo("Pacific/Auckland")
        at = (utcnow() - 3 * DAY).replace(hour=23, minute=30)
        with open_database():
            Organization.update(time_zone="Pacific/Auckland").where(Organization.id == people.contoso.id).execute()
            changed(people, at, "adding", 1)
        there = at.astimezone(zone)
        assert there.day != at.day
        assert f'<th scope="row">{there.day} {there:%b %Y}</th>' in signed_in.get("/").text

    def test_another_organisation_sees_none_of_it(
        self, client: FlaskClient, people: People, open_database: OpenDatabase
    ) -> None:
        with open_database():
            changed(people, utcnow(), "adding", 3)
        home = sign_in(client, "eve@fabrikam.example").get("/").text
        assert "No sync has changed anything in the last 30 days." in home
