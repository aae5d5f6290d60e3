"""Domains that somebody says are theirs, until their DNS says so too."""

from peewee import *


def up(migrator, db):
    class Organization(Model):
        class Meta:
            database = db
            table_name = 'organization'

    class DomainClaim(Model):
        organization = ForeignKeyField(Organization, on_delete='CASCADE', index=False)
        name = TextField()
        kind = TextField()
        token = TextField()
        created_at = DateTimeField()
        class Meta:
            database = db
            table_name = 'domain_claim'
            indexes = ((('organization', 'name'), True),)
    db.create_tables([DomainClaim])
