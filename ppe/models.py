"""The tables, one class each. No Flask, no HTTP, no mail: what may be done with the rows is said elsewhere.

Every row belongs to one organisation, directly or through its parent, and every query starts from there.
"""

import json
import unicodedata
from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, ClassVar
from zoneinfo import ZoneInfo

from peewee import (
    SQL,
    AutoField,
    BigIntegerField,
    BooleanField,
    CompositeKey,
    DateField,
    DateTimeField,
    DeferredForeignKey,
    ForeignKeyField,
    IntegerField,
    Model,
    TextField,
)

from ppe.db import database, moment, stamp

ADMIN, END_USER, SILENT_USER, FUNCTIONAL, GROUP = ACCOUNT_TYPES = (
    "organization_admin",
    "end_user",
    "silent_user",
    "functional_account",
    "group",
)
PERSON_TYPES = (ADMIN, END_USER, SILENT_USER)
MAIL_TYPES = (*PERSON_TYPES, FUNCTIONAL)  # everything but a group, which nobody writes to
SIGN_IN_TYPES = (ADMIN, END_USER)  # nobody else gets in, by no way at all

OFF, ADMINISTRATORS, EVERYONE = SECOND_FACTOR_POLICIES = ("off", "administrators", "everyone")
PASSWORD, MICROSOFT = FIRST_STEPS = ("password", "microsoft")


class UTCDateTimeField(DateTimeField):
    """A moment with its zone; the same value comes back from SQLite and from PostgreSQL."""

    def db_value(self, value: datetime | None) -> str | None:
        """In UTC, without the zone."""
        return None if value is None else stamp(value)

    def python_value(self, value: str | datetime | None) -> datetime | None:
        """With its zone."""
        return moment(value)


class JSONField(TextField):
    """A JSON value kept as text, which both databases hold alike and nobody queries inside."""

    def db_value(self, value: Any) -> str | None:
        """As text."""
        return None if value is None else json.dumps(value, ensure_ascii=False)

    def python_value(self, value: str | None) -> Any:
        """As it was."""
        return None if value is None else json.loads(value)


# Unicode takes them for letters of their own, not for others with an accent.
_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ŧ": "t", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"}
)


def folded(text: str) -> str:
    """A text as lists sort it and look it up: without case and accents, so that Émile stands beside Emil."""
    if text.isascii():
        return text.lower()
    bare = (c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    return "".join(bare).translate(_LETTERS)


class Folding:
    """Keeps a folded copy of some texts beside them, whoever writes them: KEYS has the column of each."""

    KEYS: ClassVar[Mapping[str, str]]

    def save(self, force_insert: bool = False, only: Any = None) -> Any:
        """As ever, the folded copies included."""
        for text, key in self.KEYS.items():
            setattr(self, key, folded(getattr(self, text) or ""))
        if only is not None:
            only = [*only, *self.KEYS.values()]
        return super().save(force_insert=force_insert, only=only)  # type: ignore[misc] # beside a Table

    @classmethod
    def update(cls, data: Any = None, **values: Any) -> Any:
        """As ever, the folded copies included."""
        keys = {key: folded(values[text]) for text, key in cls.KEYS.items() if isinstance(values.get(text), str)}
        return super().update(data, **(values | keys))  # type: ignore[misc] # beside a Table


class Table(Model):
    """What all tables share: the database they live in."""

    if TYPE_CHECKING:  # peewee makes them by itself
        id = AutoField()
        tech_contact_id: int | None
        undoes_id: int | None
        held_from_id: int | None
        organization_id: int
        connection_id: int
        account_id: int
        run_id: int
        accepted_by_id: int | None
        created_by_id: int | None
        mass_update_id: int

    class Meta:
        database = database
        legacy_table_names = False


class Installation(Table):
    """One row: how this box was set up. `setup_completed_at` closes the set-up page for good.

    `worker_seen_at` is when the worker's minute last came round, `swept_at` when what is old was last removed.
    """

    setup_token_hash = TextField(null=True)
    setup_token_expires_at = UTCDateTimeField(null=True)
    setup_completed_at = UTCDateTimeField(null=True)
    worker_seen_at = UTCDateTimeField(null=True)
    swept_at = UTCDateTimeField(null=True)
    demo = BooleanField(default=False)


class Organization(Table):
    """One customer; everything below belongs to one.

    `second_factor` is who is asked for a code after a password; `second_factor_after_microsoft`, whether the same
    people are asked after signing in with Microsoft too. The tech contact gets the notices, and every day a summary:
    `summary_until` is where the last one ended.
    """

    name = TextField()
    time_zone = TextField(default="UTC")
    second_factor = TextField(default=ADMINISTRATORS)
    second_factor_after_microsoft = BooleanField(default=False)
    tech_contact = DeferredForeignKey("Account", null=True, on_delete="SET NULL")
    notice_addresses = JSONField(default=list)  # further ones: a ticket system, a shared mailbox
    summary_until = UTCDateTimeField(null=True)
    created_at = UTCDateTimeField()

    def today(self, now: datetime) -> date:
        """The day that it is in its own time zone: exemptions hold by it."""
        return now.astimezone(ZoneInfo(self.time_zone)).date()


class Domain(Table):
    """A registered mail domain. `kind` is relay, or management (no mail flow); `proof` says how owning it was shown."""

    organization = ForeignKeyField(Organization, backref="domains", on_delete="CASCADE")
    name = TextField(unique=True)
    kind = TextField()
    proof = TextField()
    created_at = UTCDateTimeField()


class DomainClaim(Table):
    """A domain that somebody says is theirs. It is registered when a TXT record with `token` proves it."""

    organization = ForeignKeyField(Organization, on_delete="CASCADE", index=False)
    name = TextField()
    kind = TextField()
    token = TextField()
    created_at = UTCDateTimeField()

    class Meta:
        indexes = ((("organization", "name"), True),)


class Account(Folding, Table):
    """Everything a sync manages: `type` says whether it is an administrator, a user, a functional account or a group.

    `directory_fingerprint` is that of the directory's words when they were last applied; null asks for a new look.
    `version` grows with every change, so that a plan made before it can be told. A removed account keeps its row for
    30 days, with its addresses in `removed_addresses`, freed for others.

    `directory_tenant` and `directory_id` are the person's identity at Microsoft too. Who is not in the directory can
    be bound to one by `microsoft_tenant` and `microsoft_id`, of which the sync takes no notice.
    `group_kind` is what somebody said of a functional account made by hand; the directory says it of all others.
    `second_factor_at` is when a second factor was first shown: from then on none can be set up with a password alone.
    """

    KEYS = {"display_name": "name_key", "last_name": "surname_key"}  # noqa: RUF012 - said in Folding

    organization = ForeignKeyField(Organization, backref="accounts", on_delete="CASCADE", index=False)
    type = TextField()
    display_name = TextField()
    first_name = TextField(default="")
    last_name = TextField(default="")
    name_key = TextField(default="")
    surname_key = TextField(default="")
    mobile = TextField(default="")
    mobile_changed_at = UTCDateTimeField(null=True)  # by a sync
    active = BooleanField(default=True)
    deactivated_by = TextField(null=True)  # sync or administrator
    read_only = BooleanField(default=False)
    password_hash = TextField(null=True)
    second_factor_at = UTCDateTimeField(null=True)
    microsoft_tenant = TextField(null=True)
    microsoft_id = TextField(null=True)
    receives_digest = BooleanField(default=False)
    directory_tenant = TextField(null=True)
    directory_id = TextField(null=True)
    directory_fingerprint = TextField(null=True)
    converted_at = UTCDateTimeField(null=True)
    group_kind = TextField(null=True)
    version = IntegerField(default=1)
    created_at = UTCDateTimeField()
    removed_at = UTCDateTimeField(null=True)
    removed_addresses = JSONField(null=True)  # [primary, alias, …]
    removed_memberships = JSONField(null=True)  # [[group, member], …] by account id, for coming back

    class Meta:
        indexes = (
            (("organization", "directory_id"), True),
            (("organization", "microsoft_id"), True),
            # a list and its filters are read off this index alone (lists/listings.py)
            (("organization", "type", "name_key", "id", "active", "removed_at", "directory_id"), False),
            (("organization", "surname_key", "id", "type", "active", "removed_at", "directory_id"), False),
        )

    @property
    def is_synced(self) -> bool:
        """Whether the directory answers for this account."""
        return self.directory_id is not None


for _name, _where in (
    ("removed", "removed_at IS NOT NULL"),
    ("inactive", "NOT active"),
    ("by_hand", "directory_id IS NULL"),
):
    Account.add_index(
        Account.index(
            Account.organization, Account.type, Account.name_key, Account.id,
            Account.active, Account.removed_at, Account.directory_id,
            where=SQL(_where), name=f"account_{_name}",
        )
    )  # fmt: skip


Account.add_index(
    Account.index(
        Account.organization, Account.group_kind, where=SQL("group_kind IS NOT NULL"), name="account_kinds",
    )
)  # fmt: skip


class Address(Table):
    """One mail address of one account, casefolded and unique in the whole install; exactly one is primary."""

    account = ForeignKeyField(Account, backref="addresses", on_delete="CASCADE")
    address = TextField(unique=True)
    domain = TextField()
    is_primary = BooleanField()

    class Meta:
        indexes = ((("address", "account"), False), (("domain", "account"), False))


class Membership(Table):
    """An account in a group or in a functional account."""

    group = ForeignKeyField(Account, backref="memberships", on_delete="CASCADE", index=False)
    member = ForeignKeyField(Account, backref="member_of", on_delete="CASCADE")

    class Meta:
        primary_key = CompositeKey("group", "member")
        indexes = ((("member",), False),)


class Connection(Table):
    """The Entra settings of one organisation, under the product's own field names, and how its syncs went.

    `ad_key` is the client secret, encrypted. `sync_frequency` counts hours; 0 is Never. `next_sync_at` is when the next
    unattended sync is due; whoever moves it on has claimed it. `limits` are those of sync/safety.py that were changed.
    `holding_since` begins when a sync holds changes back, `failing_since` when an unattended one fails; each ends with
    the next that does not, the former also with a list that a person accepted. `secret_warned` says for how many days
    before its end the secret was last warned of.
    """

    organization = ForeignKeyField(Organization, unique=True, on_delete="CASCADE")
    default_user_role_name = TextField(default=END_USER)
    primary_domain = TextField(default="")
    application_id = TextField(default="")
    ad_key = TextField(null=True)
    sync_active_users = BooleanField(default=True)
    sync_distribution_groups = BooleanField(default=True)
    sync_security_groups = BooleanField(default=True)
    add_users = BooleanField(default=True)
    update_users = BooleanField(default=True)
    remove_deleted_users = BooleanField(default=True)
    add_groups = BooleanField(default=True)
    update_groups = BooleanField(default=True)
    remove_deleted_groups = BooleanField(default=True)
    sync_frequency = IntegerField(default=0)
    next_sync_at = UTCDateTimeField(null=True, index=True)
    frequency_reset_reason = TextField(null=True)  # why When to Sync went back to Never by itself
    contact_missing_since = UTCDateTimeField(null=True)
    limits = JSONField(default=dict)
    holding_since = UTCDateTimeField(null=True)
    failing_since = UTCDateTimeField(null=True)
    failures = IntegerField(default=0)
    disable_login = BooleanField(default=False)
    tenant_id = TextField(null=True)
    secret_expiry = UTCDateTimeField(null=True)
    secret_warned = IntegerField(null=True)
    last_verified_at = UTCDateTimeField(null=True)  # by hand: Test connection or a save
    last_scheduled_success_at = UTCDateTimeField(null=True)
    last_successful_sync = UTCDateTimeField(null=True)  # of either kind
    error_sentence = TextField(null=True)
    error_advice = TextField(null=True)
    error_code = TextField(null=True)
    error_correlation_id = TextField(null=True)
    reads_mailbox_settings = BooleanField(null=True)  # whether MailboxSettings.Read is granted; null: not known yet
    users_delta_link = TextField(null=True)
    users_delta_properties = TextField(null=True)  # what that link tells of each user: it was asked for once, for good
    groups_delta_link = TextField(null=True)


class DirectoryObject(Table):
    """The mirror: what the directory last said of one user or group. Never shown, only compared.

    `gone_at` is set by positive evidence alone: the directory's own removal notice, or the absence from a complete
    listing that a second question confirmed. `group_kind` is null for a user, `licensed` for a group and where it
    is not known. `mailbox_purpose` is that of sync/entry.py.
    """

    connection = ForeignKeyField(Connection, on_delete="CASCADE", index=False)
    object_id = TextField()
    is_group = BooleanField()
    group_kind = TextField(null=True)  # microsoft365, distribution, mail_security, security
    display_name = TextField(default="")
    first_name = TextField(default="")
    last_name = TextField(default="")
    mobile = TextField(default="")
    mail = TextField(default="")
    user_principal_name = TextField(default="")
    proxy_addresses = JSONField(default=list)  # verbatim
    primary_address = TextField(null=True)
    enabled = BooleanField(default=True)
    guest = BooleanField(default=False)
    licensed = BooleanField(null=True)
    mailbox_purpose = TextField(null=True)
    purpose_asked_at = UTCDateTimeField(null=True)
    fingerprint = TextField()
    seen_in_run = IntegerField()
    removed_in_run = IntegerField(null=True)  # the notice of a pull that has not reached its last page yet
    gone_at = UTCDateTimeField(null=True)

    class Meta:
        indexes = ((("connection", "object_id"), True),)


# Few are gone or about to be, and every run asks which.
DirectoryObject.add_index(
    DirectoryObject.index(DirectoryObject.connection, where=SQL("gone_at IS NOT NULL"), name="directory_object_gone")
)
DirectoryObject.add_index(
    DirectoryObject.index(
        DirectoryObject.connection, DirectoryObject.removed_in_run,
        where=SQL("removed_in_run IS NOT NULL"), name="directory_object_removed",
    )
)  # fmt: skip
DirectoryObject.add_index(
    DirectoryObject.index(
        DirectoryObject.connection, DirectoryObject.group_kind, DirectoryObject.object_id,
        where=SQL("group_kind IS NOT NULL"), name="directory_object_kinds",
    )
)  # fmt: skip


class DirectoryAddress(Table):
    """Which object of the mirror claims which address."""

    connection = ForeignKeyField(Connection, on_delete="CASCADE", index=False)
    object_id = TextField()
    address = TextField()
    is_primary = BooleanField()

    class Meta:
        primary_key = CompositeKey("connection", "object_id", "address")
        indexes = ((("connection", "address", "object_id"), False),)


class DirectoryMember(Table):
    """Who the directory says is in a group, both by their ids there: a member may be named before it is listed."""

    connection = ForeignKeyField(Connection, on_delete="CASCADE", index=False)
    group_id = TextField()
    member_id = TextField()
    seen_in_run = IntegerField()

    class Meta:
        primary_key = CompositeKey("connection", "group_id", "member_id")
        indexes = ((("connection", "member_id"), False),)


QUEUED, PULLING, PLANNING, REVIEW, APPLYING, DONE, FAILED, CANCELLED, SUPERSEDED = RUN_STATES = (
    "queued",
    "pulling",
    "planning",
    "review",
    "applying",
    "done",
    "failed",
    "cancelled",
    "superseded",
)
WORKING_STATES = (QUEUED, PULLING, PLANNING, APPLYING)


class SyncRun(Table):
    """One run: how it was started, its state, where the pull stands, what was counted, and who is working on it.

    `holds_connection` is true while the run works; a unique index lets one run a connection do so. `claim` names the
    process at work, which refreshes `heartbeat_at`; a claim gone stale is taken over. `cursor` is where the pull
    stands (see sync/pull.py). `unknown_domains` fails a manual run; a scheduled one leaves their people out.

    `held` says which kinds of change a scheduled run held back, and why (see sync/unattended.py); the rows wait in a
    review of their own, whose `held_from` names that run and whose `held_digest` tells whether the same rows wait
    already. `undoes` names the run whose opposite this one is. A `dry_run` ends when its plan is complete.
    """

    organization = ForeignKeyField(Organization, backref="runs", on_delete="CASCADE", index=False)
    connection = ForeignKeyField(Connection, on_delete="CASCADE")
    started_by = ForeignKeyField(Account, null=True, on_delete="SET NULL")
    started_by_name = TextField(default="")
    scheduled = BooleanField(default=False)
    dry_run = BooleanField(default=False)
    state = TextField(default=QUEUED)
    holds_connection = BooleanField(default=True)
    claim = TextField(null=True)
    heartbeat_at = UTCDateTimeField(null=True)
    not_before = UTCDateTimeField(null=True)
    cursor = JSONField(default=dict)
    pages = IntegerField(default=0)
    people = IntegerField(default=0)
    groups = IntegerField(default=0)
    expected_people = IntegerField(null=True)
    expected_groups = IntegerField(null=True)
    to_apply = IntegerField(default=0)
    applied = IntegerField(default=0)
    send_welcome_mails = BooleanField(default=False)
    unknown_domains = JSONField(default=list)  # [{"name", "people"}, …], all verified in the tenant
    throttles = IntegerField(default=0)
    held = JSONField(default=list)  # [{"kind", "rows", "lately", "base", "number", "percent"}, …]
    held_from = ForeignKeyField("self", null=True, on_delete="SET NULL")
    held_digest = TextField(null=True)
    undoes = ForeignKeyField("self", null=True, on_delete="SET NULL")
    error_sentence = TextField(null=True)
    error_advice = TextField(null=True)
    error_code = TextField(null=True)
    error_correlation_id = TextField(null=True)
    created_at = UTCDateTimeField()
    planned_at = UTCDateTimeField(null=True)
    accepted_at = UTCDateTimeField(null=True)
    accepted_by_name = TextField(default="")
    finished_at = UTCDateTimeField(null=True)

    @property
    def is_working(self) -> bool:
        """Whether something happens by itself, so that a page should look again."""
        return self.state in WORKING_STATES

    @property
    def is_over(self) -> bool:
        """Whether nothing can happen to this run any more."""
        return self.state in (DONE, FAILED, CANCELLED, SUPERSEDED)

    class Meta:
        indexes = ((("organization", "created_at"), False),)


SyncRun.add_index(
    SyncRun.index(SyncRun.connection, unique=True, where=SQL("holds_connection"), name="sync_run_one_at_work")
)

ADDING, UPDATING, DISABLING, DELETING, EXEMPT, NOT_IMPORTED = SECTIONS = (
    "adding",
    "updating",
    "disabling",
    "deleting",
    "exempt",
    "not_imported",
)
TICKABLE = (ADDING, UPDATING, DISABLING, DELETING)


class SyncChange(Table):
    """One planned change, and later its outcome: the row of the review, of the result and of the audit.

    `before` and `after` hold the fields that change, under the names of `Account` plus `primary` and `aliases`.
    `link` is shared by changes that pass an address between them: ticked together, applied together. `offer` is what
    the row's own button would do (functional, convert). `moves_primary` marks another primary address, or none any
    more, which safety counts. `undoes` is the change whose opposite this one is. `outcome` is null, done, failed, stale
    or skipped.
    """

    run = ForeignKeyField(SyncRun, backref="changes", on_delete="CASCADE", index=False)
    object_id = TextField()
    section = TextField()
    kind = TextField()  # user, functional_account or group: what the row is, for its icon and the summary
    name = TextField()
    address = TextField(default="")
    before = JSONField(default=dict)
    after = JSONField(default=dict)
    reason = TextField(default="")
    notes = JSONField(default=list)  # sentences
    ticked = BooleanField(default=True)
    account = ForeignKeyField(Account, null=True, on_delete="SET NULL")
    account_version = IntegerField(null=True)
    fingerprint = TextField(null=True)
    link = IntegerField(null=True)
    moves_primary = BooleanField(default=False)
    undoes = ForeignKeyField("self", null=True, on_delete="SET NULL", index=False)
    offer = TextField(null=True)
    outcome = TextField(null=True)
    outcome_reason = TextField(default="")
    sort_key = TextField()
    search_key = TextField()

    class Meta:
        indexes = (
            (("run", "object_id"), True),
            (("run", "section", "sort_key", "id"), False),
        )


SyncChange.add_index(
    SyncChange.index(SyncChange.run, SyncChange.link, where=SQL("link IS NOT NULL"), name="sync_change_linked")
)
SyncChange.add_index(
    SyncChange.index(SyncChange.undoes, where=SQL("undoes_id IS NOT NULL"), name="sync_change_undoing")
)


class SyncChangeMember(Table):
    """One member that a group's change adds or takes away, by the member's id in the directory."""

    change = ForeignKeyField(SyncChange, backref="members", on_delete="CASCADE", index=False)
    member_id = TextField()
    name = TextField(default="")
    joins = BooleanField()

    class Meta:
        primary_key = CompositeKey("change", "member_id")


class Exemption(Folding, Table):
    """What the sync must leave alone, by object id or by primary address, until `last_day` or until it is ended."""

    KEYS = {"name": "name_key"}  # noqa: RUF012 - said in Folding

    organization = ForeignKeyField(Organization, backref="exemptions", on_delete="CASCADE", index=False)
    object_id = TextField(null=True)
    address = TextField(null=True)
    name = TextField(default="")
    name_key = TextField(default="")
    reason = TextField(default="")
    last_day = DateField(null=True)
    created_at = UTCDateTimeField()
    created_by_name = TextField()
    ended_at = UTCDateTimeField(null=True)
    ended_by_name = TextField(null=True)

    def is_in_force(self, today: date) -> bool:
        """Whether the sync leaves this alone on that day; the last day counts."""
        return self.ended_at is None and (self.last_day is None or self.last_day >= today)

    class Meta:
        indexes = (
            (("organization", "object_id"), False),
            (("organization", "address"), False),
            (("organization", "name_key"), False),
            (("organization", "id"), False),
        )


class AuditEvent(Table):
    """Who did what, when and from where. The database itself refuses to alter a row or to delete one."""

    organization = ForeignKeyField(Organization, null=True, on_delete="CASCADE", index=False)
    at = UTCDateTimeField()
    actor = TextField()  # a name, or what acted by itself, such as "the schedule"
    actor_address = TextField(default="")
    remote_address = TextField(default="")
    action = TextField()
    subject = TextField(default="")
    subject_account = IntegerField(null=True)  # by its number; no reference, for the log outlives accounts
    details = JSONField(default=dict)

    class Meta:
        indexes = (
            (("organization", "at"), False),
            (("organization", "action", "at"), False),
            (("organization", "subject_account", "at"), False),
        )


class AuditWord(Table):
    """A word that finds an event: one of who did something or of what it was about, folded."""

    event = ForeignKeyField(AuditEvent, on_delete="CASCADE", index=False)
    organization = ForeignKeyField(Organization, null=True, on_delete="CASCADE", index=False)
    word = TextField()
    at = UTCDateTimeField()  # the event's: so the newest of a word lie together

    class Meta:
        primary_key = CompositeKey("event", "word")
        indexes = ((("organization", "word", "at", "event"), False),)


class SignInSession(Table):
    """A signed-in browser, known by the hash of its token; deleting the row signs it out at once.

    It is good for the role in which it was opened: whose role changes has to sign in again. `confirmed_at` is when
    this browser last showed the strongest thing its account has; changing a factor asks for a recent one.
    `fallback` says that a password was used where Microsoft would have been the way.
    """

    account = ForeignKeyField(Account, backref="sessions", on_delete="CASCADE")
    token_hash = TextField(unique=True)
    role = TextField()
    first_step = TextField()  # password or microsoft
    fallback = BooleanField(default=False)
    microsoft_sid = TextField(null=True, index=True)  # under which Microsoft ends it from afar
    created_at = UTCDateTimeField()
    confirmed_at = UTCDateTimeField()
    seen_at = UTCDateTimeField()
    expires_at = UTCDateTimeField()
    browser = TextField(default="")
    remote_address = TextField(default="")


class HalfSignIn(Table):
    """A first step that went well and waits for its second: worth nothing but the right to try a code for minutes.

    `microsoft_tenant` and `microsoft_id` wait to be bound to an administrator who proves to be the owner.
    """

    account = ForeignKeyField(Account, on_delete="CASCADE")
    token_hash = TextField(unique=True)
    first_step = TextField()
    fallback = BooleanField(default=False)
    microsoft_sid = TextField(null=True)
    wanted = TextField(default="")  # the page to show afterwards
    created_at = UTCDateTimeField()
    expires_at = UTCDateTimeField()


class Authenticator(Table):
    """An authenticator app. Not confirmed until its first code; then it replaces the one before.

    `secret` is encrypted. `last_step` is the newest 30-second step whose code was spent, which none before it can be.
    """

    account = ForeignKeyField(Account, on_delete="CASCADE")
    secret = TextField()
    last_step = IntegerField(default=0)
    created_at = UTCDateTimeField()
    confirmed_at = UTCDateTimeField(null=True)


RECOVERY_CODE, TEXT_CODE, ISSUED_CODE = CODE_KINDS = ("recovery", "text", "issued")


class SecondFactorCode(Table):
    """A code that works once: a recovery code, one sent as a text message, or one that an administrator had mailed."""

    account = ForeignKeyField(Account, on_delete="CASCADE", index=False)
    kind = TextField()
    code_hash = TextField()
    created_at = UTCDateTimeField()
    expires_at = UTCDateTimeField(null=True)
    used_at = UTCDateTimeField(null=True)

    class Meta:
        indexes = ((("account", "kind"), False),)


class TrustedBrowser(Table):
    """A browser that showed a second factor and is not asked again for 12 hours."""

    account = ForeignKeyField(Account, on_delete="CASCADE")
    token_hash = TextField(unique=True)
    created_at = UTCDateTimeField()
    expires_at = UTCDateTimeField()
    browser = TextField(default="")
    remote_address = TextField(default="")


class PasswordLink(Table):
    """A mailed link to choose a password, by the hash of its token. Using it deletes the row."""

    account = ForeignKeyField(Account, on_delete="CASCADE")
    token_hash = TextField(unique=True)
    kind = TextField()  # welcome or reset
    created_at = UTCDateTimeField()
    expires_at = UTCDateTimeField()


class Attempt(Table):
    """Something that may be done only so often, such as trying a password for one address."""

    key = TextField()
    at = UTCDateTimeField()

    class Meta:
        indexes = ((("key", "at"), False),)


class Mail(Table):
    """A mail to be sent. It is composed when it is sent, so that no link and no code ever lies here.

    `kind` names the templates under mail/. `message_id` stays the same when it has to be sent again.
    """

    organization = ForeignKeyField(Organization, null=True, on_delete="CASCADE")
    account = ForeignKeyField(Account, null=True, on_delete="CASCADE")
    kind = TextField()
    to = TextField()
    details = JSONField(default=dict)
    message_id = TextField(unique=True)
    created_at = UTCDateTimeField()
    not_before = UTCDateTimeField(index=True)
    attempts = IntegerField(default=0)
    claimed_at = UTCDateTimeField(null=True)
    sent_at = UTCDateTimeField(null=True)
    given_up_at = UTCDateTimeField(null=True)
    error = TextField(default="")


class Tally(Table):
    """What is counted for good, whatever becomes of the rows: `name` is the metric's, `labels` what it is split by."""

    name = TextField()
    labels = TextField(default="")
    value = BigIntegerField(default=0)

    class Meta:
        indexes = ((("name", "labels"), True),)


UPLOADING, READING = "uploading", "reading"  # of a CSV import, whose other states are those of a run


class CsvImport(Table):
    """One file of people, from its upload to its result: in which state, who works on it, and what was counted.

    `headings` are the fields that the columns hold, in order, where the first line names them; null is the product's
    own format. `pieces` counts the pieces of the file, `pieces_read` those that were read. `position` is the number of
    the last line that is done with: in the file while it is read, among the rows while they are imported. `claim` and
    `heartbeat_at` are as those of a SyncRun. `unknown_domains` counts the addresses on each unregistered domain.
    """

    organization = ForeignKeyField(Organization, on_delete="CASCADE", index=False)
    created_by_name = TextField()
    file_name = TextField(default="")
    default_role = TextField(default=END_USER)
    send_welcome_mails = BooleanField(default=False)
    state = TextField(default=UPLOADING)
    claim = TextField(null=True)
    heartbeat_at = UTCDateTimeField(null=True)
    delimiter = TextField(default=",")
    headings = JSONField(null=True)
    unread_headings = JSONField(default=list)
    unknown_domains = JSONField(default=dict)
    pieces = IntegerField(default=0)
    pieces_read = IntegerField(default=0)
    position = IntegerField(default=0)
    lines = IntegerField(default=0)
    bad = IntegerField(default=0)
    ticked = IntegerField(default=0)
    made = IntegerField(default=0)
    failed = IntegerField(default=0)
    error_sentence = TextField(null=True)
    created_at = UTCDateTimeField()
    accepted_at = UTCDateTimeField(null=True)
    accepted_by_name = TextField(default="")
    finished_at = UTCDateTimeField(null=True)

    WORKING = (READING, APPLYING)

    @property
    def is_working(self) -> bool:
        """Whether something happens by itself, so that a page should look again."""
        return self.state in self.WORKING

    class Meta:
        indexes = ((("organization", "id"), False),)


class CsvPiece(Table):
    """A piece of an uploaded file's text, kept until every line of it is a row."""

    csv_import = ForeignKeyField(CsvImport, on_delete="CASCADE", index=False)
    number = IntegerField()
    content = TextField()

    class Meta:
        primary_key = CompositeKey("csv_import", "number")


class CsvRow(Table):
    """One line of a file, by the number of its first line: good, bad, imported or failed, and why.

    `fields` is what would become of a good line; of a bad one, what stands in the file. `account` is what came of it.
    """

    csv_import = ForeignKeyField(CsvImport, on_delete="CASCADE", index=False)
    number = IntegerField()
    standing = TextField()
    ticked = BooleanField()
    name = TextField(default="")
    address = TextField(default="")
    fields = JSONField()
    reason = TextField(default="")
    account = ForeignKeyField(Account, null=True, on_delete="SET NULL", index=False)

    class Meta:
        primary_key = CompositeKey("csv_import", "number")
        indexes = ((("csv_import", "standing", "number"), False),)


CsvRow.add_index(CsvRow.index(CsvRow.account, where=SQL("account_id IS NOT NULL"), name="csv_row_account"))


class CsvAddress(Table):
    """Which line of a file has an address, for finding it twice; kept while the file is read."""

    csv_import = ForeignKeyField(CsvImport, on_delete="CASCADE", index=False)
    address = TextField()
    number = IntegerField()

    class Meta:
        primary_key = CompositeKey("csv_import", "address")


PREPARING = "preparing"  # of a mass update, whose other states are those of a run
TO_DO, CHANGED, NOT_CHANGED, LEFT_OUT = ROW_STANDINGS = ("to_do", "changed", "not_changed", "left_out")


class MassUpdate(Table):
    """One action on many accounts: on which, what it changes, how far it is, and what came of it.

    `types` are those of the list that it began on. `ticked` are the ids of the accounts that were ticked there; null
    means all that `wanted`, the filter of the list, finds. `choices` is what to change (mass_update/choices.py).
    `position` is the id of the last account that was looked at while the preview is made; what is left to apply says
    each row by itself. `claim` and `heartbeat_at` are as those of a SyncRun.
    """

    WORKING = (PREPARING, APPLYING)

    organization = ForeignKeyField(Organization, on_delete="CASCADE", index=False)
    created_by = ForeignKeyField(Account, null=True, on_delete="SET NULL", index=False)
    created_by_name = TextField()
    types = JSONField()
    ticked = JSONField(null=True)
    wanted = JSONField(default=dict)
    choices = JSONField()
    state = TextField(default=PREPARING)
    claim = TextField(null=True)
    heartbeat_at = UTCDateTimeField(null=True)
    position = IntegerField(default=0)
    expected = IntegerField(null=True)
    to_change = IntegerField(default=0)
    left_out = IntegerField(default=0)
    changed = IntegerField(default=0)
    not_changed = IntegerField(default=0)
    created_at = UTCDateTimeField()
    prepared_at = UTCDateTimeField(null=True)
    accepted_at = UTCDateTimeField(null=True)
    accepted_by = ForeignKeyField(Account, null=True, on_delete="SET NULL", index=False)
    accepted_by_name = TextField(default="")
    finished_at = UTCDateTimeField(null=True)

    @property
    def is_working(self) -> bool:
        """Whether something happens by itself, so that a page should look again."""
        return self.state in self.WORKING

    class Meta:
        indexes = ((("organization", "id"), False),)


class MassUpdateRow(Table):
    """One account in a mass update, at the version that was looked at: what changes, or why nothing does.

    `before` and `after` hold what changes: type, receives_digest, active, exemption (null or its reason and last day)
    and welcome_mail.
    """

    mass_update = ForeignKeyField(MassUpdate, on_delete="CASCADE", index=False)
    account = ForeignKeyField(Account, null=True, on_delete="SET NULL", index=False)
    account_version = IntegerField()
    standing = TextField()
    name = TextField(default="")
    name_key = TextField(default="")
    address = TextField(default="")
    before = JSONField(default=dict)
    after = JSONField(default=dict)
    reason = TextField(default="")

    class Meta:
        indexes = (
            (("account", "mass_update"), True),
            (("mass_update", "standing", "name_key", "id"), False),
        )


TABLES = (
    Installation, Organization, Domain, DomainClaim, Account, Address, Membership, Connection, DirectoryObject,
    DirectoryAddress, DirectoryMember, SyncRun, SyncChange, SyncChangeMember, Exemption, AuditEvent, AuditWord,
    SignInSession, HalfSignIn, Authenticator, SecondFactorCode, TrustedBrowser, PasswordLink, Attempt, Mail, Tally,
    CsvImport, CsvPiece, CsvRow, CsvAddress, MassUpdate, MassUpdateRow,
)  # fmt: skip
