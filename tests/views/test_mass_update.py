"""Mass Update: ticked rows or all that a filter finds, a preview before anything changes, applied once, on record."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from ppe import db
from ppe.clock import utcnow
from ppe.mass_update import deciding, line
from ppe.models import ADMIN, END_USER, FUNCTIONAL, SILENT_USER, Account, AuditEvent, MassUpdate, Organization
from tests.conftest import OpenDatabase, People, add_account, sign_in
from tests.views.gate import assert_administrators_only


def begin(browser: FlaskClient, query: str, **form: str) -> TestResponse:
    return browser.post(f"/mass-update?{query}", data=form)


def work(app: Flask, answer: TestResponse) -> str:
    """The worker's part; the address of the mass update."""
    assert answer.status_code == 303, answer.text
    address: str = answer.location
    with app.app_context(), db.database.connection_context():
        line.proceed(int(address.rpartition("/")[2]), utcnow)
    return address


def crowd(organization: Organization, count: int) -> None:
    with db.database.connection_context(), db.database.atomic():
        for n in range(count):
            Account.create(organization=organization, type=END_USER, display_name=f"P{n:03}", created_at=utcnow())


def test_mass_update_is_for_administrators_alone(app: Flask, people: People) -> None:
    assert_administrators_only(app, "/mass-update")


def test_the_ticked_are_previewed_and_then_changed(
    app: Flask, signed_in: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    text = signed_in.get("/users").text
    assert f'name="ticked" value="{people.bob.id}" form="ticks"' in text
    query = f"list=users&whom=ticked&ticked={people.bob.id}&ticked={people.ada.id}"
    text = signed_in.get(f"/mass-update?{query}").text
    assert "<strong>2 users ticked</strong>" in text
    assert 'value="organization_admin"' not in text
    answer = begin(signed_in, query, new_role="silent_user", new_digest="on")
    assert "Looking at the accounts" in signed_in.get(answer.location).text
    address = work(app, answer)
    text = signed_in.get(address).text
    for words in ("Nothing has changed yet", "1 account to change", "1 left out", "Apply to 1 account"):
        assert words in text
    assert "<del>End User</del>" in text
    assert "<ins>Silent User</ins>" in text
    assert "changed by hand alone" in signed_in.get(f"{address}?rows=left_out").text
    with open_database():
        assert Account.get_by_id(people.bob.id).type == END_USER
    applied = signed_in.post(f"{address}/apply")
    assert "Changing the accounts" in signed_in.get(applied.location).text
    again = signed_in.post(f"{address}/apply", follow_redirects=True)
    assert "not open any more" not in again.text
    work(app, applied)
    text = signed_in.get(address).text
    assert "1 account was changed." in text
    assert "hx-get" not in text.partition('id="update"')[2]
    with open_database():
        assert Account.get_by_id(people.bob.id).type == SILENT_USER
        assert [event.action for event in AuditEvent.select().order_by(AuditEvent.id.desc()).limit(2)] == [
            "mass update finished", "mass update",
        ]  # fmt: skip
        begun = AuditEvent.get(AuditEvent.action == "mass update")
    assert (begun.actor_address, begun.remote_address) == ("ada@contoso.example", "127.0.0.1")


def test_all_that_a_filter_finds_is_said_with_its_number(app: Flask, signed_in: FlaskClient, people: People) -> None:
    crowd(people.contoso, 70)
    page = signed_in.get("/users?text=p0").text
    assert "Mass Update of the 70 users found…" in page
    page = signed_in.get("/users?role=end_user").text
    assert "Mass Update of the 71 users found…" in page
    assert 'name="role" value="end_user"' in page
    text = signed_in.get("/mass-update?list=users&whom=found&text=p0&state=active").text
    assert "all users that this filter finds: 70<" in text
    assert "name or address begins with “p0”, Active" in text
    address = work(app, begin(signed_in, "list=users&whom=found&text=p0&state=active", new_digest="on"))
    text = signed_in.get(address).text
    assert "70 accounts to change" in text
    assert "P049" in text
    assert "P050" not in text
    (following,) = re.findall(r'rel="next" href="([^"]+)"', text)
    assert "P050" in signed_in.get(following.replace("&amp;", "&")).text


def test_every_part_of_a_filter_is_read_out_and_goes_along(app: Flask, signed_in: FlaskClient, people: People) -> None:
    with db.database.connection_context():
        add_account(people.contoso, FUNCTIONAL, "Info", "info@contoso.example")
    query = "text=i&state=active&source=by_hand&exemption=not_exempt&kind=distribution"
    page = signed_in.get("/functional-accounts?text=i&state=active&source=by_hand&exemption=not_exempt").text
    for part in query.split("&")[:-1]:
        assert 'name="{}" value="{}"'.format(*part.split("=")) in page.partition('id="ticks"')[2]
    query = f"list=functional_accounts&whom=found&{query}"
    words = "begins with “i”, Distribution list, Active, By hand, Not exempt."
    assert words in signed_in.get(f"/mass-update?{query}").text
    text = signed_in.get(work(app, begin(signed_in, query, new_digest="on"))).text
    assert words.rstrip(".") in text
    assert "0 accounts to change" in text


def test_more_than_are_quickly_counted_are_said_so(signed_in: FlaskClient, people: People) -> None:
    crowd(people.contoso, 1_001)
    assert "Mass Update of all users found (more than 1,000)…" in signed_in.get("/users").text
    text = signed_in.get("/mass-update?list=users&whom=found").text
    assert "all users that this filter finds: more than 1,000<" in text
    assert "Nothing is filtered: it is for the whole list." in text


def test_all_on_a_page_are_ticked_by_a_link(signed_in: FlaskClient, people: People) -> None:
    page = signed_in.get("/users?role=end_user&tick=all").text
    assert re.search(rf'value="{people.bob.id}" form="ticks" checked', page)
    assert "Untick all 1 on this page" in page
    assert " checked" not in signed_in.get("/users?role=end_user").text


def test_nobody_ticked_and_nothing_chosen_are_said_so(signed_in: FlaskClient, people: People) -> None:
    assert "Nobody is ticked" in signed_in.get("/mass-update?list=users&whom=ticked").text
    assert begin(signed_in, "list=users&whom=ticked", new_digest="on").status_code == 422
    assert begin(signed_in, "", new_digest="on").status_code == 422
    assert "First choose whom" in signed_in.get("/mass-update").text
    query = f"list=users&whom=ticked&ticked={people.bob.id}"
    answer = begin(signed_in, query)
    assert answer.status_code == 422
    assert "Choose what to change." in answer.text


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"new_digest": "on", "reason": "because"}, "A reason and a last day are for “Exempt”"),
        ({"new_exemption": "exempt", "last_day": "2020-01-01"}, "Choose today or a later day"),
        ({"new_exemption": "exempt", "last_day": "soon"}, "Choose today or a later day"),
        ({"new_exemption": "exempt", "reason": "x" * 501}, "Write at most 500 characters."),
        ({"new_role": "functional_account", "new_welcome": "new"}, "A functional account can&#39;t sign in"),
        ({"new_role": "functional_account", "new_state": "not_active"}, "convert first, and deactivate on"),
        ({"new_role": "organization_admin"}, "Choose what to change."),
    ],
)
def test_what_is_wrong_stands_beside_its_field_and_what_was_chosen_stays(
    signed_in: FlaskClient, people: People, open_database: OpenDatabase, form: dict[str, str], words: str
) -> None:
    query = f"list=users&whom=ticked&ticked={people.bob.id}"
    answer = begin(signed_in, query, **form)
    assert answer.status_code == 422
    assert words in answer.text
    for name, value in form.items():
        if name.startswith("new_") and value != ADMIN:
            assert f'<option value="{value}" selected>' in answer.text, name
    with open_database():
        assert not MassUpdate.select().exists()


def test_functional_accounts_are_offered_what_makes_sense_for_them(
    app: Flask, signed_in: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    with open_database():
        info = add_account(people.contoso, FUNCTIONAL, "Info", "info@contoso.example")
    assert f'name="ticked" value="{info.id}"' in signed_in.get("/functional-accounts").text
    query = f"list=functional_accounts&whom=ticked&ticked={info.id}&ticked={people.bob.id}"
    text = signed_in.get(f"/mass-update?{query}").text
    assert "1 functional account ticked" in text
    assert "new_role" not in text
    assert "new_welcome" not in text
    assert begin(signed_in, query, new_role="end_user", new_welcome="everybody").status_code == 422
    work(app, begin(signed_in, query, new_state="not_active"))


def test_a_filter_by_kind_is_kept_on_the_way_from_the_list(
    app: Flask, signed_in: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    with open_database():
        for name, kind in (("News", "distribution"), ("Vault", "mail_security")):
            made = add_account(people.contoso, FUNCTIONAL, name, f"{name.lower()}@contoso.example")
            Account.update(group_kind=kind).where(Account.id == made.id).execute()
    listed = signed_in.get("/functional-accounts?kind=distribution").text
    assert 'name="kind" value="distribution"' in listed
    query = "list=functional_accounts&whom=found&kind=distribution"
    assert "Distribution list" in signed_in.get(f"/mass-update?{query}").text
    text = signed_in.get(work(app, begin(signed_in, query, new_state="not_active"))).text
    assert "News" in text
    assert "Vault" not in text


def test_the_result_comes_as_a_file_and_that_is_on_record(
    app: Flask, signed_in: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    query = f"list=users&whom=ticked&ticked={people.bob.id}&ticked={people.ada.id}"
    address = work(app, begin(signed_in, query, new_role="silent_user"))
    work(app, signed_in.post(f"{address}/apply"))
    answer = signed_in.get(f"{address}/accounts.csv")
    assert answer.text.splitlines() == [
        "\ufeffName,Address,Outcome,Reason,What",
        "Bob,bob@contoso.example,Changed,,Role: End User → Silent User",
        f'Ada,ada@contoso.example,Left out,"{deciding.ADMINISTRATOR}",',
    ]
    with open_database():
        exported = AuditEvent.get(AuditEvent.action == "mass update exported")
    assert (exported.actor, exported.subject) == ("Ada", "2 accounts ticked")
    assert exported.details["what"] == {"Role": "Silent User"}


def test_it_can_be_cancelled_and_stopped(app: Flask, signed_in: FlaskClient, people: People) -> None:
    query = f"list=users&whom=ticked&ticked={people.bob.id}"
    answer = begin(signed_in, query, new_digest="on")
    assert "Nothing was changed." in signed_in.post(f"{answer.location}/cancel", follow_redirects=True).text
    address = work(app, begin(signed_in, query, new_digest="on"))
    signed_in.post(f"{address}/apply")
    text = signed_in.post(f"{address}/cancel", follow_redirects=True).text
    assert "Stopped" in text
    assert "0 accounts were changed; then it was stopped, and 1 account was not reached." in text
    assert "over already" in signed_in.post(f"{address}/cancel", follow_redirects=True).text


def test_the_fragment_polls_while_something_goes_on(app: Flask, signed_in: FlaskClient, people: People) -> None:
    answer = begin(signed_in, f"list=users&whom=ticked&ticked={people.bob.id}", new_digest="on")
    text = signed_in.get(f"{answer.location}/status").text
    assert 'hx-trigger="every 1s"' in text
    assert 'role="progressbar"' in text
    work(app, answer)
    text = signed_in.get(f"{answer.location}/status").text
    assert "hx-get" not in text
    assert 'id="update-news" hx-swap-oob="true">Nothing has changed yet' in text


def test_the_audit_log_and_the_page_of_a_person_lead_to_it(app: Flask, signed_in: FlaskClient, people: People) -> None:
    address = work(app, begin(signed_in, f"list=users&whom=ticked&ticked={people.bob.id}", new_digest="on"))
    work(app, signed_in.post(f"{address}/apply"))
    text = signed_in.get("/account-management/audit-log").text
    assert text.count(f'href="{address}"') == 2
    assert "Quarantine digest: Received" in text
    text = signed_in.get(f"/users/{people.bob.id}").text
    assert f'href="{address}">Mass Update' in text
    assert "Not received → Received" in text
    assert address in signed_in.get("/mass-update").text
    with db.database.connection_context():
        MassUpdate.delete().execute()
    assert address not in signed_in.get("/account-management/audit-log").text


def test_a_read_only_administrator_looks_and_changes_nothing(
    app: Flask, client: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    ada = sign_in(client, "ada@contoso.example")
    address = work(app, begin(ada, f"list=users&whom=ticked&ticked={people.bob.id}", new_digest="on"))
    with open_database():
        Account.update(read_only=True).where(Account.id == people.ada.id).execute()
    text = ada.get(address).text
    assert "You may look but not change" in text
    assert "/apply" not in text
    assert 'name="ticked"' not in ada.get("/users").text
    for query in ("", "?list=users&whom=found"):
        text = ada.get(f"/mass-update{query}").text
        assert "You may look but not change" in text
        for words in ("Preview</button>", "Tick accounts", "<select"):
            assert words not in text
        assert address in text, "what others did can be looked at"
    assert ada.post(f"{address}/apply").status_code == 403


def test_names_are_shown_and_never_carried_out(
    app: Flask, signed_in: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    with open_database():
        Account.update(display_name="<script>alert(1)</script>").where(Account.id == people.bob.id).execute()
    query = f"list=users&whom=ticked&ticked={people.bob.id}"
    address = work(app, begin(signed_in, query, new_exemption="exempt", reason="<b>why</b>"))
    text = signed_in.get(address).text
    assert "&lt;script&gt;alert(1)" in text
    assert "<script>alert" not in text
    assert "<b>why" not in text


def test_another_organisations_accounts_and_mass_updates_do_not_exist(
    app: Flask, signed_in: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    query = f"list=users&whom=ticked&ticked={people.eve.id}"
    assert "Nobody is ticked" in signed_in.get(f"/mass-update?{query}").text
    assert begin(signed_in, query, new_digest="on").status_code == 422
    address = work(app, begin(signed_in, "list=users&whom=found", new_digest="on"))
    assert "Eve" not in signed_in.get(address).text
    eve = sign_in(app.test_client(), "eve@fabrikam.example")
    for path in ("", "/status", "/accounts.csv"):
        assert eve.get(f"{address}{path}").status_code == 404
    for path in ("/apply", "/cancel"):
        assert eve.post(f"{address}{path}").status_code == 404
