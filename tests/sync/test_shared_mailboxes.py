"""Shared mailboxes in the plan: said, suggested, and nothing more. Guessed by their marks here; nobody may ask."""

from pathlib import Path
from typing import Any

import pytest
from playhouse import migrations

from ppe import db
from ppe.clock import utcnow
from ppe.models import Account, DirectoryObject, SyncChange, SyncRun
from ppe.sync import conversion_choice
from tests.databases import FreshDatabase, on_both_databases
from tests.sync.desk import Desk
from tests.sync.night import Night
from tests.sync.test_unattended import insert

GUESSED = "Looks like a shared mailbox: sign-in is blocked and it has no licence."
SUGGESTED = f"{GUESSED} As a functional account it has mail and no sign-in."


def shared(desk: Desk, name: str = "Support", **more: Any) -> str:
    address = f"{name.lower()}@contoso.example"
    marked: dict[str, Any] = {"enabled": False, "licensed": False, "purpose": "shared"}
    return desk.tenant.hire(name, address, **(marked | more))


def row(desk: Desk, run: SyncRun, name: str) -> tuple[str, str, list[str], str | None]:
    found: SyncChange = desk.rows(run)[name]
    return found.section, found.reason, found.notes, found.offer


def test_a_new_mailbox_says_why_it_is_not_imported_and_can_be_imported_by_hand(desk: Desk) -> None:
    shared(desk)
    desk.tenant.hire("Leo Leaver", "leo@contoso.example", enabled=False)
    planned = desk.plan()
    assert row(desk, planned, "Support") == ("not_imported", GUESSED, [], "functional")
    section, reason, _, offer = row(desk, planned, "Leo Leaver")
    assert (section, offer) == ("not_imported", "functional")
    assert "more likely somebody who left" in reason
    conversion_choice.choose(planned, [desk.rows(planned)["Support"].id], desk.admin, utcnow())
    desk.accept(planned)
    assert set(desk.people()) == {"Ada Admin", "Support"}
    account = desk.account("support@contoso.example")
    assert account is not None
    assert account.type == "functional_account"


def test_a_licence_taken_away_is_noticed_by_the_next_delta(desk: Desk) -> None:
    leo = desk.tenant.hire("Leo Leaver", "leo@contoso.example", enabled=False)
    desk.sync()
    desk.server.log.clear()
    desk.tenant.take_licence(leo)
    assert row(desk, desk.plan(), "Leo Leaver")[1] == GUESSED
    assert not [asked for asked in desk.server.log if asked.path.endswith("/users")], "nobody was listed anew"
    desk.tenant.give_licence(leo)
    assert "there is a licence" in row(desk, desk.plan(), "Leo Leaver")[1]


def test_a_mailbox_made_later_is_known_to_have_no_licence(desk: Desk) -> None:
    desk.sync()
    shared(desk)
    assert row(desk, desk.plan(), "Support")[1] == GUESSED


def test_a_user_who_loses_sign_in_and_licence_is_suggested_for_conversion(desk: Desk) -> None:
    support = desk.tenant.hire("Support", "support@contoso.example")
    desk.sync()
    desk.tenant.block(support)
    assert row(desk, desk.plan(), "Support")[2:] == ([], None), "with a licence it has one of the marks"
    desk.tenant.take_licence(support)
    planned = desk.plan()
    section, reason, notes, offer = row(desk, planned, "Support")
    assert (section, notes, offer) == ("disabling", [SUGGESTED], "convert")
    assert "the account is deactivated" in reason
    conversion_choice.choose(planned, [desk.rows(planned)["Support"].id], desk.admin, utcnow())
    desk.accept(planned)
    account = Account.get(Account.directory_id == support)
    assert (account.type, account.active) == ("functional_account", True)
    desk.nothing_left()


def test_a_user_who_was_deactivated_before_is_suggested_with_the_next_update(desk: Desk) -> None:
    support = desk.tenant.hire("Support", "support@contoso.example")
    desk.sync()
    desk.tenant.block(support)
    desk.tenant.take_licence(support)
    desk.sync()
    assert "Support" not in desk.rows(desk.plan()), "nothing changes, so there is no row"
    desk.tenant.rename(support, "Support Team")
    section, _, notes, offer = row(desk, desk.plan(), "Support Team")
    assert (section, notes, offer) == ("updating", [SUGGESTED], "convert")


def test_who_is_linked_by_an_address_is_suggested_too(desk: Desk) -> None:
    desk.local("Support", "support@contoso.example")
    shared(desk)
    section, _, notes, offer = row(desk, desk.plan(), "Support")
    assert (section, notes, offer) == ("disabling", [SUGGESTED], "convert")


def test_a_functional_account_and_the_last_administrator_are_not_suggested(desk: Desk) -> None:
    desk.local("Support", "support@contoso.example", type="functional_account")
    shared(desk)
    Account.update(directory_id="admin").where(Account.id == desk.admin.id).execute()
    desk.tenant.hire(
        "Ada Admin", "ada.admin@contoso.example", object_id="admin", enabled=False, licensed=False, mobile="+1"
    )
    planned = desk.plan()
    assert {name: (found.section, found.offer) for name, found in desk.rows(planned).items()} == {
        "Support": ("updating", None),
        "Ada Admin": ("not_imported", None),
    }


def test_an_offer_to_register_a_domain_stays_beside_the_note(desk: Desk) -> None:
    support = desk.tenant.hire("Support", "support@contoso.example")
    desk.sync()
    desk.tenant.add_domain("tailspin.example")
    desk.tenant.block(support)
    desk.tenant.take_licence(support)
    desk.tenant.set_addresses(support, "support@tailspin.example")
    desk.settings(sync_frequency=1)
    night = Night(desk)
    night.sync()
    found = SyncChange.get(SyncChange.name == "Support", SyncChange.section == "disabling")
    assert (found.offer, SUGGESTED in found.notes) == ("register:tailspin.example", True)


@pytest.mark.parametrize("granted", [False, True])
def test_a_sync_on_the_schedule_converts_nobody(desk: Desk, granted: bool) -> None:
    """The same accounts as if nothing was known of any mailbox."""
    if granted:
        desk.tenant.add_mailbox_settings()
    shared(desk)
    shared(desk, "Desk", enabled=True)
    support = desk.tenant.hire("Former", "former@contoso.example")
    night = Night(desk)
    night.done()
    desk.tenant.block(support)
    desk.tenant.take_licence(support)
    desk.tenant.set_purpose(support, "shared")
    night.done()
    accounts = {account.display_name: (account.type, account.active) for account in Account.select()}
    assert accounts == {
        "Ada Admin": ("organization_admin", True),
        "Desk": ("end_user", True),
        "Former": ("end_user", False),
    }
    assert Account.select().where(Account.converted_at.is_null(False)).count() == 0


def test_a_mirror_from_before_licences_were_asked_for_learns_them_with_the_next_sync(desk: Desk) -> None:
    shared(desk)
    desk.tenant.hire("Bo Berg", "bo@contoso.example")
    gone = desk.tenant.hire("Leo Leaver", "leo@contoso.example")
    desk.sync()
    as_before_the_migration(desk)
    desk.tenant.delete(gone)
    desk.server.log.clear()
    planned = desk.plan()
    assert row(desk, planned, "Support")[1] == GUESSED
    assert desk.counts(planned) == {"deleting": 1, "not_imported": 1}, "nobody else is touched by listing anew"
    assert [asked.path for asked in desk.server.log if asked.path.endswith("/users")]
    licensed = {found.display_name: found.licensed for found in DirectoryObject.select()}
    assert licensed == {"Support": False, "Bo Berg": True, "Leo Leaver": None}
    desk.accept(planned)
    desk.server.log.clear()
    desk.nothing_left()
    assert not [asked for asked in desk.server.log if asked.path.endswith("/users")], "once is enough"


def test_a_run_that_an_older_version_began_leaves_no_link_that_would_never_bring_licences(desk: Desk) -> None:
    desk.tenant.hire("Bo Berg", "bo@contoso.example")
    desk.server.weather.before_page(lambda kind, _: desk.server.weather.throttle(1, "600"))
    paused = desk.plan()
    desk.server.weather.calm()
    assert (paused.state, paused.cursor["step"]) == ("pulling", "user changes")
    of_before = {name: value for name, value in paused.cursor.items() if name != "users_properties"}
    SyncRun.update(not_before=None, cursor=of_before).execute()
    assert desk.proceed(paused).state == "review"
    assert desk.connection.users_delta_link is not None
    desk.server.log.clear()
    desk.plan()
    assert [asked.path for asked in desk.server.log if asked.path.endswith("/users")], "listed anew"


def as_before_the_migration(desk: Desk) -> None:
    """What `0012_shared_mailboxes` leaves: columns without a word, beside words and a link that are as they were."""
    DirectoryObject.update(licensed=None, mailbox_purpose=None, fingerprint="of before").execute()
    Account.update(directory_fingerprint="of before").where(Account.directory_id.is_null(False)).execute()
    desk.settings(users_delta_properties=None, reads_mailbox_settings=None)


@on_both_databases
def test_the_migration_claims_nothing_of_a_mirror_from_before(
    tmp_path: Path, schemaless_database: FreshDatabase
) -> None:
    old = db.connect(schemaless_database(tmp_path))
    with old.connection_context():
        migrations.Runner(old, str(db.MIGRATIONS)).up(target="0011_notice_addresses")
        insert(old, "organization", name="Contoso")
        insert(old, "connection", organization_id=1, users_delta_link="https://of.before/delta")
        insert(old, "directory_object", connection_id=1, object_id="o", seen_in_run=1)
        migrations.Runner(old, str(db.MIGRATIONS)).up()
        (of_object,) = old.execute_sql(
            "SELECT licensed, mailbox_purpose, purpose_asked_at FROM directory_object"
        ).fetchall()
        (of_connection,) = old.execute_sql(
            "SELECT users_delta_properties, reads_mailbox_settings FROM connection"
        ).fetchall()
    assert (of_object, of_connection) == ((None, None, None), (None, None))
