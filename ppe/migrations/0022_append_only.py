"""Two ways around the refusals of the audit log: emptying the table as a whole, and putting a row in another's place."""

from peewee import SqliteDatabase


def up(migrator, db):
    if isinstance(db, SqliteDatabase):
        # INSERT OR REPLACE deletes what it replaces, and asks no trigger.
        db.execute_sql(
            "CREATE TRIGGER audit_event_no_replace BEFORE INSERT ON audit_event"
            " WHEN EXISTS (SELECT 1 FROM audit_event WHERE id = NEW.id)"
            " BEGIN SELECT RAISE(ABORT, 'the audit log is only ever added to'); END"
        )
    else:
        db.execute_sql(
            "CREATE TRIGGER audit_event_no_truncate BEFORE TRUNCATE ON audit_event"
            " FOR EACH STATEMENT EXECUTE FUNCTION audit_event_refuse()"
        )
