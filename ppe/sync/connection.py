"""The settings of one organisation's directory: saved, tested, and turned into a reader of the directory.

No transaction is open while Microsoft is asked; what was learned is written afterwards, if it still fits the settings.
"""

from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from ppe import audit
from ppe.config import Settings
from ppe.db import database
from ppe.encryption import decrypt, encrypt
from ppe.errors import DirectoryError, NationalCloud, Refused, SecretRefused, TenantUnknown
from ppe.models import (
    REVIEW,
    SUPERSEDED,
    Connection,
    DirectoryAddress,
    DirectoryMember,
    DirectoryObject,
    Organization,
    SyncRun,
)
from ppe.sync import schedule, tallies
from ppe.sync.checks import Finding, check
from ppe.sync.choices import Choices, problems
from ppe.sync.graph import Credentials, Graph
from ppe.sync.login import find_tenant
from ppe.sync.wire import Wire

TRIES_WHILE_SOMEBODY_WAITS = 2
WHO_READS_WHAT = ("primary_domain", "application_id", "ad_key")


def of(organization_id: int) -> Connection:
    """The connection of an organisation, which has exactly one, be it empty."""
    Connection.insert(organization=organization_id).on_conflict_ignore().execute()
    found: Connection = Connection.get(Connection.organization == organization_id)
    return found


def is_set_up(connection: Connection) -> bool:
    """Whether everything is there that Microsoft asks for."""
    return bool(connection.primary_domain and connection.application_id and connection.ad_key)


def last_success(connection: Connection) -> datetime | None:
    """When the connection last worked, by hand or in a sync."""
    moments = (connection.last_verified_at, connection.last_successful_sync)
    return max((moment for moment in moments if moment), default=None)


def run_at_work(connection: Connection) -> SyncRun | None:
    """The run that is reading or writing at this moment."""
    found: SyncRun | None = SyncRun.get_or_none(SyncRun.connection == connection, SyncRun.holds_connection)
    return found


def last_run(connection: Connection) -> SyncRun | None:
    """The newest run that read the directory, or is about to; a list of what it held back is none of its own."""
    mine = SyncRun.select().where(
        SyncRun.organization == connection.organization_id,
        ~SyncRun.dry_run,
        SyncRun.held_digest.is_null(),
        SyncRun.undoes.is_null(),
    )
    found: SyncRun | None = mine.order_by(SyncRun.created_at.desc(), SyncRun.id.desc()).first()
    return found


def graph_for(connection: Connection, settings: Settings, wire: Wire | None = None) -> Graph:
    """A reader of the connection's directory.

    Raises:
        DirectoryError: the settings are incomplete, the stored secret cannot be read with the keys of this
            installation, or the tenant was never looked up and cannot be found or lives in a national cloud.
    """
    wire = wire or Wire()
    try:
        _require_set_up(connection)
        secret = decrypt(connection.ad_key or "")
    except Refused as refused:
        raise SecretRefused(refused.sentence, "Open Import & Sync, complete the settings and save them.") from refused
    tenant = connection.tenant_id or find_tenant(wire, settings.microsoft_login_url, connection.primary_domain)
    credentials = Credentials(tenant, connection.application_id, secret)
    return Graph(credentials, settings.microsoft_login_url, settings.graph_url, wire)


def save(connection: Connection, choices: Choices, actor: str, settings: Settings, now: datetime) -> Connection:
    """Test the settings and keep them, whatever the test found, as long as there is a tenant that can be synced.

    Returns:
        The connection as it is stored now: `error_sentence` says whether it works.

    Raises:
        Refused: nothing was saved; `field` names the field that the sentence belongs to.
    """
    for field, sentence in problems(choices, has_secret=connection.ad_key is not None).items():
        raise Refused(sentence, field)
    if _is_stored(connection, choices.ad_key):
        choices = replace(choices, ad_key="")  # the second click of a save replaces nothing
    _require_quiet(connection, choices)
    secret = choices.ad_key or decrypt(connection.ad_key or "")
    finding = _examine(choices.primary_domain, choices.application_id, secret, settings)
    if isinstance(finding.error, TenantUnknown | NationalCloud):
        raise Refused(f"{finding.error.sentence} {finding.error.advice}", "primary_domain")
    with database.atomic():
        stored = of(connection.organization_id)
        _require_quiet(stored, choices)
        chosen = {name: value for name, value in asdict(choices).items() if name != "ad_key"}
        changed = {name: value for name, value in chosen.items() if value != getattr(stored, name)}
        if choices.ad_key:
            chosen["ad_key"] = encrypt(choices.ad_key)
        _write(stored, finding, now, chosen)
        details = {**changed, **({"ad_key": "replaced"} if choices.ad_key else {})}
        audit.record(
            stored.organization_id, actor, "directory settings saved", choices.primary_domain, details, now=now
        )
    return of(connection.organization_id)


def verify(connection: Connection, settings: Settings, now: datetime) -> Connection:
    """Test the settings as they are stored, and keep what was found.

    Raises:
        Refused: there is nothing to test yet, or a sync is reading the tenant that the domain no longer belongs to.
    """
    _require_set_up(connection)
    secret = decrypt(connection.ad_key or "")
    finding = _examine(connection.primary_domain, connection.application_id, secret, settings)
    with database.atomic():
        stored = of(connection.organization_id)
        # Somebody who saved meanwhile has tested what is stored now; this finding is about something else.
        if all(getattr(stored, name) == getattr(connection, name) for name in WHO_READS_WHAT):
            _write(stored, finding, now, {})
    return of(connection.organization_id)


def _require_set_up(connection: Connection) -> None:
    if not is_set_up(connection):
        raise Refused("The directory is not set up yet. Fill in the settings under Import & Sync and save them.")


def _is_stored(connection: Connection, secret: str) -> bool:
    try:
        return bool(connection.ad_key and secret) and decrypt(connection.ad_key or "") == secret
    except Refused:
        return False  # its key is lost: whatever was typed is new


def _require_quiet(connection: Connection, choices: Choices) -> None:
    """A run at work reads with the stored credentials; it must end with those it began with."""
    replaced = [name for name in WHO_READS_WHAT[:2] if getattr(choices, name) != getattr(connection, name)]
    if choices.ad_key:
        replaced.append("ad_key")
    if replaced and run_at_work(connection):
        raise Refused("A sync is at work. This can be changed when it has finished or was cancelled.", replaced[0])


def _examine(domain: str, application_id: str, secret: str, settings: Settings) -> Finding:
    """Everything that can be learned; the tenant is asked for without any credential, and nothing follows a refusal."""
    wire = Wire(tries=TRIES_WHILE_SOMEBODY_WAITS)
    try:
        tenant_id = find_tenant(wire, settings.microsoft_login_url, domain)
    except DirectoryError as error:
        return Finding(None, error=error)
    try:
        return check(tenant_id, application_id, secret, settings, wire)
    except DirectoryError as error:
        return Finding(tenant_id, error=error)


def _write(stored: Connection, finding: Finding, now: datetime, chosen: dict[str, Any]) -> None:
    same_domain = chosen.get("primary_domain", stored.primary_domain) == stored.primary_domain
    tenant_id = finding.tenant_id or (stored.tenant_id if same_domain else None)
    columns = {**chosen, **_outcome(finding, now), "tenant_id": tenant_id}
    if "sync_frequency" in chosen:
        columns |= _schedule(stored, chosen["sync_frequency"], now)
    if finding.error is None and stored.failing_since is not None:
        # Somebody mended it: the next slot is not waited out any more.
        frequency = columns.get("sync_frequency", stored.sync_frequency)
        columns["next_sync_at"] = schedule.next_slot(frequency, stored.id, now)
    if columns.get("secret_expiry", stored.secret_expiry) != stored.secret_expiry:
        columns["secret_warned"] = None
    if any(name in chosen and chosen[name] != getattr(stored, name) for name in WHO_READS_WHAT[1:]):
        columns = {"secret_expiry": None, "reads_mailbox_settings": None} | columns  # those were another secret's
    if tenant_id != stored.tenant_id:
        columns |= _forget_directory(stored, now)
    Connection.update(**columns).where(Connection.id == stored.id).execute()


def _schedule(stored: Connection, frequency: int, now: datetime) -> dict[str, Any]:
    """Another frequency has other slots; the same one keeps its own, and its back-off."""
    if frequency == stored.sync_frequency and (stored.next_sync_at or not frequency):
        return {}
    columns = {"next_sync_at": schedule.next_slot(frequency, stored.id, now), "frequency_reset_reason": None}
    if not stored.sync_frequency:  # from Never: the first summary begins here, and the wait for a tech contact anew
        Organization.update(summary_until=now).where(Organization.id == stored.organization_id).execute()
        columns["contact_missing_since"] = None
    return columns


def _outcome(finding: Finding, now: datetime) -> dict[str, Any]:
    if finding.error is None:
        cleared = dict.fromkeys(("error_sentence", "error_advice", "error_code", "error_correlation_id"))
        learned = {"secret_expiry": finding.secret_expiry, "reads_mailbox_settings": finding.reads_mailbox_settings}
        return {**cleared, **learned, "last_verified_at": now}
    return {
        "error_sentence": finding.error.sentence,
        "error_advice": finding.error.advice,
        "error_code": finding.error.code,
        "error_correlation_id": finding.error.correlation_id,
    }


def _forget_directory(stored: Connection, now: datetime) -> dict[str, Any]:
    """Another tenant: what the former one said counts no more. The accounts keep the ids they were linked with."""
    if run_at_work(stored):
        raise Refused("A sync is at work in another tenant. Cancel it or wait for its end first.", "primary_domain")
    for table in (DirectoryAddress, DirectoryMember, DirectoryObject):
        table.delete().where(table.connection == stored).execute()
    waiting = (SyncRun.connection == stored) & (SyncRun.state == REVIEW)
    superseded = (
        SyncRun.update(
            state=SUPERSEDED,
            finished_at=now,
            error_sentence="The Primary Domain was changed to that of another tenant while this review waited.",
            error_advice="Run the sync again to see what the new tenant would change.",
        )
        .where(waiting)
        .returning(SyncRun)
    )
    tallies.ended(list(superseded.execute()))
    return {"users_delta_link": None, "groups_delta_link": None}
