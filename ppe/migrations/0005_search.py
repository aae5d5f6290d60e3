"""Lists that stay quick: folded names beside the names, and the indexes that lists and searches are read off."""

import unicodedata

from peewee import SqliteDatabase

AT_ONCE = 2000
LISTED = "account (organization_id, type, name_key, id, active, removed_at, directory_id)"
INDEXES = (
    LISTED,
    "account (organization_id, surname_key, id, type, active, removed_at, directory_id)",
    "exemption (organization_id, name_key)",
    "exemption (organization_id, id)",
    "audit_event (organization_id, subject, at)",
)

# Of these there are few as a rule, and a list that shows them alone should not look at the others.
FEW = {"removed": "removed_at IS NOT NULL", "inactive": "NOT active", "by_hand": "directory_id IS NULL"}


def up(migrator, db):
    # PostgreSQL would sort by its language, which finds no beginnings: here it compares as SQLite does.
    bytewise = "" if isinstance(db, SqliteDatabase) else ' COLLATE "C"'
    for column in ("account ADD COLUMN name_key", "account ADD COLUMN surname_key", "exemption ADD COLUMN name_key"):
        db.execute_sql(f"ALTER TABLE {column} TEXT{bytewise} NOT NULL DEFAULT ''")
    _fill(db, "account", ("display_name", "last_name"), ("name_key", "surname_key"))
    _fill(db, "exemption", ("name",), ("name_key",))
    db.execute_sql("DROP INDEX account_organization_id_type_display_name")
    for index in INDEXES:
        table, _, columns = index.partition(" ")
        name = "_".join((table, *columns.strip("()").split(", ")))[:60]
        db.execute_sql(f"CREATE INDEX {name} ON {index}")
    for name, condition in FEW.items():
        db.execute_sql(f"CREATE INDEX account_{name} ON {LISTED} WHERE {condition}")
    db.execute_sql(f"CREATE INDEX address_domain_account_id ON address (domain{bytewise}, account_id)")
    db.execute_sql(f"CREATE INDEX address_address_account_id ON address (address{bytewise}, account_id)")


def _fill(db, table, texts, keys):
    """In batches: a hundred thousand rows are not held at once."""
    last, mark = 0, db.param
    setting = ", ".join(f"{key} = {mark}" for key in keys)
    while True:
        rows = db.execute_sql(
            f"SELECT id, {', '.join(texts)} FROM {table} WHERE id > {mark} ORDER BY id LIMIT {AT_ONCE}", (last,)
        ).fetchall()
        if not rows:
            return
        last = rows[-1][0]
        db.cursor().executemany(
            f"UPDATE {table} SET {setting} WHERE id = {mark}",
            [(*(_folded(text or "") for text in row[1:]), row[0]) for row in rows],
        )


def _folded(text):
    """As ppe.models.folded was when this was written."""
    if text.isascii():
        return text.lower()
    return "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
