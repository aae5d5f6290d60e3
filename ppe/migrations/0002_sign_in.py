"""Signing in: Microsoft, second factors, sessions that can be told apart, and the mails that go with them."""

from peewee import *

COLUMNS = (
    "organization ADD COLUMN second_factor TEXT NOT NULL DEFAULT 'administrators'",
    "organization ADD COLUMN second_factor_after_microsoft BOOLEAN NOT NULL DEFAULT FALSE",
    "organization ADD COLUMN tech_contact_id INTEGER REFERENCES account (id) ON DELETE SET NULL",
    "account ADD COLUMN mobile_changed_at TIMESTAMP",
    "account ADD COLUMN second_factor_at TIMESTAMP",
    "account ADD COLUMN microsoft_tenant TEXT",
    "account ADD COLUMN microsoft_id TEXT",
    "connection DROP COLUMN send_welcome_mails",
)
INDEXES = (
    "CREATE INDEX organization_tech_contact_id ON organization (tech_contact_id)",
    "CREATE UNIQUE INDEX account_organization_id_microsoft_id ON account (organization_id, microsoft_id)",
)


def up(migrator, db):
    for change in COLUMNS:
        db.execute_sql(f"ALTER TABLE {change}")
    for index in INDEXES:
        db.execute_sql(index)
    # Whoever is signed in signs in once more: what a session has to say from now on, the old rows cannot.
    # Failures count for minutes, so those of before the update are not worth carrying over.
    for table in ('sign_in_session', 'sign_in_failure'):
        migrator.migrate(migrator.drop_table(table))

    class Organization(Model):
        class Meta:
            database = db
            table_name = 'organization'

    class Account(Model):
        class Meta:
            database = db
            table_name = 'account'

    class SignInSession(Model):
        account = ForeignKeyField(Account, on_delete='CASCADE')
        token_hash = TextField(unique=True)
        role = TextField()
        first_step = TextField()
        fallback = BooleanField(default=False)
        microsoft_sid = TextField(null=True, index=True)
        created_at = DateTimeField()
        confirmed_at = DateTimeField()
        seen_at = DateTimeField()
        expires_at = DateTimeField()
        browser = TextField(default='')
        remote_address = TextField(default='')
        class Meta:
            database = db
            table_name = 'sign_in_session'

    class HalfSignIn(Model):
        account = ForeignKeyField(Account, on_delete='CASCADE')
        token_hash = TextField(unique=True)
        first_step = TextField()
        fallback = BooleanField(default=False)
        microsoft_sid = TextField(null=True)
        wanted = TextField(default='')
        created_at = DateTimeField()
        expires_at = DateTimeField()
        class Meta:
            database = db
            table_name = 'half_sign_in'

    class Authenticator(Model):
        account = ForeignKeyField(Account, on_delete='CASCADE')
        secret = TextField()
        last_step = IntegerField(default=0)
        created_at = DateTimeField()
        confirmed_at = DateTimeField(null=True)
        class Meta:
            database = db
            table_name = 'authenticator'

    class SecondFactorCode(Model):
        account = ForeignKeyField(Account, on_delete='CASCADE', index=False)
        kind = TextField()
        code_hash = TextField()
        created_at = DateTimeField()
        expires_at = DateTimeField(null=True)
        used_at = DateTimeField(null=True)
        class Meta:
            database = db
            table_name = 'second_factor_code'
            indexes = ((('account', 'kind'), False),)

    class TrustedBrowser(Model):
        account = ForeignKeyField(Account, on_delete='CASCADE')
        token_hash = TextField(unique=True)
        created_at = DateTimeField()
        expires_at = DateTimeField()
        browser = TextField(default='')
        remote_address = TextField(default='')
        class Meta:
            database = db
            table_name = 'trusted_browser'

    class PasswordLink(Model):
        account = ForeignKeyField(Account, on_delete='CASCADE')
        token_hash = TextField(unique=True)
        kind = TextField()
        created_at = DateTimeField()
        expires_at = DateTimeField()
        class Meta:
            database = db
            table_name = 'password_link'

    class Attempt(Model):
        key = TextField()
        at = DateTimeField()
        class Meta:
            database = db
            table_name = 'attempt'
            indexes = ((('key', 'at'), False),)

    class Mail(Model):
        organization = ForeignKeyField(Organization, null=True, on_delete='CASCADE')
        account = ForeignKeyField(Account, null=True, on_delete='CASCADE')
        kind = TextField()
        to = TextField()
        details = TextField(default='{}')
        message_id = TextField(unique=True)
        created_at = DateTimeField()
        not_before = DateTimeField(index=True)
        attempts = IntegerField(default=0)
        claimed_at = DateTimeField(null=True)
        sent_at = DateTimeField(null=True)
        given_up_at = DateTimeField(null=True)
        error = TextField(default='')
        class Meta:
            database = db
            table_name = 'mail'

    db.create_tables(
        [SignInSession, HalfSignIn, Authenticator, SecondFactorCode, TrustedBrowser, PasswordLink, Attempt, Mail]
    )
