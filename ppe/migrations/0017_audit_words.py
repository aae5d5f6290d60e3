"""The audit log is searched by words, and the words of an event lie beside it."""

import re
import unicodedata

from peewee import SqliteDatabase

AT_ONCE = 2000
LONGEST = 100
BEGINNINGS = re.compile(r"(?<![^\W_])[^\W_]")


def up(migrator, db):
    is_sqlite = isinstance(db, SqliteDatabase)
    # PostgreSQL would sort by its language, which finds no beginnings: here it compares as SQLite does.
    bytewise = "" if is_sqlite else ' COLLATE "C"'
    db.execute_sql(
        "CREATE TABLE audit_word ("
        " event_id INTEGER NOT NULL REFERENCES audit_event (id) ON DELETE CASCADE,"
        " organization_id INTEGER REFERENCES organization (id) ON DELETE CASCADE,"
        f" word TEXT{bytewise} NOT NULL, at {'DATETIME' if is_sqlite else 'TIMESTAMP'} NOT NULL,"
        " PRIMARY KEY (event_id, word))"
    )
    db.execute_sql(
        "CREATE INDEX audit_word_organization_id_word_at_event_id ON audit_word (organization_id, word, at, event_id)"
    )
    _fill(db)


def _fill(db):
    """In batches: a million events are not held at once."""
    last, mark = 0, db.param
    while True:
        events = db.execute_sql(
            "SELECT id, organization_id, at, actor, actor_address, subject FROM audit_event"
            f" WHERE id > {mark} ORDER BY id LIMIT {AT_ONCE}",
            (last,),
        ).fetchall()
        if not events:
            return
        last = events[-1][0]
        db.cursor().executemany(
            f"INSERT INTO audit_word (event_id, organization_id, word, at) VALUES ({mark}, {mark}, {mark}, {mark})",
            [(event, organization, word, at) for event, organization, at, *said in events for word in _words(*said)],
        )


def _words(*texts):
    """As ppe.audit_words.of was when this was written."""
    return {
        whole[match.start() :][:LONGEST]
        for text in texts
        for whole in _folded(text).split()
        for match in BEGINNINGS.finditer(whole)
    }


def _folded(text):
    """As ppe.models.folded was when this was written."""
    if text.isascii():
        return text.lower()
    return "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
