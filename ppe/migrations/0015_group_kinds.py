"""What kind of group a functional account made by hand is, and indexes that find accounts by their kind."""


def up(migrator, db):
    db.execute_sql("ALTER TABLE account ADD COLUMN group_kind TEXT")
    db.execute_sql(
        "CREATE INDEX account_kinds ON account (organization_id, group_kind) WHERE group_kind IS NOT NULL"
    )
    db.execute_sql(
        "CREATE INDEX directory_object_kinds ON directory_object (connection_id, group_kind, object_id)"
        " WHERE group_kind IS NOT NULL"
    )
