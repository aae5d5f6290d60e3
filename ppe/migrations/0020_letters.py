"""Letters that are no other letter with an accent are folded too: Søren stands beside Soren, and is found by it."""

LETTERS = {
    "ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ŧ": "t", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th",
}  # fmt: skip
KEYS = {"account": ("name_key", "surname_key"), "exemption": ("name_key",), "mass_update_row": ("name_key",)}
LONGEST = 100  # characters of an audit word


def up(migrator, db):
    """By statements that read nothing out: whatever else was folded stays as it is."""
    for table, keys in KEYS.items():
        for key in keys:
            db.execute_sql(f"UPDATE {table} SET {key} = {_folded(key)} WHERE {key} <> {_folded(key)}")
    # An event may have the new word already.
    word = f"SUBSTR({_folded('word')}, 1, {LONGEST})"
    db.execute_sql(
        "INSERT INTO audit_word (event_id, organization_id, word, at)"
        f" SELECT event_id, organization_id, {word}, at FROM audit_word WHERE word <> {_folded('word')}"
        " ON CONFLICT DO NOTHING"
    )
    db.execute_sql(f"DELETE FROM audit_word WHERE word <> {_folded('word')}")


def _folded(column):
    for letter, plain in LETTERS.items():
        column = f"REPLACE({column}, '{letter}', '{plain}')"
    return column
