import logging
import re
from datetime import timedelta

import pytest

from ppe import db
from ppe.clock import utcnow
from ppe.models import Account, AuditEvent, Connection, SyncRun
from tests.conftest import sign_in
from tests.views.conftest import Console

AZURE = "/import-sync/azure"
WORDS = (
    "Default New User Role", "Primary Domain", "Application (client) ID", "Client Secret", "What to Sync",
    "How to Sync", "When to Sync", "Save &amp; Run Sync Now",
    "Test connection", "Disable login with Microsoft credentials",
    "Send welcome mails to the End Users added", "Directory.Read.All", "Group.Read.All", "User.ReadBasic.All",
    "dynamic distribution lists",
)  # fmt: skip


def stored(console: Console) -> Connection:
    with db.database.connection_context():
        found: Connection = Connection.get(Connection.organization == console.people.contoso)
        return found


def test_strangers_are_sent_to_sign_in(console: Console) -> None:
    stranger = console.app.test_client()
    for answer in (
        stranger.get(AZURE),
        stranger.post(AZURE),
        stranger.post(f"{AZURE}/test"),
        stranger.get(f"{AZURE}/status"),
    ):
        assert answer.status_code == 303
        assert "/sign-in" in answer.headers["Location"]


def test_end_users_see_nothing_of_it(console: Console) -> None:
    bob = sign_in(console.app.test_client(), "bob@contoso.example")
    assert bob.get(AZURE).status_code == 303


def test_read_only_administrators_look_and_do_not_change(console: Console) -> None:
    with db.database.connection_context():
        Account.update(read_only=True).where(Account.id == console.people.ada.id).execute()
    assert console.browser.get(AZURE).status_code == 200
    assert console.save().status_code == 403
    assert stored(console).primary_domain == ""


def test_the_page_says_the_products_words(console: Console) -> None:
    console.connect()
    page = console.browser.get(AZURE).text
    assert [word for word in WORDS if word not in page] == []


def test_the_box_is_grey_then_green_then_red(console: Console) -> None:
    assert "is-grey" in console.browser.get(AZURE).text
    answer = console.save()
    assert (answer.status_code, answer.headers["Location"]) == (303, AZURE)
    page = console.browser.get(AZURE).text
    assert "is-green" in page
    assert "the connection works" in page
    console.tenant.expire_secret()
    console.browser.post(f"{AZURE}/test")
    page = console.browser.get(AZURE).text
    assert "is-red" in page
    assert "The Client Secret has expired." in page
    assert "AADSTS7000222" in page


def test_the_secret_appears_nowhere(console: Console, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    secret = console.server.client_secret
    answers = [console.save(primary_domain="nobody.example"), console.save(), console.browser.get(AZURE)]
    console.tenant.expire_secret()
    answers += [
        console.save(),
        console.browser.post(f"{AZURE}/test", headers={"HX-Request": "true"}),
        console.browser.get(AZURE),
    ]
    assert not any(secret in answer.text or secret in str(answer.headers) for answer in answers)
    assert secret not in caplog.text
    assert not any(secret in request.path + request.query for request in console.server.practice.log)


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("primary_domain", "gcchigh.example", "national cloud"),
        ("primary_domain", "nobody.example", "knows no tenant"),
        ("application_id", "my application", "five groups"),
        ("ad_key", "11111111-2222-3333-4444-555555555555", "Secret ID"),
    ],
)
def test_what_is_refused_is_said_beside_the_field_and_kept(
    console: Console, field: str, value: str, sentence: str
) -> None:
    answer = console.save(**{field: value})
    assert answer.status_code == 422
    beside = re.search(rf'id="{field}-error">([^<]*)', answer.text)
    assert beside is not None
    assert sentence in beside[1]
    assert (f'value="{value}"' in answer.text) is (field != "ad_key")
    assert stored(console).primary_domain == ""


def test_what_was_typed_elsewhere_survives_a_refusal(console: Console) -> None:
    page = console.save(application_id="wrong", update_users="", sync_frequency="6", send_welcome_mails="yes").text
    assert 'value="6" selected' in page
    assert re.search(r'id="send_welcome_mails"[^>]* checked', page)
    assert not re.search(r'id="update_users"[^>]* checked', page)
    assert "paste it again" in page


def test_save_and_run_starts_one_run_and_a_second_click_none(console: Console) -> None:
    first, second = console.save(action="run", send_welcome_mails="yes"), console.save(action="run")
    assert first.headers["Location"] == second.headers["Location"]
    with db.database.connection_context():
        assert [run.send_welcome_mails for run in SyncRun.select()] == [True]


def test_welcome_mails_are_off_unless_ticked_anew(console: Console) -> None:
    console.save(send_welcome_mails="yes")
    assert not re.search(r'id="send_welcome_mails"[^>]* checked', console.browser.get(AZURE).text)


def test_no_run_starts_with_settings_that_do_not_work(console: Console) -> None:
    answer = console.save(action="run", ad_key="wrong~secret")
    assert answer.headers["Location"] == AZURE
    with db.database.connection_context():
        assert SyncRun.select().count() == 0


def test_credentials_stay_while_a_run_is_at_work(console: Console) -> None:
    console.save(action="run")
    answer = console.save(application_id="11111111-2222-3333-4444-555555555555")
    assert answer.status_code == 422
    assert "A sync is at work." in answer.text
    assert "hx-get" in console.browser.get(f"{AZURE}/status").text


def test_the_status_box_is_quiet_when_nothing_goes_on(console: Console) -> None:
    console.save()
    status = console.browser.get(f"{AZURE}/status").text
    assert "is-green" in status
    assert "hx-get" not in status
    assert "<html" not in status


def test_testing_answers_htmx_with_the_box_alone(console: Console) -> None:
    console.save()
    answer = console.browser.post(f"{AZURE}/test", headers={"HX-Request": "true"})
    assert answer.text.count('id="connection-status"') == 1
    assert "<html" not in answer.text


def test_testing_before_anything_is_set_up_changes_nothing(console: Console) -> None:
    assert console.browser.post(f"{AZURE}/test").status_code == 303
    assert "not set up yet" in console.browser.get(AZURE).text


def test_consent_is_asked_of_the_tenant_itself(console: Console) -> None:
    assert "adminconsent" not in console.browser.get(AZURE).text
    console.save()
    page = console.browser.get(AZURE).text
    link = (
        f"{console.server.login_url}/{console.server.tenant_id}/adminconsent?client_id={console.server.application_id}"
    )
    assert f"{link}&amp;redirect_uri=" in page


def test_a_secret_that_expires_soon_is_warned_of(console: Console) -> None:
    console.save()
    with db.database.connection_context():
        soon = utcnow() + timedelta(days=12, hours=1)
        Connection.update(secret_expiry=soon).where(Connection.organization == console.people.contoso).execute()
    assert "expires in 12 days" in console.browser.get(AZURE).text


def test_each_organisation_has_its_own_settings(console: Console) -> None:
    console.save()
    eve = sign_in(console.app.test_client(), "eve@fabrikam.example")
    page = eve.get(AZURE).text
    assert console.server.application_id not in page
    assert "Not set up yet" in page


def test_the_page_promises_nothing_for_later(console: Console) -> None:
    console.save(sync_frequency="6")
    assert "later release" not in console.browser.get(AZURE).text


class TestLimits:
    def test_five_and_ten_percent_count_until_something_else_is_chosen(self, console: Console) -> None:
        page = console.browser.get(AZURE).text
        for kind in ("removals", "disablings", "primaries", "leavings"):
            assert re.search(rf'name="limit_{kind}_number" value="5"', page), kind
            assert re.search(rf'name="limit_{kind}_percent" value="10"', page), kind
        assert re.search(r'<details class="guide limits"[^>]*>', page)
        assert not re.search(r'<details class="guide limits"[^>]* open>', page)
        console.save(limit_removals_number="5", limit_removals_percent="10")
        assert stored(console).limits == {}

    def test_only_what_was_changed_is_stored_and_it_is_on_record(self, console: Console) -> None:
        console.save(limit_removals_number=" 1,000 ", limit_leavings_percent="0")
        assert stored(console).limits == {"removals": [1000, 10], "leavings": [5, 0]}
        page = console.browser.get(AZURE).text
        assert 'name="limit_removals_number" value="1000"' in page
        assert 'name="limit_leavings_percent" value="0"' in page
        with db.database.connection_context():
            (saved,) = AuditEvent.select().where(AuditEvent.action == "directory settings saved")
        assert saved.details["limits"] == {"removals": [1000, 10], "leavings": [5, 0]}
        assert "Ada" in saved.actor

    def test_a_form_that_does_not_mention_them_leaves_them(self, console: Console) -> None:
        console.save(limit_removals_number="7")
        console.save(update_users="")
        assert stored(console).limits == {"removals": [7, 10]}
        console.save(limit_removals_number="5")
        assert stored(console).limits == {}

    def test_what_is_no_limit_is_said_beside_its_field_and_kept(self, console: Console) -> None:
        for field, typed, sentence in (
            ("limit_removals_number", "1000001", "Write a whole number from 0 to 1,000,000."),
            ("limit_disablings_number", "-1", "Write a whole number from 0 to 1,000,000."),
            ("limit_primaries_number", "", "Write a whole number from 0 to 1,000,000."),
            ("limit_leavings_percent", "101", "Write a whole number from 0 to 100."),
            ("limit_removals_percent", "10%", "Write a whole number from 0 to 100."),
            ("limit_disablings_percent", "2.5", "Write a whole number from 0 to 100."),
        ):
            answer = console.browser.post(AZURE, data=console.typed() | {field: typed})
            assert answer.status_code == 422
            assert re.search(rf'id="{field}-error">{re.escape(sentence)}', answer.text), field
            assert f'name="{field}" value="{typed}"' in answer.text
            assert re.search(r'<details class="guide limits"[^>]* open>', answer.text), "what is wrong must be seen"
        assert stored(console).primary_domain == ""
