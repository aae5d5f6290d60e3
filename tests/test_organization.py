from dataclasses import replace

from flask import Flask

from ppe import db, organization
from ppe.clock import utcnow
from ppe.models import Organization
from ppe.organization import Profile
from tests.conftest import OpenDatabase, People
from tests.databases import on_postgresql
from tests.meanwhile import Other


@on_postgresql
def test_of_two_who_save_at_the_same_moment_each_keeps_what_the_other_changed(
    app: Flask, people: People, open_database: OpenDatabase
) -> None:
    def save(**changed: object) -> Profile | None:
        return organization.save(contoso.id, seen, replace(seen, **changed), "Ada", "127.0.0.1", utcnow())  # type: ignore[arg-type]

    contoso = people.contoso
    seen = organization.of(contoso)
    other = Other(app, lambda: save(time_zone="Europe/Berlin"))
    with open_database():
        with db.database.atomic():
            save(notice_addresses=("soc@contoso.example",))
            other.begin()
        other.end()
        kept = organization.of(Organization.get_by_id(contoso.id))
    assert kept == replace(seen, time_zone="Europe/Berlin", notice_addresses=("soc@contoso.example",))
