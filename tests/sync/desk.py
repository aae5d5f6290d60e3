"""An administrator's desk: one organisation, its practice tenant over real HTTP, and the line between them."""

import base64
from datetime import date, datetime
from typing import Any

from ppe.clock import utcnow
from ppe.encryption import encrypt
from ppe.models import (
    TICKABLE,
    Account,
    Address,
    Authenticator,
    Connection,
    Domain,
    Exemption,
    HalfSignIn,
    Membership,
    Organization,
    PasswordLink,
    SecondFactorCode,
    SignInSession,
    SyncChange,
    SyncRun,
    TrustedBrowser,
)
from ppe.practice.server import PracticeServer
from ppe.sync import acceptance, review, run, safety, undoing
from ppe.sync.wire import Wire

KEY = base64.urlsafe_b64encode(b"a key for tests, of 32 bytes now").decode()
DOMAINS = ("contoso.example", "fabrikam.example")


def say_yes(waiting: SyncRun, now: datetime) -> None:
    """Accept a list as it is, and type what it asks for if it is over a limit."""
    review.accept(waiting, "Ada", now, confirmed=str(safety.number_of(acceptance.over(waiting, now))))


class Desk:
    def __init__(self, server: PracticeServer, name: str = "Contoso", domains: tuple[str, ...] = DOMAINS) -> None:
        self.server = server
        self.tenant = server.tenant
        self.naps: list[float] = []
        now = utcnow()
        self.organization = Organization.create(name=name, created_at=now)
        for domain in domains:
            self.register(domain)
        self.admin = self.local("Ada Admin", f"ada.admin@{domains[0]}", type="organization_admin")
        self.connection_id = Connection.create(
            organization=self.organization,
            primary_domain=server.domain,
            application_id=server.application_id,
            ad_key=encrypt(server.client_secret),
            tenant_id=server.tenant_id,
        ).id

    @property
    def connection(self) -> Connection:
        found: Connection = Connection.get_by_id(self.connection_id)
        return found

    def settings(self, **choices: Any) -> None:
        Connection.update(**choices).where(Connection.id == self.connection_id).execute()

    def register(self, domain: str) -> None:
        Domain.create(
            organization=self.organization, name=domain, kind="relay", proof="administrator", created_at=utcnow()
        )
        Account.update(directory_fingerprint=None).where(Account.organization == self.organization).execute()

    def local(self, name: str, address: str | None = None, **fields: Any) -> Account:
        made: Account = Account.create(
            **({"type": "end_user"} | fields),
            organization=self.organization,
            display_name=name,
            created_at=utcnow(),
        )
        if address:
            Address.create(account=made, address=address, domain=address.rpartition("@")[2], is_primary=True)
        return made

    def give_credentials(self, account: Account) -> None:
        """One of everything that lets somebody in."""
        now = utcnow()
        Account.update(password_hash="a hash", second_factor_at=now).where(Account.id == account.id).execute()
        common: dict[str, Any] = {"account": account, "created_at": now}
        SignInSession.create(
            **common, token_hash="s", role=account.type, first_step="password", confirmed_at=now, seen_at=now,
            expires_at=now,
        )  # fmt: skip
        HalfSignIn.create(**common, token_hash="h", first_step="password", expires_at=now)
        TrustedBrowser.create(**common, token_hash="t", expires_at=now)
        Authenticator.create(**common, secret="encrypted", confirmed_at=now)
        SecondFactorCode.create(**common, kind="recovery", code_hash="c")
        PasswordLink.create(**common, token_hash="l", kind="reset", expires_at=now)

    def credentials(self, account: Account) -> set[str]:
        """Which of those are left."""
        tables = (SignInSession, HalfSignIn, TrustedBrowser, Authenticator, SecondFactorCode, PasswordLink)
        return {table.__name__ for table in tables if table.select().where(table.account == account).exists()}

    def exempt(self, reason: str = "", last_day: date | None = None, **thing: str) -> Exemption:
        made: Exemption = Exemption.create(
            organization=self.organization,
            reason=reason,
            last_day=last_day,
            created_at=utcnow(),
            created_by_name="Ada",
            **thing,
        )
        return made

    def wire(self) -> Wire:
        return Wire(pause=self.naps.append)

    def begin(self) -> SyncRun:
        return run.start(self.connection, by=self.admin, by_name="Ada", send_welcome_mails=False, now=utcnow())

    def proceed(self, of: SyncRun) -> SyncRun:
        run.proceed(of.id, utcnow, self.wire())
        found: SyncRun = SyncRun.get_by_id(of.id)
        return found

    def plan(self) -> SyncRun:
        return self.proceed(self.begin())

    def accept(self, planned: SyncRun) -> SyncRun:
        assert planned.state == "review", (planned.state, planned.error_sentence)
        say_yes(planned, utcnow())
        return self.proceed(planned)

    def sync(self) -> SyncRun:
        done = self.accept(self.plan())
        assert done.state == "done", (done.state, done.error_sentence)
        return done

    def sync_by_hand(self, *names: str) -> SyncRun:
        """The same with these rows ticked on purpose."""
        planned = self.plan()
        rows = self.rows(planned)
        review.tick(planned, True, change_ids=[rows[name].id for name in names])
        return self.accept(planned)

    def plan_undo(self, of: SyncRun, *names: str) -> SyncRun:
        """The list that undoes a run, or those of its rows, looked for by name."""
        ids = [self.rows(of)[name].id for name in names] if names else None
        return self.proceed(undoing.start(of, by=self.admin, by_name="Ada", now=utcnow(), change_ids=ids))

    def undo(self, of: SyncRun, *names: str) -> SyncRun:
        done = self.accept(self.plan_undo(of, *names))
        assert done.state == "done", (done.state, done.error_sentence)
        return done

    def rows(self, of: SyncRun, section: str | None = None) -> dict[str, SyncChange]:
        query = SyncChange.select().where(SyncChange.run == of).order_by(SyncChange.id)
        return {row.name: row for row in query if section in (None, row.section)}

    def counts(self, of: SyncRun) -> dict[str, int]:
        return {section.name: section.count for section in review.sections(of) if section.count}

    def untick(self, of: SyncRun, *names: str) -> None:
        rows = self.rows(of)
        review.tick(of, False, change_ids=[rows[name].id for name in names])

    def account(self, address: str) -> Account | None:
        row = Address.get_or_none(Address.address == address)
        return row.account if row else None

    def people(self) -> dict[str, tuple[str | None, set[str]]]:
        """Everybody who is not removed: name, primary address, aliases."""
        found: dict[str, tuple[str | None, set[str]]] = {}
        accounts = Account.select().where(Account.organization == self.organization, Account.removed_at.is_null())
        for account in accounts:
            addresses = list(Address.select().where(Address.account == account))
            primary = next((one.address for one in addresses if one.is_primary), None)
            found[account.display_name] = (primary, {one.address for one in addresses if not one.is_primary})
        return found

    def members(self, group: str) -> set[str]:
        rows = (
            Membership.select(Membership, Account)
            .join(Account, on=(Membership.member == Account.id))
            .where(Membership.group == Account.get(Account.display_name == group, Account.removed_at.is_null()))
        )
        return {row.member.display_name for row in rows}

    def nothing_left(self) -> None:
        """What was applied leaves nothing to tick, and nothing to do."""
        again = self.plan()
        assert again.state == "review", (again.state, again.error_sentence)
        assert not {name: row.reason for name, row in self.rows(again).items() if row.section in TICKABLE}
