from datetime import timedelta
from typing import Any

import pytest
from flask import Flask, session

from ppe.clock import utcnow
from ppe.models import ADMIN, FUNCTIONAL, GROUP, SILENT_USER, Account, SignInSession
from ppe.signin import sessions
from tests.conftest import OpenDatabase, People

NOW = utcnow()


def _begin(app: Flask, account: Account) -> str:
    with app.test_request_context():
        sessions.begin(account, "203.0.113.9", NOW)
        return str(session["_user_id"])


def test_the_token_is_random_and_only_its_hash_is_stored(
    app: Flask, people: People, open_database: OpenDatabase
) -> None:
    with open_database():
        first, second = _begin(app, people.ada), _begin(app, people.ada)
        stored = [row.token_hash for row in SignInSession.select()]
        assert first != second
        assert len(stored) == 2
        assert first not in stored
        found = sessions.account_of(first, NOW)
    assert found == people.ada


def test_it_lasts_twelve_hours(app: Flask, people: People, open_database: OpenDatabase) -> None:
    with open_database():
        token = _begin(app, people.ada)
        assert sessions.account_of(token, NOW + timedelta(hours=11, minutes=59)) is not None
        assert sessions.account_of(token, NOW + timedelta(hours=12)) is None


def test_what_has_expired_is_swept_away_by_the_next_sign_in(
    app: Flask, people: People, open_database: OpenDatabase
) -> None:
    with open_database():
        _begin(app, people.ada)
        SignInSession.update(expires_at=NOW).execute()
        _begin(app, people.bob)
        assert SignInSession.select().count() == 1


@pytest.mark.parametrize(
    ("change", "comes_in"),
    [
        ({"type": ADMIN}, True),
        ({"type": SILENT_USER}, True),
        ({"type": FUNCTIONAL}, False),
        ({"type": GROUP}, False),
        ({"active": False}, False),
        ({"removed_at": NOW}, False),
    ],
)
def test_who_may_not_sign_in_any_more_is_out_at_once(
    app: Flask, people: People, open_database: OpenDatabase, change: dict[str, Any], comes_in: bool
) -> None:
    with open_database():
        token = _begin(app, people.bob)
        Account.update(**change).where(Account.id == people.bob.id).execute()
        assert (sessions.account_of(token, NOW) is not None) is comes_in


def test_signing_in_empties_the_cookie_first(app: Flask, people: People, open_database: OpenDatabase) -> None:
    with open_database(), app.test_request_context():
        session["planted"] = "by somebody else"
        sessions.begin(people.ada, "203.0.113.9", NOW)
        assert "planted" not in session


def test_signing_out_ends_this_session_and_no_other(app: Flask, people: People, open_database: OpenDatabase) -> None:
    with open_database():
        elsewhere = _begin(app, people.ada)
        with app.test_request_context():
            sessions.begin(people.ada, "203.0.113.9", NOW)
            here = str(session["_user_id"])
            sessions.end()
            assert not session
        assert sessions.account_of(here, NOW) is None
        assert sessions.account_of(elsewhere, NOW) is not None
