"""Attack cases 32 to 34: codes that are shown twice, at once, or guessed.

Threads are real, each with its own browser and its own connection to the database.
"""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from ppe import create_app, db
from ppe.clock import utcnow
from ppe.config import Settings
from ppe.errors import Refused
from ppe.models import Account, Attempt, AuditEvent, Authenticator, HalfSignIn, Mail, SecondFactorCode, SignInSession
from ppe.signin import authenticator, codes, limits, links, new_password, second_factor
from ppe.signin.visitor import Visitor
from tests.conftest import OpenDatabase, People
from tests.databases import on_both_databases
from tests.signin.steps import (
    ADA,
    BOB,
    Meeting,
    Phone,
    ask_for_codes,
    at_once,
    half_signed_in,
    is_inside,
    new_browser,
    phone_on,
    show,
    type_password,
)

pytestmark = on_both_databases

NEW_PASSWORD = "violet harbour tundra 42"


def _recovery_codes(app: Flask, account: Account) -> list[str]:
    with app.app_context(), db.database.connection_context():
        return codes.new_recovery_codes(account.id, utcnow())


def _came_in(browsers: list[FlaskClient]) -> int:
    return sum(is_inside(browser) for browser in browsers)


def test_32_a_code_is_good_once_in_its_own_step_and_in_the_next(
    app: Flask, people: People, phone: Phone, open_database: OpenDatabase
) -> None:
    now = utcnow()
    with app.app_context(), open_database():
        code, before = phone.code(now), phone.code(now - timedelta(seconds=30))
        assert authenticator.spend(people.bob.id, code, now)
        for seconds in (0, 15, 30):
            assert not authenticator.spend(people.bob.id, code, now + timedelta(seconds=seconds)), seconds
        assert not authenticator.spend(people.bob.id, before, now)  # older than one that was spent
        later = now + timedelta(seconds=30)
        assert authenticator.spend(people.bob.id, phone.code(later), later)


def test_32_a_code_is_good_on_one_page_alone(
    app: Flask, people: People, phone: Phone, open_database: OpenDatabase
) -> None:
    """A code that signed somebody in confirms nothing, and the other way round."""
    code = phone.code()
    browser = half_signed_in(app, BOB)
    assert show(browser, code).location == "/account"
    with open_database():
        SignInSession.update(confirmed_at=utcnow() - timedelta(hours=1)).execute()
    assert browser.post("/account/confirm", data={"code": code}).status_code == 422
    with time_machine.travel(utcnow() + timedelta(seconds=60)):
        assert browser.post("/account/confirm", data={"code": phone.code()}).status_code == 303
        assert show(half_signed_in(app, BOB), phone.code()).status_code == 422


def test_32_the_code_that_set_an_app_up_is_spent_with_that(app: Flask, people: People) -> None:
    ask_for_codes(people.contoso)
    first = half_signed_in(app, BOB)
    phone = phone_on(first)
    code = phone.code()
    assert "Keep these recovery codes" in first.post("/sign-in/code/set-up", data={"code": code}).text
    assert show(half_signed_in(app, BOB), code).status_code == 422


@pytest.mark.parametrize("halves", [1, 2])
def test_32_of_two_at_the_same_instant_with_one_code_one_comes_in(
    app: Flask, people: People, phone: Phone, monkeypatch: pytest.MonkeyPatch, halves: int
) -> None:
    """Both have found the code good before either spends it; twice the same half sign-in, or two of the same person."""
    browsers = _two_half_signed_in(app, halves)
    monkeypatch.setattr(Authenticator, "update", Meeting().before(Authenticator.update))
    code = phone.code()
    answers = at_once(*(_showing(browser, code) for browser in browsers))
    assert sorted(answers) == [303, 422]
    assert _came_in(browsers) == 1


def _two_half_signed_in(app: Flask, halves: int) -> list[FlaskClient]:
    browsers = [half_signed_in(app, BOB), new_browser(app)]
    if halves == 2:
        return [browsers[0], half_signed_in(app, BOB)]
    cookie = browsers[0].get_cookie("ppe_session")
    browsers[1].set_cookie("ppe_session", cookie.value if cookie else "")
    return browsers


def _showing(browser: FlaskClient, code: str) -> Callable[[], int]:
    return lambda: show(browser, code).status_code


def test_32_one_half_sign_in_becomes_one_session_even_with_two_good_codes(
    app: Flask, people: People, phone: Phone, monkeypatch: pytest.MonkeyPatch, open_database: OpenDatabase
) -> None:
    browsers = _two_half_signed_in(app, 1)
    made = _recovery_codes(app, people.bob)
    monkeypatch.setattr(HalfSignIn, "delete", Meeting().before(HalfSignIn.delete))
    at_once(*(_showing(browser, code) for browser, code in zip(browsers, made, strict=False)))
    assert _came_in(browsers) == 1
    with open_database():
        assert SignInSession.select().count() == 1


def test_33_of_two_at_the_same_instant_with_one_recovery_code_one_comes_in(
    app: Flask, people: People, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = _recovery_codes(app, people.bob)[0]
    browsers = [half_signed_in(app, BOB), half_signed_in(app, BOB)]
    monkeypatch.setattr(SecondFactorCode, "update", Meeting().before(SecondFactorCode.update))
    assert sorted(at_once(*(_showing(browser, code) for browser in browsers))) == [303, 422]
    assert _came_in(browsers) == 1
    assert show(half_signed_in(app, BOB), code).status_code == 422


def test_33_of_two_at_the_same_instant_with_one_link_one_chooses(
    app: Flask, people: People, monkeypatch: pytest.MonkeyPatch, open_database: OpenDatabase
) -> None:
    with open_database():
        token = links.issue(people.bob, links.RESET, utcnow())

    def choose(password: str) -> bool:
        with app.app_context(), db.database.connection_context():
            try:
                new_password.choose_by_link(token, password, Visitor("192.0.2.1"), utcnow())
            except Refused:
                return False
            return True

    monkeypatch.setattr(new_password, "_checked", Meeting().before(new_password._checked))
    assert sorted(at_once(*(lambda word=word: choose(f"{NEW_PASSWORD} {word}") for word in "ab"))) == [False, True]


def test_33_codes_are_stored_as_hashes_that_only_this_installation_can_make(
    app: Flask, people: People, phone: Phone, open_database: OpenDatabase, settings: Settings
) -> None:
    """Six digits are found from a plain hash in a second; from this one not without the secret key."""
    with app.app_context(), open_database():
        now = utcnow()
        made = [*codes.new_recovery_codes(people.bob.id, now), codes.issue(people.bob.id, now)]
        made.append(codes.new_text_code(people.bob.id, now))
        stored = " ".join(str(row) for row in SecondFactorCode.select().tuples())
        assert SecondFactorCode.select().count() == 12
        for code in made:
            assert code not in stored
            assert code.replace("-", "") not in stored
        app.config["SECRET_KEY"] = "another installation's key, long enough"
        assert codes.spend(people.bob.id, made[0], now) is None
        app.config["SECRET_KEY"] = settings.secret_key
        assert codes.spend(people.ada.id, made[0], now) is None
        assert codes.spend(people.bob.id, made[0].upper().replace("-", " "), now) == "recovery"


def test_33_new_recovery_codes_void_those_before(app: Flask, people: People, phone: Phone) -> None:
    old, new = _recovery_codes(app, people.bob), _recovery_codes(app, people.bob)
    browser = half_signed_in(app, BOB)
    assert show(browser, old[0]).status_code == 422
    assert show(browser, new[0]).location == "/account"


def _guess(app: Flask, phone: Phone, kind: int, network: str) -> str:
    """One wrong code, of another kind each time, from a new browser somewhere else."""
    browser = half_signed_in(app, BOB)
    guess = (phone.wrong_code(), "aaaa-bbbb-cccc", "wrong")[kind % 3]
    return browser.post("/sign-in/code", data={"code": guess}, environ_base={"REMOTE_ADDR": network}).text


def test_34_guesses_are_counted_by_account_wherever_and_whatever_is_guessed(
    app: Flask, people: People, phone: Phone, settings: Settings, open_database: OpenDatabase
) -> None:
    good = _recovery_codes(app, people.bob)[0]
    for number in range(5):
        assert "is not right" in _guess(app, phone, number, f"203.0.113.{number}")
    restarted = create_app(settings)
    for code in (phone.code(), good):
        browser = half_signed_in(restarted, BOB)
        assert "too many wrong codes" in show(browser, code).text
        assert not is_inside(browser)
    with open_database():
        (mail,) = Mail.select().where(Mail.kind == "second_factor_locked")
        assert mail.account_id == people.bob.id
        assert AuditEvent.select().where(AuditEvent.action == "second factor locked").count() == 1
    later = utcnow() + limits.QUARTER + timedelta(seconds=1)
    with time_machine.travel(later):
        assert show(half_signed_in(restarted, BOB), phone.code()).location == "/account"


def test_34_codes_and_passwords_are_counted_apart(
    app: Flask, people: People, phone: Phone, open_database: OpenDatabase
) -> None:
    """Wrong passwords lock nobody out of the second step, and the right password begins no new count of codes."""
    waiting = half_signed_in(app, BOB)
    for _ in range(10):
        type_password(new_browser(app), BOB, "wrong wrong wrong")
    assert "wait 15 minutes" in type_password(new_browser(app), BOB).text
    assert show(waiting, phone.code()).location == "/account"
    with open_database():
        Attempt.delete().execute()
    for number in range(5):
        _guess(app, phone, number, "192.0.2.1")  # each after the right password
    assert "too many wrong codes" in show(half_signed_in(app, BOB), phone.code()).text
    assert type_password(new_browser(app), ADA).status_code == 303


def test_34_confirming_shares_the_count(app: Flask, people: People, phone: Phone, open_database: OpenDatabase) -> None:
    """Whoever has stolen a session guesses no longer there than at the door."""
    browser = half_signed_in(app, BOB)
    show(browser, phone.code())
    with open_database():
        SignInSession.update(confirmed_at=utcnow() - timedelta(hours=1)).execute()
    for number in range(3):
        browser.post("/account/confirm", data={"code": phone.wrong_code()})
        if number < 2:
            _guess(app, phone, number, "192.0.2.1")
    assert "too many wrong codes" in browser.post("/account/confirm", data={"code": "000000"}).text
    assert "too many wrong codes" in show(half_signed_in(app, BOB), "000000").text


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The codes that were compared with anything."""
    seen: list[str] = []
    spend = second_factor.spend

    def noting(account_id: int, typed: str, now: object) -> str | None:
        seen.append(typed)
        return spend(account_id, typed, now)  # type: ignore[arg-type]

    monkeypatch.setattr(second_factor, "spend", noting)
    return seen


def test_34_thirty_guesses_at_once_get_no_further_than_five_in_a_row(
    app: Flask, people: People, phone: Phone, looked_at: list[str], open_database: OpenDatabase
) -> None:
    browsers = [half_signed_in(app, BOB) for _ in range(30)]
    wrong = phone.wrong_code()
    answers = at_once(*(_showing(browser, wrong) for browser in browsers))
    assert set(answers) == {422}
    assert len(looked_at) == 5
    with open_database():
        assert Attempt.select().where(Attempt.key.startswith("code ")).count() == 5
