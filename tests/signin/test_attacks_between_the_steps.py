"""Attack cases 26 and 35: identities that are written from outside, and what half a sign-in is good for."""

import re
from collections.abc import Iterator
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from ppe import db
from ppe.clock import utcnow
from ppe.models import (
    ADMIN,
    Account,
    Address,
    HalfSignIn,
    SignInSession,
)
from tests.conftest import OpenDatabase, People
from tests.signin.forger import Forger
from tests.signin.steps import (
    ADA,
    BOB,
    Phone,
    ask_for_codes,
    give_app,
    half_signed_in,
    is_inside,
    new_browser,
    show,
    type_password,
)

IDENTITY = ("microsoft_tenant", "microsoft_id", "directory_tenant", "directory_id", "directory_fingerprint", "type",
            "password_hash", "read_only", "organization_id", "second_factor_at", "active", "mobile")  # fmt: skip


def _identities() -> list[tuple[Any, ...]]:
    with db.database.connection_context():
        return [tuple(getattr(row, name) for name in IDENTITY) for row in Account.select().order_by(Account.id)]


def _own_posts(app: Flask) -> Iterator[str]:
    for rule in app.url_map.iter_rules():
        if "POST" in (rule.methods or ()) and hasattr(app.view_functions[rule.endpoint], "own_page"):
            yield re.sub(r"<[^>]+>", "1", rule.rule)


def test_26_no_page_of_ones_own_writes_who_one_is(app: Flask, forger: Forger, people: People) -> None:
    """Whoever could write the link to a Microsoft account could sign in as anybody."""
    browser = new_browser(app)
    type_password(browser, BOB)
    before = _identities()
    planted = dict.fromkeys(IDENTITY, "planted") | {
        "type": ADMIN, "organization_id": "2", "account_id": str(people.eve.id), "id": str(people.eve.id),
        "binds": str(people.eve.id), "tid": "planted", "oid": "planted", "role": ADMIN, "name": "Still me",
        "account.microsoft_id": "planted", "present": "not my password",
    }  # fmt: skip
    paths = list(_own_posts(app))
    assert {"/account/profile", "/account/password", "/account/microsoft", "/account/second-factor"} < {*paths}
    for path in paths:
        assert browser.post(path, data=planted).status_code < 500, path
        assert browser.post(path, json=planted).status_code < 500, path
        assert browser.post(path, query_string=planted).status_code < 500, path
    assert _identities() == before


def test_26_what_is_bound_is_whom_microsoft_vouches_for_and_to_nobody_but_who_began(
    app: Flask, client: FlaskClient, forger: Forger, people: People
) -> None:
    """Ada begins to connect. Her session is ended before she is back; then Bob signs in in her browser instead."""
    for meanwhile in ("ended", BOB, None):
        type_password(client, ADA)
        asked = forger.asked_on(client.post("/account/microsoft", data={"account_id": str(people.bob.id)}))
        if meanwhile == "ended":
            with db.database.connection_context():
                SignInSession.delete().execute()
        elif meanwhile:
            type_password(client, meanwhile)
        answer = forger.back(client, asked, forger.token(asked, oid="adas"))
        assert answer.status_code == (403 if meanwhile else 303), meanwhile
    with db.database.connection_context():
        bound = {row.display_name: row.microsoft_id for row in Account.select()}
    assert bound == {"Ada": "adas", "Bob": None, "Eve": None}


def _every_page(app: Flask) -> Iterator[tuple[str, str]]:
    """Every method of every page for whoever is signed in."""
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        if hasattr(view, "own_page") or hasattr(view, "admin_page"):
            for method in (rule.methods or set()) - {"OPTIONS"}:
                yield method, re.sub(r"<[^>]+>", "1", rule.rule)


def test_35_half_signed_in_reaches_no_page(app: Flask, people: People, open_database: OpenDatabase) -> None:
    ask_for_codes(people.contoso)
    give_app(app, people.ada)
    browser = half_signed_in(app, ADA)
    pages = list(_every_page(app))
    assert len(pages) > 60
    for method, path in pages:
        answer = browser.open(path, method=method)
        assert (answer.status_code, answer.location.partition("?")[0]) == (303, "/sign-in"), (method, path)
    with open_database():
        assert SignInSession.select().count() == 0


def test_35_nobody_is_swapped_for_somebody_else_between_the_steps(app: Flask, people: People, phone: Phone) -> None:
    """The browser holds a random token and nothing to change; a code counts for whoever typed the password."""
    give_app(app, people.ada)
    browser = half_signed_in(app, ADA)
    swaps = ({"address": BOB}, {"account": str(people.bob.id)}, {"account_id": str(people.bob.id)}, {"half": "1"})
    for swap in swaps:
        assert show(browser, phone.code(), **swap).status_code == 422
    half_signed_in(app, BOB)  # elsewhere, by Bob himself
    type_password(browser, BOB, "wrong wrong wrong")
    assert show(browser, phone.code()).status_code == 422
    assert not is_inside(browser)


def test_35_beginning_anew_forgets_the_step_before(app: Flask, people: People, phone: Phone) -> None:
    browser = half_signed_in(app, BOB)
    old = browser.get_cookie("ppe_session")
    browser.post("/sign-in", data={"address": ADA})
    assert show(browser, phone.code()).location == "/sign-in"
    browser.set_cookie("ppe_session", old.value if old else "")
    assert show(browser, phone.code()).location == "/sign-in"


def test_35_a_waiting_persons_new_address_leads_to_nobody_else(
    app: Flask, people: People, phone: Phone, open_database: OpenDatabase
) -> None:
    """Bob's address moves to Ada between his password and his code."""
    browser = half_signed_in(app, BOB)
    with open_database():
        Address.update(address="robert@contoso.example").where(Address.address == BOB).execute()
        Address.create(account=people.ada, address=BOB, domain="contoso.example", is_primary=False)
    assert show(browser, phone.code()).location == "/account"
    with open_database():
        assert [row.account_id for row in SignInSession.select()] == [people.bob.id]


def test_35_a_half_sign_in_is_good_for_ten_minutes(
    app: Flask, people: People, phone: Phone, open_database: OpenDatabase
) -> None:
    browser = half_signed_in(app, BOB)
    with open_database():
        HalfSignIn.update(expires_at=utcnow()).execute()
    assert browser.get("/sign-in/code").location == "/sign-in"
    assert show(browser, phone.code()).location == "/sign-in"
    assert not is_inside(browser)
