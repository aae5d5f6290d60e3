"""One action on many accounts: what it changes, and a row for each account, before anything changes and afterwards."""

from peewee import *


def up(migrator, db):
    class Organization(Model):
        class Meta:
            database = db
            table_name = 'organization'

    class Account(Model):
        class Meta:
            database = db
            table_name = 'account'

    class MassUpdate(Model):
        organization = ForeignKeyField(Organization, on_delete='CASCADE', index=False)
        created_by = ForeignKeyField(Account, null=True, on_delete='SET NULL', index=False)
        created_by_name = TextField()
        types = TextField()
        ticked = TextField(null=True)
        wanted = TextField(default='{}')
        choices = TextField()
        state = TextField(default='preparing')
        claim = TextField(null=True)
        heartbeat_at = DateTimeField(null=True)
        position = IntegerField(default=0)
        expected = IntegerField(null=True)
        to_change = IntegerField(default=0)
        left_out = IntegerField(default=0)
        changed = IntegerField(default=0)
        not_changed = IntegerField(default=0)
        created_at = DateTimeField()
        prepared_at = DateTimeField(null=True)
        accepted_at = DateTimeField(null=True)
        accepted_by = ForeignKeyField(Account, null=True, on_delete='SET NULL', index=False)
        accepted_by_name = TextField(default='')
        finished_at = DateTimeField(null=True)
        class Meta:
            database = db
            table_name = 'mass_update'
            indexes = ((('organization', 'id'), False),)

    class MassUpdateRow(Model):
        mass_update = ForeignKeyField(MassUpdate, on_delete='CASCADE', index=False)
        account = ForeignKeyField(Account, null=True, on_delete='SET NULL', index=False)
        account_version = IntegerField()
        standing = TextField()
        name = TextField(default='')
        name_key = TextField(default='')
        address = TextField(default='')
        before = TextField(default='{}')
        after = TextField(default='{}')
        reason = TextField(default='')
        class Meta:
            database = db
            table_name = 'mass_update_row'
            indexes = (
                (('account', 'mass_update'), True),
                (('mass_update', 'standing', 'name_key', 'id'), False),
            )

    db.create_tables([MassUpdate, MassUpdateRow])
