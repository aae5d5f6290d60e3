"""What an unattended run does on good days and bad ones, from its first request to its last mail."""

from datetime import timedelta

import pytest
from flask import current_app

from ppe.models import Account, Mail, SyncRun
from ppe.sync import connection, run
from tests.databases import on_both_databases
from tests.sync.desk import Desk
from tests.sync.night import MINUTE, Night

pytestmark = on_both_databases

HOUR = timedelta(hours=1)


class TestDomains:
    def test_people_on_an_unregistered_domain_are_left_out_and_counted_and_the_rest_goes_through(
        self, desk: Desk
    ) -> None:
        desk.tenant.add_domain("wingtip.example")
        desk.tenant.hire("Wim", "wim@wingtip.example")
        desk.tenant.hire("Wendy", "wendy@wingtip.example")
        desk.tenant.hire("Bo", "bo@contoso.example")
        night = Night(desk)
        done = night.done()
        assert done.unknown_domains == [{"name": "wingtip.example", "people": 2}]
        assert set(desk.people()) == {"Ada Admin", "Bo"}
        assert {row.section for row in desk.rows(done).values() if row.name.startswith("W")} == {"not_imported"}
        desk.register("wingtip.example")
        assert night.done().unknown_domains == []
        assert set(desk.people()) == {"Ada Admin", "Bo", "Wim", "Wendy"}

    def test_who_moves_to_an_unregistered_domain_keeps_the_addresses_and_is_listed(self, desk: Desk) -> None:
        desk.tenant.add_domain("wingtip.example")
        bo = desk.tenant.hire("Bo", "bo@contoso.example", aliases=["b@contoso.example"])
        night = Night(desk)
        night.done()
        desk.tenant.set_addresses(bo, "bo@wingtip.example", ["bo@contoso.example"])
        desk.tenant.rename(bo, "Bo Beam")
        for _ in range(2):
            done = night.done()
            assert done.unknown_domains == [{"name": "wingtip.example", "people": 1}]
            assert desk.people()["Bo Beam"] == ("bo@contoso.example", {"b@contoso.example"})
            assert "Bo Beam" in desk.rows(done)


class TestOnlyByAPerson:
    def test_an_administrator_is_never_linked(self, desk: Desk) -> None:
        desk.tenant.hire("Somebody Else", "ada.admin@contoso.example")
        night = Night(desk)
        for _ in range(3):
            row = desk.rows(night.done())["Somebody Else"]
            assert (row.section, row.ticked, row.outcome) == ("updating", False, None)
            assert Account.get_by_id(desk.admin.id).directory_id is None
        assert night.mails() == [], "it is reported with the run, and holds nothing back"

    def test_an_administrator_whose_object_is_recreated_is_not_relinked(self, desk: Desk) -> None:
        desk.local("Root", "root@contoso.example", type="organization_admin")
        ada = desk.tenant.hire("Ada", "ada.admin@contoso.example")
        desk.sync_by_hand("Ada")
        desk.tenant.delete(ada)
        desk.tenant.purge(ada)
        desk.tenant.hire("Mallory", "ada.admin@contoso.example")
        Night(desk).done()
        assert Account.get_by_id(desk.admin.id).directory_id == ada

    def test_a_converted_account_is_never_removed(self, desk: Desk) -> None:
        bo = desk.tenant.hire("Bo", "bo@contoso.example")
        night = Night(desk)
        night.done()
        Account.update(type="functional_account", converted_at=night.now, version=Account.version + 1).where(
            Account.directory_id == bo
        ).execute()
        desk.tenant.delete(bo)
        for _ in range(2):
            row = desk.rows(night.done())["Bo"]
            assert (row.section, row.ticked, row.outcome) == ("deleting", False, None)
        assert "Bo" in desk.people()

    def test_a_blocked_shared_mailbox_is_not_imported(self, desk: Desk) -> None:
        desk.tenant.hire("Support", "support@contoso.example", enabled=False)
        row = desk.rows(Night(desk).done())["Support"]
        assert (row.section, row.offer) == ("not_imported", "functional")


class TestFailures:
    def test_a_failing_connection_is_asked_less_and_less_and_recovers_by_itself(self, desk: Desk) -> None:
        night = Night(desk)
        night.done()
        desk.server.weather.down()
        first, waits = night.slot, []
        for failures in range(1, 8):
            assert night.sync().state == "failed"
            stored = desk.connection
            assert (stored.failures, stored.failing_since, stored.error_code) == (failures, first, stored.error_code)
            assert stored.error_sentence
            waits.append((night.slot - night.now) / HOUR)
        assert waits == [1, 2, 4, 8, 16, 24, 24]
        assert night.mails() == ["sync_failed"], "once, not with every failure"
        desk.server.weather.calm()
        desk.tenant.hire("Bo", "bo@contoso.example")
        night.done()
        stored = desk.connection
        assert (stored.failures, stored.failing_since) == (0, None)
        assert (stored.error_sentence, stored.error_code) == (None, None)
        assert night.slot - night.now == HOUR
        assert stored.last_scheduled_success_at == stored.last_successful_sync == night.now
        assert night.mails() == ["sync_failed", "sync_recovered"]
        assert Mail.get(Mail.kind == "sync_recovered").details["since"] == first.isoformat()
        night.done()
        assert len(night.mails()) == 2

    def test_the_second_time_it_fails_is_told_again(self, desk: Desk) -> None:
        night = Night(desk)
        for _ in range(2):
            desk.server.weather.down()
            night.sync()
            desk.server.weather.calm()
            night.done()
        assert night.mails() == ["sync_failed", "sync_recovered"] * 2

    def test_a_refused_secret_is_told_as_such_also_when_it_comes_after_another_failure(self, desk: Desk) -> None:
        night = Night(desk)
        night.done()
        desk.server.weather.down()
        night.sync()
        desk.server.weather.calm()
        desk.tenant.expire_secret()
        for _ in range(3):
            failed = night.sync()
            assert (failed.state, failed.error_code) == ("failed", "AADSTS7000222")
        assert night.mails() == ["sync_failed", "secret_refused"]

    def test_a_manual_failure_is_shown_and_not_mailed(self, desk: Desk) -> None:
        Night(desk)
        desk.server.weather.down()
        assert desk.plan().state == "failed"
        assert desk.connection.error_sentence
        assert (desk.connection.failing_since, desk.connection.failures) == (None, 0)
        assert Mail.select().count() == 0


class TestThrottling:
    def test_a_long_wait_postpones_the_run_and_is_counted(self, desk: Desk) -> None:
        desk.tenant.hire("Bo", "bo@contoso.example")
        night = Night(desk)
        desk.server.weather.throttle(1, "1200")
        waiting = night.sync()
        assert (waiting.claim, waiting.throttles, waiting.not_before) == (None, 1, night.now + timedelta(minutes=20))
        night.minute(timedelta(minutes=19))
        assert SyncRun.get_by_id(waiting.id).state in ("queued", "pulling")
        assert Account.select().count() == 1
        night.minute()
        ended = SyncRun.get_by_id(waiting.id)
        assert (ended.state, ended.throttles) == ("done", 1)
        assert "Bo" in desk.people()
        assert night.mails() == []

    def test_six_hours_of_it_end_the_run_as_a_failure_that_changes_nothing(self, desk: Desk) -> None:
        objects = [desk.tenant.hire(f"P{number}", f"p{number}@contoso.example") for number in range(3)]
        night = Night(desk, 24)
        night.done()
        before = desk.people()
        desk.tenant.delete(objects[0])
        desk.tenant.block(objects[1])
        desk.server.weather.throttle(10**6, "3000")
        waiting = night.sync()
        began = night.now
        while not SyncRun.get_by_id(waiting.id).is_over:
            night.minute(timedelta(minutes=50))
        ended = SyncRun.get_by_id(waiting.id)
        assert ended.state == "failed"
        assert night.now - began <= 6 * HOUR
        assert ended.throttles >= 6
        assert "6 hours" in str(ended.error_sentence)
        assert desk.people() == before
        assert Account.get(Account.directory_id == objects[1]).active
        assert night.mails() == ["sync_failed"]
        desk.server.weather.calm()
        night.done()
        assert "P0" not in desk.people()
        assert night.mails() == ["sync_failed", "sync_recovered"]


class TestLinksAndTokens:
    def test_expired_delta_links_lead_to_a_full_listing(self, desk: Desk) -> None:
        objects = [desk.tenant.hire(f"P{number}", f"p{number}@contoso.example") for number in range(9)]
        night = Night(desk)
        night.done()
        desk.tenant.delete(objects[0])
        desk.tenant.purge(objects[0])
        desk.tenant.expire_delta_links()
        done = night.done()
        assert done.people == 8
        assert "P0" not in desk.people()

    def test_who_left_in_a_run_that_failed_is_found_gone_by_the_listing_after_it(self, desk: Desk) -> None:
        """The notice of removal came in a pull that broke off, and the delta link expired before the next one."""
        objects = [desk.tenant.hire(f"P{number}", f"p{number}@contoso.example") for number in range(9)]
        night = Night(desk)
        night.done()
        desk.tenant.delete(objects[0])
        desk.server.weather.fail_page("groups", 1)
        assert night.sync().state == "failed"
        assert "P0" in desk.people()
        desk.server.weather.calm()
        desk.tenant.expire_delta_links()
        night.done()
        assert "P0" not in desk.people()

    def test_a_token_that_expires_in_the_middle_is_renewed(self, desk: Desk) -> None:
        for number in range(9):
            desk.tenant.hire(f"P{number}", f"p{number}@contoso.example")
        weather = desk.server.weather
        weather.before_page(lambda kind, number: weather.expire_tokens() if kind == "users" else None)
        night = Night(desk)
        night.done()
        tokens = [one for one in desk.server.log if one.path.endswith("/token")]
        assert len(tokens) > 1
        assert len(desk.people()) == 10


def test_an_error_by_hand_is_over_with_the_next_scheduled_success(desk: Desk) -> None:
    night = Night(desk)
    desk.server.weather.down()
    assert desk.plan().state == "failed"
    desk.server.weather.calm()
    night.done()
    assert desk.connection.error_sentence is None


def test_settings_are_tested_by_hand_without_moving_the_scheduled_success(desk: Desk) -> None:
    night = Night(desk)
    night.done()
    success = desk.connection.last_scheduled_success_at
    connection.verify(desk.connection, current_app.config["SETTINGS"], night.now + MINUTE)
    assert desk.connection.last_scheduled_success_at == success
    assert desk.connection.last_verified_at == night.now + MINUTE
    desk.sync()
    assert desk.connection.last_scheduled_success_at == success


@pytest.mark.parametrize("state", ["queued", "pulling"])
def test_a_scheduled_run_that_was_cancelled_is_no_failure(desk: Desk, state: str) -> None:
    night = Night(desk)
    night.now = night.slot
    (begun,) = night.begin_due()
    SyncRun.update(state=state).execute()
    run.cancel(SyncRun.get_by_id(begun), "Ada", night.now)
    assert (desk.connection.failing_since, night.mails()) == (None, [])
    night.done()
