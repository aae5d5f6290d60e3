"""The directory's settings, saved and tested against the practice tenant over HTTP."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import current_app

from ppe.encryption import decrypt
from ppe.errors import Refused, SecretRefused
from ppe.models import (
    CANCELLED,
    AuditEvent,
    Connection,
    Organization,
    SyncRun,
)
from ppe.practice.server import PracticeServer
from ppe.sync import connection
from ppe.sync.choices import Choices
from tests.sync.desk import Desk

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
OTHER_GUID = "11111111-2222-3333-4444-555555555555"


@pytest.fixture
def organization(desk: Desk) -> Organization:
    """A second organisation, whose directory nobody has set up yet."""
    return Organization.create(name="Fabrikam", created_at=NOW)


def choices(server: PracticeServer, **other: Any) -> Choices:
    every: dict[str, Any] = dict.fromkeys(
        ("sync_active_users", "sync_distribution_groups", "sync_security_groups", "add_users", "update_users",
         "remove_deleted_users", "add_groups", "update_groups", "remove_deleted_groups"), True,
    )  # fmt: skip
    right = Choices(
        default_user_role_name="end_user",
        primary_domain=server.domain,
        application_id=server.application_id,
        ad_key=server.client_secret,
        sync_frequency=0,
        disable_login=False,
        **every,
    )
    return replace(right, **other)


def save(organization: Organization, wanted: Choices) -> Connection:
    stored = connection.of(organization.id)
    return connection.save(stored, wanted, "Ada", current_app.config["SETTINGS"], NOW)


def refused(organization: Organization, wanted: Choices) -> Refused:
    """The refusal of a save that must have changed nothing and sent no credential."""
    before = dict(connection.of(organization.id).__data__)
    with pytest.raises(Refused) as caught:
        save(organization, wanted)
    assert connection.of(organization.id).__data__ == before
    return caught.value


def at_work(stored: Connection, **other: Any) -> SyncRun:
    return SyncRun.create(organization=stored.organization_id, connection=stored, created_at=NOW, **other)


def tokens_asked(server: PracticeServer) -> int:
    return sum("/oauth2/" in request.path for request in server.practice.log)


def test_right_settings_are_saved_and_verified(desk: Desk, organization: Organization) -> None:
    stored = save(organization, choices(desk.server))
    assert stored.error_sentence is None
    assert stored.last_verified_at == NOW
    assert stored.tenant_id == desk.server.tenant_id
    assert stored.secret_expiry is not None
    assert stored.secret_expiry > NOW
    assert connection.last_success(stored) == NOW


def test_the_secret_is_stored_encrypted_and_not_audited(desk: Desk, organization: Organization) -> None:
    stored = save(organization, choices(desk.server))
    assert desk.server.client_secret not in str(stored.__data__)
    assert decrypt(stored.ad_key or "") == desk.server.client_secret
    assert desk.server.client_secret not in str([event.__data__ for event in AuditEvent.select()])
    assert desk.server.client_secret not in repr(choices(desk.server))


def test_an_empty_secret_keeps_the_stored_one(desk: Desk, organization: Organization) -> None:
    save(organization, choices(desk.server))
    stored = save(organization, choices(desk.server, ad_key="", update_users=False, sync_frequency=6))
    assert stored.error_sentence is None
    assert decrypt(stored.ad_key or "") == desk.server.client_secret
    assert (stored.update_users, stored.sync_frequency) == (False, 6)


@pytest.mark.parametrize("domain", ["gcchigh.example", "dod.example"])
def test_a_national_cloud_is_refused_before_any_credential_is_sent(
    desk: Desk, organization: Organization, domain: str
) -> None:
    refusal = refused(organization, choices(desk.server, primary_domain=domain))
    assert refusal.field == "primary_domain"
    assert "national cloud" in refusal.sentence
    assert tokens_asked(desk.server) == 0


def test_gcc_is_not_taken_for_a_national_cloud(desk: Desk, organization: Organization) -> None:
    stored = save(organization, choices(desk.server, primary_domain="gcc.example"))
    assert stored.primary_domain == "gcc.example"


def test_an_unknown_tenant_is_refused_before_any_credential_is_sent(desk: Desk, organization: Organization) -> None:
    refusal = refused(organization, choices(desk.server, primary_domain="nobody.example"))
    assert refusal.field == "primary_domain"
    assert tokens_asked(desk.server) == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("primary_domain", ""),
        ("primary_domain", "not a domain"),
        ("primary_domain", "contoso.example/../evil"),
        ("application_id", "my app"),
        ("ad_key", ""),
        ("ad_key", OTHER_GUID),
        ("ad_key", "two\nlines"),
        ("default_user_role_name", "organization_admin"),
        ("sync_frequency", 2),
    ],
)
def test_what_makes_no_sense_is_refused_without_asking_microsoft(
    desk: Desk, organization: Organization, field: str, value: object
) -> None:
    assert refused(organization, choices(desk.server, **{field: value})).field == field
    assert not desk.server.practice.log


def test_a_wrong_secret_is_saved_with_its_reason_and_microsofts_code(desk: Desk, organization: Organization) -> None:
    stored = save(organization, choices(desk.server, ad_key="wrong~secret"))
    assert stored.error_sentence == "Microsoft does not accept the Client Secret."
    assert stored.error_advice
    assert stored.error_code == "AADSTS7000215"
    assert stored.error_correlation_id
    assert stored.last_verified_at is None
    assert stored.primary_domain == desk.server.domain


def test_an_expired_secret_keeps_the_time_of_the_last_success(desk: Desk, organization: Organization) -> None:
    save(organization, choices(desk.server))
    desk.server.tenant.expire_secret()
    later = connection.verify(connection.of(organization.id), current_app.config["SETTINGS"], NOW + timedelta(hours=1))
    assert later.error_sentence == "The Client Secret has expired."
    assert later.last_verified_at == NOW


def test_missing_consent_is_told_from_a_wrong_secret(desk: Desk, organization: Organization) -> None:
    desk.server.tenant.withdraw_consent()
    stored = save(organization, choices(desk.server))
    assert "consent" in str(stored.error_sentence)
    assert not any("/graph/" in request.path for request in desk.server.practice.log)
    desk.server.tenant.grant_consent()
    verified = connection.verify(stored, current_app.config["SETTINGS"], NOW)
    assert verified.error_sentence is None


def test_an_unknown_application_is_told_from_a_wrong_secret(desk: Desk, organization: Organization) -> None:
    stored = save(organization, choices(desk.server, application_id=OTHER_GUID))
    assert stored.error_code == "AADSTS700016"


def test_settings_are_kept_while_microsoft_is_down(desk: Desk, organization: Organization) -> None:
    desk.server.weather.down()
    stored = save(organization, choices(desk.server))
    assert "not available" in str(stored.error_sentence)
    assert stored.tenant_id == desk.server.tenant_id


def test_a_redirect_is_not_followed_with_the_token(desk: Desk, organization: Organization) -> None:
    desk.server.weather.redirect("http://127.0.0.1:9/elsewhere")
    assert "not followed" in str(save(organization, choices(desk.server)).error_sentence)


@pytest.mark.parametrize(
    "other",
    [{"primary_domain": "fabrikam.example"}, {"application_id": OTHER_GUID}, {"ad_key": "another~secret"}],
)
def test_credentials_cannot_change_under_a_run(desk: Desk, organization: Organization, other: dict[str, str]) -> None:
    run = at_work(save(organization, choices(desk.server)))
    assert refused(organization, choices(desk.server, **other)).field == next(iter(other))
    SyncRun.update(state=CANCELLED, holds_connection=False).where(SyncRun.id == run.id).execute()
    save(organization, choices(desk.server, **other))


def test_the_same_settings_once_more_are_no_change_under_a_run(desk: Desk, organization: Organization) -> None:
    at_work(save(organization, choices(desk.server)))
    assert save(organization, choices(desk.server, add_groups=False)).add_groups is False


def test_one_organisation_cannot_move_the_settings_of_another(desk: Desk, organization: Organization) -> None:
    theirs = dict(connection.of(desk.organization.id).__data__)
    save(organization, choices(desk.server, default_user_role_name="silent_user"))
    assert connection.of(desk.organization.id).__data__ == theirs


def test_a_reader_asks_who_the_tenant_is_before_it_sends_a_credential(desk: Desk, organization: Organization) -> None:
    stored = save(organization, choices(desk.server))
    stored.tenant_id, stored.primary_domain = None, "gcchigh.example"
    before = tokens_asked(desk.server)
    with pytest.raises(Exception, match="national cloud"):
        connection.graph_for(stored, current_app.config["SETTINGS"])
    assert tokens_asked(desk.server) == before


def test_a_secret_whose_key_is_lost_fails_the_sync_with_a_sentence(desk: Desk, organization: Organization) -> None:
    stored = save(organization, choices(desk.server))
    stored.ad_key = "not readable"
    with pytest.raises(SecretRefused, match="can't be read"):
        connection.graph_for(stored, current_app.config["SETTINGS"])


def test_a_connection_that_somebody_mended_does_not_wait_its_back_off_out(
    desk: Desk, organization: Organization
) -> None:
    stored = save(organization, choices(desk.server, sync_frequency=1))
    far = NOW + timedelta(hours=23)
    failing = {"failing_since": NOW - timedelta(days=2), "failures": 9, "next_sync_at": far}
    Connection.update(**failing).where(Connection.id == stored.id).execute()
    desk.tenant.withdraw_consent()
    assert save(organization, choices(desk.server, sync_frequency=1)).next_sync_at == far
    desk.tenant.grant_consent()
    mended = save(organization, choices(desk.server, sync_frequency=1))
    assert mended.next_sync_at is not None
    assert NOW < mended.next_sync_at <= NOW + timedelta(hours=1)
