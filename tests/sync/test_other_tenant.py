"""The Primary Domain moves to another tenant, or to another domain of the same one."""

from ppe.models import (
    REVIEW,
    SUPERSEDED,
    Account,
    Connection,
    DirectoryAddress,
    DirectoryMember,
    DirectoryObject,
    Organization,
    SyncRun,
)
from tests.sync.desk import Desk
from tests.sync.test_connection import NOW, at_work, choices, organization, save

__all__ = ["organization"]  # the fixture


def mirrored(stored: Connection) -> int:
    DirectoryObject.create(connection=stored, object_id="o", is_group=False, fingerprint="f", seen_in_run=1)
    DirectoryAddress.create(connection=stored, object_id="o", address="o@contoso.example", is_primary=True)
    DirectoryMember.create(connection=stored, group_id="g", member_id="o", seen_in_run=1)
    Connection.update(users_delta_link="u", groups_delta_link="g").where(Connection.id == stored.id).execute()
    return left(stored)


def left(stored: Connection) -> int:
    tables = (DirectoryObject, DirectoryAddress, DirectoryMember)
    return sum(table.select().where(table.connection == stored).count() for table in tables)


def test_another_tenant_discards_the_mirror_and_the_delta_links(desk: Desk, organization: Organization) -> None:
    stored = save(organization, choices(desk.server))
    assert mirrored(stored) == 3
    linked = Account.create(
        organization=organization, type="end_user", display_name="Bob", directory_id="o",
        directory_tenant=stored.tenant_id, created_at=NOW,
    )  # fmt: skip
    review = at_work(stored, state=REVIEW, holds_connection=False)
    moved = save(organization, choices(desk.server, primary_domain="gcc.example"))
    assert moved.tenant_id != desk.server.tenant_id
    assert left(moved) == 0
    assert (moved.users_delta_link, moved.groups_delta_link) == (None, None)
    assert Account.get_by_id(linked.id).directory_tenant == desk.server.tenant_id
    assert SyncRun.get_by_id(review.id).state == SUPERSEDED


def test_another_domain_of_the_same_tenant_keeps_the_mirror(desk: Desk, organization: Organization) -> None:
    stored = save(organization, choices(desk.server))
    assert mirrored(stored) == 3
    moved = save(organization, choices(desk.server, primary_domain="fabrikam.example"))
    assert left(moved) == 3
    assert moved.users_delta_link == "u"
