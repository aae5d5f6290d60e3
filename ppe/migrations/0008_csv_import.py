"""People from a file: the uploaded text, its lines as rows to look at, and what became of them."""

from peewee import *


def up(migrator, db):
    class Organization(Model):
        class Meta:
            database = db
            table_name = 'organization'

    class CsvImport(Model):
        organization = ForeignKeyField(Organization, on_delete='CASCADE', index=False)
        created_by_name = TextField()
        file_name = TextField(default='')
        default_role = TextField(default='end_user')
        send_welcome_mails = BooleanField(default=False)
        state = TextField(default='uploading')
        claim = TextField(null=True)
        heartbeat_at = DateTimeField(null=True)
        delimiter = TextField(default=',')
        headings = TextField(null=True)
        unread_headings = TextField(default='[]')
        unknown_domains = TextField(default='{}')
        pieces = IntegerField(default=0)
        pieces_read = IntegerField(default=0)
        position = IntegerField(default=0)
        lines = IntegerField(default=0)
        bad = IntegerField(default=0)
        ticked = IntegerField(default=0)
        made = IntegerField(default=0)
        failed = IntegerField(default=0)
        error_sentence = TextField(null=True)
        created_at = DateTimeField()
        accepted_at = DateTimeField(null=True)
        accepted_by_name = TextField(default='')
        finished_at = DateTimeField(null=True)
        class Meta:
            database = db
            table_name = 'csv_import'
            indexes = ((('organization', 'id'), False),)

    class CsvPiece(Model):
        csv_import = ForeignKeyField(CsvImport, on_delete='CASCADE', index=False)
        number = IntegerField()
        content = TextField()
        class Meta:
            database = db
            table_name = 'csv_piece'
            primary_key = CompositeKey('csv_import', 'number')

    class CsvRow(Model):
        csv_import = ForeignKeyField(CsvImport, on_delete='CASCADE', index=False)
        number = IntegerField()
        standing = TextField()
        ticked = BooleanField()
        name = TextField(default='')
        address = TextField(default='')
        fields = TextField()
        reason = TextField(default='')
        class Meta:
            database = db
            table_name = 'csv_row'
            primary_key = CompositeKey('csv_import', 'number')
            indexes = ((('csv_import', 'standing', 'number'), False),)

    class CsvAddress(Model):
        csv_import = ForeignKeyField(CsvImport, on_delete='CASCADE', index=False)
        address = TextField()
        number = IntegerField()
        class Meta:
            database = db
            table_name = 'csv_address'
            primary_key = CompositeKey('csv_import', 'address')

    db.create_tables([CsvImport, CsvPiece, CsvRow, CsvAddress])
