"""Four organisations in the tables: whatever a page can show is there to be looked at, and nothing moves.

Contoso has people, groups, a review with rows in every section, and files that were imported and that wait. At
Northwind a sync holds changes back, another waits for a worker, and the connection is broken. Adatum asks everybody
for a code. Tailspin has just begun.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyotp
from flask import Flask

from ppe import domain_claims, domains, exemptions
from ppe.clock import utcnow
from ppe.db import database
from ppe.encryption import encrypt
from ppe.models import (
    ADMIN,
    END_USER,
    EVERYONE,
    OFF,
    Account,
    Authenticator,
    Connection,
    Domain,
    Exemption,
    Installation,
    Mail,
    Organization,
    SyncChange,
    SyncRun,
)
from ppe.people import by_hand, conversion
from ppe.people.by_hand import Seen
from ppe.practice.server import PracticeServer
from ppe.practice.tenant import Tenant
from ppe.signin import enrolment, links
from ppe.signin.visitor import Visitor
from ppe.sync import review, run, unattended
from tests.browser import scene_by_hand
from tests.browser.console import console
from tests.browser.scene_directory import change_much
from tests.browser.scene_long_work import begin_mass_updates, import_files
from tests.conftest import add_account

NOBODY = Visitor("192.0.2.7", "Firefox on Linux")


@dataclass
class Scene:
    """A console that answers at `address`. `names` has what stands in the addresses of pages: ids, tokens, days.

    `microsoft` is Contoso's tenant, and the mail server that the console sends to.
    """

    app: Flask
    address: str
    microsoft: PracticeServer
    names: dict[str, Any] = field(default_factory=dict)

    @contextmanager
    def tables(self) -> Iterator[None]:
        """Look into the tables, as a worker would."""
        with self.app.app_context(), database.connection_context():
            yield

    def work(self, run_id: int) -> SyncRun:
        """What the worker does when the doorbell rings for a run."""
        run.proceed(run_id, utcnow)
        found: SyncRun = SyncRun.get_by_id(run_id)
        return found


@contextmanager
def scene(folder: Path) -> Iterator[Scene]:
    """Build everything, and keep Contoso's tenant answering until the end."""
    with (
        PracticeServer(Tenant.company(90)) as contosos,
        PracticeServer(Tenant.empty("northwind.example")) as northwinds,
        console(folder, sms_url=contosos.sms_url, **_post_office(contosos)) as (app, address),
    ):
        made = Scene(app, address, contosos)
        with made.tables():
            Installation.create(id=1, setup_completed_at=utcnow())
            _begin("Tailspin", "tailspin.example", Tess=ADMIN)
            _at_adatum()
            _goes_to(app, northwinds)
            _at_northwind(made, northwinds)
            _goes_to(app, contosos)
            _at_contoso(made, contosos)
        yield made


def _post_office(server: PracticeServer) -> dict[str, Any]:
    return {"mail_server": "127.0.0.1", "mail_port": server.practice.smtp_port, "mail_security": "none"}


def _goes_to(app: Flask, server: PracticeServer) -> None:
    app.config["SETTINGS"] = replace(
        app.config["SETTINGS"], microsoft_login_url=server.login_url, graph_url=server.graph_url
    )


def _begin(
    name: str, domain: str, *, second_factor: str = OFF, **staff: str
) -> tuple[Organization, dict[str, Account]]:
    """An organisation with one domain and some accounts by hand, each with the password of these tests."""
    now = utcnow()
    made = Organization.create(name=name, second_factor=second_factor, time_zone="Europe/Amsterdam", created_at=now)
    Connection.create(organization=made)
    Domain.create(organization=made, name=domain, kind="relay", proof="set-up", created_at=now)
    return made, {who: add_account(made, role, who, f"{who.lower()}@{domain}") for who, role in staff.items()}


def _connect(organization: Organization, server: PracticeServer) -> Connection:
    """The settings of the directory, saved and verified."""
    Connection.update(
        primary_domain=server.domain,
        application_id=server.application_id,
        ad_key=encrypt(server.client_secret),
        tenant_id=server.tenant_id,
        last_verified_at=utcnow(),
        secret_expiry=utcnow() + timedelta(days=9),
    ).where(Connection.organization == organization).execute()
    connection: Connection = Connection.get(Connection.organization == organization)
    return connection


def _at_adatum() -> None:
    """Cora has everything that a second step can be done with, and Curt nothing yet."""
    _, staff = _begin("Adatum", "adatum.example", second_factor=EVERYONE, Cora=END_USER, Curt=END_USER)
    Account.update(mobile="+31612345678").where(Account.id == staff["Cora"].id).execute()
    _give_app(staff["Cora"])


def _give_app(account: Account) -> None:
    secret, now = encrypt(pyotp.random_base32()), utcnow()
    Authenticator.create(account=account, secret=secret, created_at=now, confirmed_at=now)
    Account.update(second_factor_at=now).where(Account.id == account.id).execute()
    enrolment.renew_recovery_codes(account, NOBODY, now)


def _at_northwind(made: Scene, server: PracticeServer) -> None:
    """Twelve people came with a sync and are gone: the schedule holds that back. Then the connection breaks."""
    organization, _ = _begin("Northwind", "northwind.example", Nora=ADMIN)
    connection = _connect(organization, server)
    hired = [server.tenant.hire(f"Lea Ver{number:02}", f"lea{number}@northwind.example") for number in range(12)]
    _accept(made, connection)
    for somebody in hired:
        server.tenant.delete(somebody)
    Connection.update(sync_frequency=1, next_sync_at=utcnow()).where(Connection.id == connection.id).execute()
    scheduled = made.work(unattended.begin(connection.id, utcnow()) or 0)
    made.names["held"] = SyncRun.get(SyncRun.held_digest.is_null(False)).id
    made.names["scheduled"] = scheduled.id
    queued = run.start(connection, by=None, by_name="Nora", send_welcome_mails=False, now=utcnow())
    made.names["queued"] = queued.id
    Connection.update(
        failing_since=utcnow() - timedelta(hours=5),
        error_sentence="Microsoft does not accept the Client Secret.",
        error_advice="Make a new one in the app registration, and save its Value here.",
        frequency_reset_reason="The tenant was changed.",
    ).where(Connection.id == connection.id).execute()
    Mail.create(
        organization=organization, kind="azure_ad_summary", to="it@northwind.example", message_id="given-up@ppe",
        created_at=utcnow(), not_before=utcnow(), attempts=9, given_up_at=utcnow(), error="The mail server is away.",
    )  # fmt: skip


def _accept(made: Scene, connection: Connection) -> SyncRun:
    waiting = _review(made, connection)
    review.accept(waiting, "Ada", utcnow())
    return made.work(waiting.id)


def _review(made: Scene, connection: Connection) -> SyncRun:
    begun = run.start(connection, by=None, by_name="Ada", send_welcome_mails=False, now=utcnow())
    return made.work(begun.id)


def _at_contoso(made: Scene, server: PracticeServer) -> None:
    organization, staff = _begin(
        "Contoso", "contoso.example", Ada=ADMIN, Rita=ADMIN, Bob=END_USER, Mona=END_USER, Rex=END_USER, Iris=END_USER
    )
    Account.update(read_only=True).where(Account.id == staff["Rita"].id).execute()
    _give_app(staff["Mona"])
    domains.register(organization.id, "fabrikam.example", domains.RELAY, "tenant", "Ada", utcnow())
    connection = _connect(organization, server)
    made.names["done"] = _accept(made, connection).id
    made.names["failed"] = _stopped_by_a_domain(made, connection, server)
    domains.register(organization.id, "adventure.example", domains.MANAGEMENT, "dns", "Ada", utcnow())
    _exempt_and_remove(made, organization, staff)
    change_much(server.tenant)
    cancelled = _review(made, connection)
    run.cancel(cancelled, "Ada", utcnow())
    waiting = _review(made, connection)
    group = SyncChange.get(SyncChange.run == waiting, SyncChange.kind != "user", SyncChange.section == "updating")
    made.names |= {"cancelled": cancelled.id, "review": waiting.id, "change": group.id}
    made.names |= import_files(organization) | begin_mass_updates(staff["Ada"])
    _name_the_rest(made, organization, staff)


def _stopped_by_a_domain(made: Scene, connection: Connection, server: PracticeServer) -> int:
    server.tenant.add_domain("adventure.example")
    server.tenant.hire("Nora North", "nora.north@adventure.example")
    stopped = _review(made, connection)
    return int(stopped.id)


def _exempt_and_remove(made: Scene, organization: Organization, staff: dict[str, Account]) -> None:
    now = utcnow()
    for name, last_day in (("Jan van der Berg", None), ("Suharto", now.date() + timedelta(days=30)), ("Bob", None)):
        account = Account.get(Account.organization == organization, Account.display_name == name)
        thing = {"object_id": account.directory_id, "address": None, "name": name}
        exemptions.add_many(organization.id, [thing], "As agreed with the works council", last_day, "Ada", now)
    ended = Exemption.get(Exemption.name == "Bob")
    exemptions.end(organization.id, ended.id, "Ada", now)
    by_hand.remove(organization.id, [Seen(staff["Rex"].id, 1)], staff["Ada"], now)
    made.names["removed"] = staff["Rex"].id
    made.names |= scene_by_hand.functional_accounts(organization.id, staff["Ada"])


def _name_the_rest(made: Scene, organization: Organization, staff: dict[str, Account]) -> None:
    def named(name: str) -> int:
        return int(Account.get(Account.organization == organization, Account.display_name == name).id)

    conversion.to_functional(organization.id, [Seen(staff["Iris"].id, 1)], staff["Ada"], utcnow())
    claim = domain_claims.claim(organization.id, "fourth-coffee.example", domains.RELAY, "Ada", utcnow())
    used, free = Domain.get(Domain.name == "contoso.example"), Domain.get(Domain.name == "adventure.example")
    made.names |= {
        "ada": staff["Ada"].id,
        "bob": staff["Bob"].id,
        "synced": named("Carla Many-Names"),
        "exempt": named("Jan van der Berg"),
        "functional": named("All Company"),
        "group": named("VPN Users"),
        "nested": named("IT and Facilities"),
        "converted": staff["Iris"].id,
        "claim": claim.id,
        "used_domain": used.id,
        "free_domain": free.id,
        "yesterday": (utcnow() - timedelta(days=1)).date().isoformat(),
        "link": links.issue(staff["Bob"], "welcome", utcnow()),
    }
