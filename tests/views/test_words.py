from datetime import UTC, date, datetime

import pytest
from flask import Flask

from ppe.models import ACCOUNT_TYPES, Organization
from ppe.signin import sessions
from ppe.signin.visitor import Visitor
from ppe.views import words
from tests.conftest import OpenDatabase, People

LATE = datetime(2026, 11, 24, 23, 4, tzinfo=UTC)


@pytest.mark.usefixtures("people")
def test_moments_are_utc_before_sign_in(app: Flask) -> None:
    with app.test_request_context():
        assert words.moment(LATE) == "24 Nov 2026, 23:04"
        assert words.local_time(LATE) == '<time datetime="2026-11-24T23:04:00+00:00">24 Nov 2026, 23:04</time>'
        assert words.local_time(None) == "Never"


def test_moments_are_in_the_organisations_time_zone(app: Flask, people: People, open_database: OpenDatabase) -> None:
    with open_database():
        Organization.update(time_zone="Europe/Vienna").execute()
        people.ada.organization = Organization.get_by_id(people.contoso.id)
        with app.test_request_context():
            sessions.begin(people.ada, sessions.FirstStep(), Visitor(""), LATE)
            assert words.moment(LATE) == "25 Nov 2026, 00:04"
            assert words.day(LATE) == "25 Nov 2026"
            assert words.day(date(2026, 1, 2)) == "2 Jan 2026"


def test_counts() -> None:
    assert words.number(12345) == "12,345"
    assert [words.plural(count, "person", "people") for count in (0, 1, 2000)] == [
        "0 people",
        "1 person",
        "2,000 people",
    ]
    assert words.plural(2, "group") == "2 groups"


def test_every_type_of_account_has_its_word() -> None:
    assert [words.role(kind) for kind in ACCOUNT_TYPES] == [
        "Organization Admin",
        "End User",
        "Silent User",
        "Functional Account",
        "Group",
    ]
