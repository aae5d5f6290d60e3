"""What a mail server may ask: views that show it no more than it needs (docs/postfix.md)."""

RELAYED = """
    SELECT d.name AS domain FROM domain d WHERE d.kind = 'relay'
"""
# Whoever receives mail: everything with an address but what is not active or was removed, on a domain that is relayed.
RECIPIENTS = """
    SELECT a.address AS address, c.type AS account_type, d.organization_id AS organization_id
    FROM address a
    JOIN account c ON c.id = a.account_id AND c.active AND c.removed_at IS NULL
    JOIN domain d ON d.name = a.domain AND d.organization_id = c.organization_id AND d.kind = 'relay'
"""
ALIASES = """
    SELECT a.address AS address, p.address AS mailbox
    FROM address a
    JOIN account c ON c.id = a.account_id AND c.active AND c.removed_at IS NULL
    JOIN address p ON p.account_id = a.account_id AND p.is_primary
    JOIN domain d ON d.name = a.domain AND d.organization_id = c.organization_id AND d.kind = 'relay'
    WHERE NOT a.is_primary
"""
DIGESTS = """
    SELECT p.address AS address, c.display_name AS display_name, o.name AS organization, o.time_zone AS time_zone
    FROM account c
    JOIN organization o ON o.id = c.organization_id
    JOIN address p ON p.account_id = c.id AND p.is_primary
    WHERE c.receives_digest AND c.active AND c.removed_at IS NULL
"""
VIEWS = {
    "mail_domain": RELAYED,
    "mail_recipient": RECIPIENTS,
    "mail_alias": ALIASES,
    "digest_recipient": DIGESTS,
}


def up(migrator, db):
    for name, query in VIEWS.items():
        db.execute_sql(f"CREATE VIEW {name} AS {query}")
