"""Which account came of a line of a CSV file: the history of an account begins with it."""


def up(migrator, db):
    db.execute_sql("ALTER TABLE csv_row ADD COLUMN account_id INTEGER REFERENCES account (id) ON DELETE SET NULL")
    db.execute_sql("CREATE INDEX csv_row_account ON csv_row (account_id) WHERE account_id IS NOT NULL")
