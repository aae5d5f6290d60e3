"""Further addresses that get the notices, besides the tech contact."""


def up(migrator, db):
    db.execute_sql("ALTER TABLE organization ADD COLUMN notice_addresses TEXT NOT NULL DEFAULT '[]'")
