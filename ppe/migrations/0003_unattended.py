"""Syncs that run by themselves: when, within which limits, what they held back; and the way back."""

from peewee import *

COLUMNS = (
    "installation ADD COLUMN worker_seen_at TIMESTAMP",
    "installation ADD COLUMN swept_at TIMESTAMP",
    "organization ADD COLUMN summary_until TIMESTAMP",
    "account ADD COLUMN removed_memberships TEXT",
    "connection ADD COLUMN next_sync_at TIMESTAMP",
    "connection ADD COLUMN frequency_reset_reason TEXT",
    "connection ADD COLUMN contact_missing_since TIMESTAMP",
    "connection ADD COLUMN limits TEXT NOT NULL DEFAULT '{}'",
    "connection ADD COLUMN holding_since TIMESTAMP",
    "connection ADD COLUMN failing_since TIMESTAMP",
    "connection ADD COLUMN failures INTEGER NOT NULL DEFAULT 0",
    "connection ADD COLUMN secret_warned INTEGER",
    "sync_run ADD COLUMN dry_run BOOLEAN NOT NULL DEFAULT FALSE",
    "sync_run ADD COLUMN throttles INTEGER NOT NULL DEFAULT 0",
    "sync_run ADD COLUMN held TEXT NOT NULL DEFAULT '[]'",
    "sync_run ADD COLUMN held_from_id INTEGER REFERENCES sync_run (id) ON DELETE SET NULL",
    "sync_run ADD COLUMN held_digest TEXT",
    "sync_run ADD COLUMN undoes_id INTEGER REFERENCES sync_run (id) ON DELETE SET NULL",
    "sync_change ADD COLUMN moves_primary BOOLEAN NOT NULL DEFAULT FALSE",
    "sync_change ADD COLUMN undoes_id INTEGER REFERENCES sync_change (id) ON DELETE SET NULL",
)
INDEXES = (
    "CREATE INDEX connection_next_sync_at ON connection (next_sync_at)",
    "CREATE INDEX sync_run_held_from_id ON sync_run (held_from_id)",
    "CREATE INDEX sync_run_undoes_id ON sync_run (undoes_id)",
    "CREATE INDEX sync_change_undoing ON sync_change (undoes_id) WHERE undoes_id IS NOT NULL",
)


def up(migrator, db):
    for change in COLUMNS:
        db.execute_sql(f"ALTER TABLE {change}")
    for index in INDEXES:
        db.execute_sql(index)
    # A frequency that was chosen before has no slot yet: the first one has come.
    db.execute_sql("UPDATE connection SET next_sync_at = '2020-01-01 00:00:00' WHERE sync_frequency > 0")

    class Tally(Model):
        name = TextField()
        labels = TextField(default='')
        value = BigIntegerField(default=0)
        class Meta:
            database = db
            table_name = 'tally'
            indexes = ((('name', 'labels'), True),)
    db.create_tables([Tally])
