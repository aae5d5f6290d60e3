"""Whether an organisation's Microsoft tenant says that a domain is its own.

A tenant that was connected once may have sold the domain since: what counts is the newest list of domains that a sync
was given, if it is of the tenant that is connected now and not older than two days.
"""

from datetime import datetime, timedelta

from ppe.models import Connection, SyncRun

GOOD_FOR = timedelta(days=2)


def missing(organization_id: int, name: str, now: datetime) -> str:
    """Why the tenant's word for a domain is not at hand; empty if it is."""
    connection = Connection.get_or_none(Connection.organization == organization_id)
    if connection is None or connection.tenant_id is None:
        return f"No Microsoft tenant is connected that could vouch for {name}."
    tenant, verified = _newest_list(organization_id, now)
    if tenant != connection.tenant_id:
        return (
            f"No sync of the last {GOOD_FOR.days} days has read the domains of the Microsoft tenant that is connected"
            f" now. Run one: if {name} is verified there, that is proof enough."
        )
    return "" if name in verified else f"The last sync did not find {name} among the verified domains of your tenant."


def _newest_list(organization_id: int, now: datetime) -> tuple[str | None, list[str]]:
    """Which tenant was last asked for its verified domains, and what it said; whose an older list was, nobody noted.

    What a sync held back waits with a copy of its list, which is as old as the sync.
    """
    lately = SyncRun.select(SyncRun.cursor).where(
        SyncRun.organization == organization_id, SyncRun.created_at > now - GOOD_FOR, SyncRun.held_digest.is_null()
    )
    for run in lately.order_by(SyncRun.created_at.desc(), SyncRun.id.desc()).iterator():
        if "domains" in run.cursor:
            return run.cursor.get("tenant"), run.cursor["domains"]
    return None, []
