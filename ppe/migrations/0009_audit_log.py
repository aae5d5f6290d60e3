"""The audit log: by which address somebody acted, and a database that lets no row be altered or deleted."""

from peewee import SqliteDatabase

REFUSAL = "the audit log is only ever added to"


def up(migrator, db):
    db.execute_sql("ALTER TABLE audit_event ADD COLUMN actor_address TEXT NOT NULL DEFAULT ''")
    db.execute_sql("CREATE INDEX audit_event_organization_id_action_at ON audit_event (organization_id, action, at)")
    if isinstance(db, SqliteDatabase):
        for deed in ("UPDATE", "DELETE"):
            db.execute_sql(
                f"CREATE TRIGGER audit_event_no_{deed.lower()} BEFORE {deed} ON audit_event"
                f" BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
            )
        return
    db.execute_sql(
        "CREATE FUNCTION audit_event_refuse() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN RAISE EXCEPTION '{REFUSAL}'; END $$"
    )
    db.execute_sql(
        "CREATE TRIGGER audit_event_append_only BEFORE UPDATE OR DELETE ON audit_event"
        " FOR EACH ROW EXECUTE FUNCTION audit_event_refuse()"
    )
