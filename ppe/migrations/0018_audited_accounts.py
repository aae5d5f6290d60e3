"""An event tells which account it is about: addresses and names find new owners, and the history of one is not another's."""

# Without a reference: the log outlives accounts, and lets no row be altered.
STATEMENTS = (
    "ALTER TABLE audit_event ADD COLUMN subject_account INTEGER",
    "CREATE INDEX audit_event_organization_id_subject_account_at ON audit_event (organization_id, subject_account, at)",
    "DROP INDEX audit_event_organization_id_subject_at",
)


def up(migrator, db):
    for statement in STATEMENTS:
        db.execute_sql(statement)
