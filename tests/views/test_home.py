from flask import Flask
from flask.testing import FlaskClient

from ppe.clock import utcnow
from ppe.models import Connection, Domain, SyncRun
from tests.conftest import OpenDatabase, People, sign_in
from tests.views.gate import assert_administrators_only


def run(people: People, **fields: object) -> SyncRun:
    connection = Connection.get(Connection.organization == people.contoso)
    made: SyncRun = SyncRun.create(
        organization=people.contoso, connection=connection, holds_connection=False, created_at=utcnow(), **fields
    )
    return made


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
