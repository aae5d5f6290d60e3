"""Which objects are gone, or about to be, is asked in every run: of a whole mirror they are few."""


def up(migrator, db):
    db.execute_sql("CREATE INDEX directory_object_gone ON directory_object (connection_id) WHERE gone_at IS NOT NULL")
    db.execute_sql(
        "CREATE INDEX directory_object_removed ON directory_object (connection_id, removed_in_run)"
        " WHERE removed_in_run IS NOT NULL"
    )
