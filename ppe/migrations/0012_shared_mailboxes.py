"""What tells a shared mailbox from a person: licences, and the purposes of mailboxes where those may be read.

A mirror from before knows no licences. The delta link beside it would never bring them: it tells what it was first asked
for, and of people who do not change nothing at all. So a link is kept with the properties that it tells, and one from
before has none: the next pull lists everybody anew, licences included. Nobody is gone by that, and no run that is under
way now, or in a worker of the old version, can leave such a link behind.
"""

COLUMNS = (
    "directory_object ADD COLUMN licensed BOOLEAN",
    "directory_object ADD COLUMN mailbox_purpose TEXT",
    "directory_object ADD COLUMN purpose_asked_at TIMESTAMP",
    "connection ADD COLUMN reads_mailbox_settings BOOLEAN",
    "connection ADD COLUMN users_delta_properties TEXT",
)


def up(migrator, db):
    for change in COLUMNS:
        db.execute_sql(f"ALTER TABLE {change}")
