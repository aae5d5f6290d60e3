"""The tables of the first release: a frozen copy, on purpose independent of ppe/models.py."""

from peewee import *


def up(migrator, db):
    embedded = isinstance(db, SqliteDatabase)  # there, a table of pairs needs no second tree for its rows

    class Organization(Model):
        name = TextField()
        time_zone = TextField(default='UTC')
        created_at = DateTimeField()
        class Meta:
            database = db
            table_name = 'organization'
    db.create_tables([Organization])

    class Account(Model):
        organization = ForeignKeyField(Organization, on_delete='CASCADE', index=False)
        type = TextField()
        display_name = TextField()
        first_name = TextField(default='')
        last_name = TextField(default='')
        mobile = TextField(default='')
        active = BooleanField(default=True)
        deactivated_by = TextField(null=True)
        read_only = BooleanField(default=False)
        password_hash = TextField(null=True)
        receives_digest = BooleanField(default=False)
        directory_tenant = TextField(null=True)
        directory_id = TextField(null=True)
        directory_fingerprint = TextField(null=True)
        converted_at = DateTimeField(null=True)
        version = IntegerField(default=1)
        created_at = DateTimeField()
        removed_at = DateTimeField(null=True)
        removed_addresses = TextField(null=True)
        class Meta:
            database = db
            table_name = 'account'
            indexes = ((('organization', 'directory_id'), True), (('organization', 'type', 'display_name'), False))
    db.create_tables([Account])

    class Address(Model):
        account = ForeignKeyField(Account, on_delete='CASCADE')
        address = TextField(unique=True)
        domain = TextField()
        is_primary = BooleanField()
        class Meta:
            database = db
            table_name = 'address'
    db.create_tables([Address])

    class AuditEvent(Model):
        organization = ForeignKeyField(Organization, null=True, on_delete='CASCADE', index=False)
        at = DateTimeField()
        actor = TextField()
        remote_address = TextField(default='')
        action = TextField()
        subject = TextField(default='')
        details = TextField(default="{}")
        class Meta:
            database = db
            table_name = 'audit_event'
            indexes = ((('organization', 'at'), False),)
    db.create_tables([AuditEvent])

    class Connection(Model):
        organization = ForeignKeyField(Organization, unique=True, on_delete='CASCADE')
        default_user_role_name = TextField(default='end_user')
        primary_domain = TextField(default='')
        application_id = TextField(default='')
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
        disable_login = BooleanField(default=False)
        send_welcome_mails = BooleanField(default=False)
        tenant_id = TextField(null=True)
        secret_expiry = DateTimeField(null=True)
        last_verified_at = DateTimeField(null=True)
        last_scheduled_success_at = DateTimeField(null=True)
        last_successful_sync = DateTimeField(null=True)
        error_sentence = TextField(null=True)
        error_advice = TextField(null=True)
        error_code = TextField(null=True)
        error_correlation_id = TextField(null=True)
        users_delta_link = TextField(null=True)
        groups_delta_link = TextField(null=True)
        class Meta:
            database = db
            table_name = 'connection'
    db.create_tables([Connection])

    class DirectoryAddress(Model):
        connection = ForeignKeyField(Connection, on_delete='CASCADE', index=False)
        object_id = TextField()
        address = TextField()
        is_primary = BooleanField()
        class Meta:
            database = db
            table_name = 'directory_address'
            without_rowid = embedded
            primary_key = CompositeKey('connection', 'object_id', 'address')
            indexes = ((('connection', 'address', 'object_id'), False),)
    db.create_tables([DirectoryAddress])

    class DirectoryMember(Model):
        connection = ForeignKeyField(Connection, on_delete='CASCADE', index=False)
        group_id = TextField()
        member_id = TextField()
        seen_in_run = IntegerField()
        class Meta:
            database = db
            table_name = 'directory_member'
            without_rowid = embedded
            primary_key = CompositeKey('connection', 'group_id', 'member_id')
            indexes = ((('connection', 'member_id'), False),)
    db.create_tables([DirectoryMember])

    class DirectoryObject(Model):
        connection = ForeignKeyField(Connection, on_delete='CASCADE', index=False)
        object_id = TextField()
        is_group = BooleanField()
        group_kind = TextField(null=True)
        display_name = TextField(default='')
        first_name = TextField(default='')
        last_name = TextField(default='')
        mobile = TextField(default='')
        mail = TextField(default='')
        user_principal_name = TextField(default='')
        proxy_addresses = TextField(default="[]")
        primary_address = TextField(null=True)
        enabled = BooleanField(default=True)
        guest = BooleanField(default=False)
        fingerprint = TextField()
        seen_in_run = IntegerField()
        removed_in_run = IntegerField(null=True)
        gone_at = DateTimeField(null=True)
        class Meta:
            database = db
            table_name = 'directory_object'
            indexes = ((('connection', 'object_id'), True),)
    db.create_tables([DirectoryObject])

    class Domain(Model):
        organization = ForeignKeyField(Organization, on_delete='CASCADE')
        name = TextField(unique=True)
        kind = TextField()
        proof = TextField()
        created_at = DateTimeField()
        class Meta:
            database = db
            table_name = 'domain'
    db.create_tables([Domain])

    class Exemption(Model):
        organization = ForeignKeyField(Organization, on_delete='CASCADE', index=False)
        object_id = TextField(null=True)
        address = TextField(null=True)
        name = TextField(default='')
        reason = TextField(default='')
        last_day = DateField(null=True)
        created_at = DateTimeField()
        created_by_name = TextField()
        ended_at = DateTimeField(null=True)
        ended_by_name = TextField(null=True)
        class Meta:
            database = db
            table_name = 'exemption'
            indexes = ((('organization', 'object_id'), False), (('organization', 'address'), False))
    db.create_tables([Exemption])

    class Installation(Model):
        setup_token_hash = TextField(null=True)
        setup_token_expires_at = DateTimeField(null=True)
        setup_completed_at = DateTimeField(null=True)
        demo = BooleanField(default=False)
        class Meta:
            database = db
            table_name = 'installation'
    db.create_tables([Installation])

    class Membership(Model):
        group = ForeignKeyField(Account, on_delete='CASCADE', index=False)
        member = ForeignKeyField(Account, on_delete='CASCADE')
        class Meta:
            database = db
            table_name = 'membership'
            without_rowid = embedded
            primary_key = CompositeKey('group', 'member')
            indexes = ((('member',), False),)
    db.create_tables([Membership])

    class Attempt(Model):
        key = TextField()
        at = DateTimeField()
        class Meta:
            database = db
            table_name = 'sign_in_failure'
            indexes = ((('key', 'at'), False),)
    db.create_tables([Attempt])

    class SignInSession(Model):
        account = ForeignKeyField(Account, on_delete='CASCADE')
        token_hash = TextField(unique=True)
        created_at = DateTimeField()
        expires_at = DateTimeField()
        remote_address = TextField(default='')
        class Meta:
            database = db
            table_name = 'sign_in_session'
    db.create_tables([SignInSession])

    class SyncRun(Model):
        organization = ForeignKeyField(Organization, on_delete='CASCADE', index=False)
        connection = ForeignKeyField(Connection, on_delete='CASCADE')
        started_by = ForeignKeyField(Account, null=True, on_delete='SET NULL')
        started_by_name = TextField(default='')
        scheduled = BooleanField(default=False)
        state = TextField(default='queued')
        holds_connection = BooleanField(default=True)
        claim = TextField(null=True)
        heartbeat_at = DateTimeField(null=True)
        not_before = DateTimeField(null=True)
        cursor = TextField(default="{}")
        pages = IntegerField(default=0)
        people = IntegerField(default=0)
        groups = IntegerField(default=0)
        expected_people = IntegerField(null=True)
        expected_groups = IntegerField(null=True)
        to_apply = IntegerField(default=0)
        applied = IntegerField(default=0)
        send_welcome_mails = BooleanField(default=False)
        unknown_domains = TextField(default="[]")
        error_sentence = TextField(null=True)
        error_advice = TextField(null=True)
        error_code = TextField(null=True)
        error_correlation_id = TextField(null=True)
        created_at = DateTimeField()
        planned_at = DateTimeField(null=True)
        accepted_at = DateTimeField(null=True)
        accepted_by_name = TextField(default='')
        finished_at = DateTimeField(null=True)
        class Meta:
            database = db
            table_name = 'sync_run'
            indexes = ((('organization', 'created_at'), False),)
    db.create_tables([SyncRun])

    class SyncChange(Model):
        run = ForeignKeyField(SyncRun, on_delete='CASCADE', index=False)
        object_id = TextField()
        section = TextField()
        kind = TextField()
        name = TextField()
        address = TextField(default='')
        before = TextField(default="{}")
        after = TextField(default="{}")
        reason = TextField(default='')
        notes = TextField(default="[]")
        ticked = BooleanField(default=True)
        account = ForeignKeyField(Account, null=True, on_delete='SET NULL')
        account_version = IntegerField(null=True)
        fingerprint = TextField(null=True)
        link = IntegerField(null=True)
        offer = TextField(null=True)
        outcome = TextField(null=True)
        outcome_reason = TextField(default='')
        sort_key = TextField()
        search_key = TextField()
        class Meta:
            database = db
            table_name = 'sync_change'
            indexes = ((('run', 'object_id'), True), (('run', 'section', 'sort_key', 'id'), False))
    db.create_tables([SyncChange])

    class SyncChangeMember(Model):
        change = ForeignKeyField(SyncChange, on_delete='CASCADE', index=False)
        member_id = TextField()
        name = TextField(default='')
        joins = BooleanField()
        class Meta:
            database = db
            table_name = 'sync_change_member'
            without_rowid = embedded
            primary_key = CompositeKey('change', 'member_id')
    db.create_tables([SyncChangeMember])
    db.execute_sql("CREATE INDEX sync_change_linked ON sync_change (run_id, link) WHERE link IS NOT NULL")
    db.execute_sql("CREATE UNIQUE INDEX sync_run_one_at_work ON sync_run (connection_id) WHERE holds_connection")


def down(migrator, db):
    migrator.migrate(migrator.drop_table('sync_change_member'))
    migrator.migrate(migrator.drop_table('sync_change'))
    migrator.migrate(migrator.drop_table('sync_run'))
    migrator.migrate(migrator.drop_table('sign_in_session'))
    migrator.migrate(migrator.drop_table('sign_in_failure'))
    migrator.migrate(migrator.drop_table('membership'))
    migrator.migrate(migrator.drop_table('installation'))
    migrator.migrate(migrator.drop_table('exemption'))
    migrator.migrate(migrator.drop_table('domain'))
    migrator.migrate(migrator.drop_table('directory_object'))
    migrator.migrate(migrator.drop_table('directory_member'))
    migrator.migrate(migrator.drop_table('directory_address'))
    migrator.migrate(migrator.drop_table('connection'))
    migrator.migrate(migrator.drop_table('audit_event'))
    migrator.migrate(migrator.drop_table('address'))
    migrator.migrate(migrator.drop_table('account'))
    migrator.migrate(migrator.drop_table('organization'))
