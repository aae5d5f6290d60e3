from datetime import timedelta
from typing import Any

import pytest
from flask import Flask, session

from ppe.clock import utcnow
from ppe.models import ADMIN, FUNCTIONAL, GROUP, SILENT_USER, Account, SignInSession
from ppe.signin import sessions
from ppe.signin.visitor import Visitor, browser_words
from tests.conftest import OpenDatabase, People

NOW = utcnow()
STEP, VISITOR = sessions.FirstStep(), Visitor("203.0.113.9", "Firefox on Linux")


def _begin(app: Flask, account: Account) -> str:
    with app.test_request_context():
        sessions.begin(account, STEP, VISITOR, NOW)
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
        ({"display_name": "Robert"}, True),
        ({"type": ADMIN}, False),
        ({"type": SILENT_USER}, False),
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
        sessions.begin(people.ada, STEP, VISITOR, NOW)
        assert "planted" not in session


def test_signing_out_ends_this_session_and_no_other(app: Flask, people: People, open_database: OpenDatabase) -> None:
    with open_database():
        elsewhere = _begin(app, people.ada)
        with app.test_request_context():
            sessions.begin(people.ada, STEP, VISITOR, NOW)
            here = str(session["_user_id"])
            sessions.end()
            assert not session
        assert sessions.account_of(here, NOW) is None
        assert sessions.account_of(elsewhere, NOW) is not None


def test_microsoft_ends_what_was_opened_under_its_id_and_nothing_else(
    app: Flask, people: People, open_database: OpenDatabase
) -> None:
    with open_database(), app.test_request_context():
        sessions.begin(people.ada, sessions.FirstStep("microsoft", microsoft_sid="sid-1"), VISITOR, NOW)
        sessions.begin(people.ada, sessions.FirstStep("microsoft", microsoft_sid="sid-2"), VISITOR, NOW)
        sessions.begin(people.bob, STEP, VISITOR, NOW)
        assert sessions.end_from_afar("sid-1") == 1
        assert sessions.end_from_afar("unknown") == 0
        assert [row.microsoft_sid for row in SignInSession.select().order_by(SignInSession.id)] == ["sid-2", None]


def test_ending_takes_ones_own_sessions_alone(app: Flask, people: People, open_database: OpenDatabase) -> None:
    with open_database():
        _begin(app, people.ada)
        here = _begin(app, people.ada)
        bobs = _begin(app, people.bob)
        (first, second) = sessions.of(people.ada.id, NOW)
        assert not sessions.end_one(people.bob.id, first.id)
        assert sessions.end_all(people.ada.id, but=max(first.id, second.id)) == 1
        assert sessions.account_of(here, NOW) is not None
        assert sessions.account_of(bobs, NOW) is not None


def test_a_confirmation_is_good_for_ten_minutes(app: Flask, people: People, open_database: OpenDatabase) -> None:
    with open_database():
        _begin(app, people.ada)
        row = SignInSession.get()
        assert sessions.is_confirmed(row, NOW + timedelta(minutes=9, seconds=59))
        assert not sessions.is_confirmed(row, NOW + timedelta(minutes=10))
        sessions.confirm(row, NOW + timedelta(hours=1))
        assert sessions.is_confirmed(SignInSession.get(), NOW + timedelta(hours=1, minutes=9))


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", "Firefox on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/142 Safari/537.36 Edg/142", "Edge on Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18 Safari/604.1", "Safari on iPhone"),
        ("curl/8", "A browser"),
        ("", "A browser"),
    ],
)
def test_a_browser_is_named_as_its_owner_knows_it(user_agent: str, words: str) -> None:
    assert browser_words(user_agent) == words


def test_a_role_that_comes_back_brings_no_session_back(app: Flask, people: People, open_database: OpenDatabase) -> None:
    with open_database():
        token = _begin(app, people.bob)
        for role in (ADMIN, people.bob.type):
            Account.update(type=role).where(Account.id == people.bob.id).execute()
            assert sessions.account_of(token, NOW) is None
