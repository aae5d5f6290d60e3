"""What holds for every page there is and every page to come: the list comes from the app itself."""

from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from ppe.clock import utcnow
from ppe.models import (
    FUNCTIONAL,
    GROUP,
    TABLES,
    Account,
    Address,
    Attempt,
    AuditEvent,
    Connection,
    CsvImport,
    Domain,
    DomainClaim,
    Exemption,
    MassUpdate,
    Membership,
    SignInSession,
    SyncChange,
    SyncRun,
)
from tests.conftest import OpenDatabase, People, sign_in

LOOK_ONLY = "You may look but not change: your account is read-only."
# What people see and change of their own account, whatever their role.
OWN = {
    "confirm.give",
    "confirm.page",
    "confirm.send_text",
    "own_browsers.end_other_sessions",
    "own_browsers.end_session",
    "own_browsers.revoke",
    "own_browsers.revoke_all",
    "own_microsoft.connect",
    "own_microsoft.page",
    "own_second_factor.app",
    "own_second_factor.complete",
    "own_second_factor.removal",
    "own_second_factor.remove",
    "own_second_factor.renew",
    "own_second_factor.renewal",
    "preferences.change_password",
    "preferences.mail_link",
    "preferences.page",
    "preferences.save",
}
# The way in. Everything else is for administrators.
FOR_EVERYBODY = OWN | {
    "brand.logo",
    "health.page",
    "metrics.page",
    "microsoft.begin",
    "microsoft.callback",
    "microsoft.signed_out_there",
    "password_links.ask",
    "password_links.choose",
    "password_links.follow",
    "password_links.forgotten",
    "password_links.set_new",
    "second_step.complete_set_up",
    "second_step.page",
    "second_step.send_text",
    "second_step.set_up",
    "second_step.show_code",
    "setup.complete",
    "setup.page",
    "sign_in.as_in_the_original",
    "sign_in.begin",
    "sign_in.page",
    "sign_in.sign_out",
    "sign_in.with_password",
}


def _pages(app: Flask) -> Iterator[tuple[str, Rule]]:
    """Every method of every page for administrators."""
    for rule in app.url_map.iter_rules():
        if rule.endpoint not in FOR_EVERYBODY and not rule.endpoint.endswith("static"):
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
                yield method, rule


def _own_pages(app: Flask) -> Iterator[tuple[str, str]]:
    """Every method of every page about oneself, with the address of a row that does not exist."""
    for rule in app.url_map.iter_rules():
        if rule.endpoint in OWN:
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
                yield method, _address(app, rule, dict.fromkeys(rule.arguments, 999_999))


def _address(app: Flask, rule: Rule, numbers: dict[str, int]) -> str:
    with app.test_request_context():
        built = app.url_map.bind("localhost").build(rule.endpoint, {name: numbers[name] for name in rule.arguments})
    return str(built)


def _everything() -> dict[str, list[Any]]:
    """All rows there are, but for what signing in leaves behind."""
    left_behind = (SignInSession, Attempt, AuditEvent)
    tables: list[Any] = [table for table in TABLES if table not in left_behind]
    return {table.__name__: sorted(table.select().tuples(), key=str) for table in tables}


@pytest.fixture
def fabrikams(people: People, open_database: OpenDatabase) -> dict[str, list[int]]:
    """One row of every kind that is Fabrikam's, by the name it has in an address."""
    now, fabrikam = utcnow(), people.fabrikam
    with open_database():
        group, desk = (
            Account.create(organization=fabrikam, type=kind, display_name=f"Fabrikam {kind}", created_at=now)
            for kind in (GROUP, FUNCTIONAL)
        )
        Address.create(account=desk, address="desk@fabrikam.example", domain="fabrikam.example", is_primary=True)
        Membership.create(group=group, member=people.eve)
        exemption = Exemption.create(
            organization=fabrikam,
            address="x@fabrikam.example",
            name="Fabrikam's",
            created_at=now,
            created_by_name="Eve",
        )
        connection = Connection.get(Connection.organization == fabrikam)
        run = SyncRun.create(
            organization=fabrikam, connection=connection, state="review", holds_connection=False, created_at=now
        )
        change = SyncChange.create(
            run=run, object_id="f", section="adding", kind="user", name="Fabrikam's", sort_key="f", search_key="f"
        )
        csv_import = CsvImport.create(
            organization=fabrikam, created_by_name="Eve", file_name="fabrikam.csv", state="review", created_at=now
        )
        mass_update = MassUpdate.create(
            organization=fabrikam, created_by_name="Eve", types=["end_user"], choices={"digest": "on"}, state="review",
            to_change=1, created_at=now, prepared_at=now,
        )  # fmt: skip
        domain = Domain.get(Domain.organization == fabrikam)
        claim = DomainClaim.create(
            organization=fabrikam, name="fabrikam-to-be.example", kind="relay", token="t", created_at=now
        )
    return {
        "account_id": [people.eve.id, group.id, desk.id],
        "exemption_id": [exemption.id],
        "run_id": [run.id],
        "change_id": [change.id],
        "domain_id": [domain.id],
        "import_id": [csv_import.id],
        "claim_id": [claim.id],
        "mass_update_id": [mass_update.id],
        "day": [0],  # is nobody's, and no day
    }


def test_every_page_says_whom_it_is_for(app: Flask) -> None:
    views = {name: view for name, view in app.view_functions.items() if not name.endswith("static")}
    assert {name for name, view in views.items() if hasattr(view, "own_page")} == OWN
    assert {name for name, view in views.items() if not hasattr(view, "admin_page")} == FOR_EVERYBODY


def test_a_stranger_gets_past_no_page_about_oneself(app: Flask, client: FlaskClient, people: People) -> None:
    for method, address in _own_pages(app):
        answer = client.open(address, method=method)
        assert (answer.status_code, answer.location.partition("?")[0]) == (303, "/sign-in"), (method, address)


def test_a_read_only_administrator_may_use_every_page_about_oneself(
    app: Flask, signed_in: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    with open_database():
        Account.update(read_only=True).where(Account.id == people.ada.id).execute()
    for method, address in _own_pages(app):
        answer = signed_in.open(address, method=method)
        assert answer.status_code in (200, 303, 422), (method, address)
        assert "/sign-in" not in (answer.location or ""), (method, address)


def test_nobody_who_is_not_signed_in_gets_past_any_of_them(app: Flask, client: FlaskClient, people: People) -> None:
    for method, rule in _pages(app):
        address = _address(app, rule, dict.fromkeys(rule.arguments, 1))
        answer = client.open(address, method=method)
        assert (answer.status_code, answer.location.partition("?")[0]) == (303, "/sign-in"), (method, address)


def test_nobody_who_is_no_administrator_gets_past_any_of_them(app: Flask, client: FlaskClient, people: People) -> None:
    sign_in(client, "bob@contoso.example")
    for method, rule in _pages(app):
        address = _address(app, rule, dict.fromkeys(rule.arguments, 1))
        answer = client.open(address, method=method)
        assert (answer.status_code, answer.location) == (303, "/account"), (method, address)


def test_a_read_only_administrator_presses_no_button(
    app: Flask, signed_in: FlaskClient, people: People, open_database: OpenDatabase
) -> None:
    with open_database():
        Account.update(read_only=True).where(Account.id == people.ada.id).execute()
        before = _everything()
    for method, rule in _pages(app):
        if method != "GET":
            address = _address(app, rule, dict.fromkeys(rule.arguments, 1))
            assert signed_in.open(address, method=method).status_code == 403, (method, address)
    with open_database():
        assert _everything() == before


class _Controls(HTMLParser):
    """What can be typed into or pressed on the page itself to send something, whatever the menu has."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self._sends, self._fieldsets = False, [False]
        self.feed(page.partition("<main")[2])

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        has = dict(attributes)
        if tag == "form":
            self._sends = has.get("method") == "post"
        elif tag == "fieldset":
            self._fieldsets.append(self._fieldsets[-1] or "disabled" in has)
        elif self._sends and tag in ("input", "select", "textarea", "button"):
            is_dead = self._fieldsets[-1] or "disabled" in has or has.get("type") == "hidden"
            self.found += [] if is_dead else [has.get("name") or tag]

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._sends = False
        elif tag == "fieldset":
            self._fieldsets.pop()


def test_a_read_only_administrator_finds_no_form_to_fill_in_and_is_told_why(
    app: Flask, client: FlaskClient, people: People, fabrikams: dict[str, list[int]], open_database: OpenDatabase
) -> None:
    sign_in(client, "eve@fabrikam.example")
    with open_database():
        free = Domain.create(
            organization=people.fabrikam, name="free.example", kind="relay", proof="dns", created_at=utcnow()
        )
    numbers = {name: found[0] for name, found in fabrikams.items()} | {"domain_id": free.id}
    of_desk = numbers | {"account_id": fabrikams["account_id"][-1]}
    pages = {
        _address(app, rule, of_desk if rule.rule.startswith("/functional") else numbers): rule.rule
        for method, rule in _pages(app)
        if method == "GET"
    }
    with_controls = [address for address in pages if _Controls(client.get(address).text).found]
    assert len(with_controls) > 20
    with open_database():
        Account.update(read_only=True).where(Account.id == people.eve.id).execute()
    asking = {rule.rule for method, rule in _pages(app) if method == "POST"}
    for address in with_controls:
        page = client.get(address).text
        assert _Controls(page).found == [], address
        assert LOOK_ONLY in page or pages[address] not in asking, address


def test_no_page_shows_what_belongs_to_another_organisation(
    app: Flask, signed_in: FlaskClient, fabrikams: dict[str, list[int]]
) -> None:
    for method, rule in _pages(app):
        if method == "GET" and not rule.arguments:
            answer = signed_in.get(rule.rule)
            assert answer.status_code == 200, rule.rule
            assert "fabrikam" not in answer.text.casefold(), rule.rule


def test_no_address_reaches_what_belongs_to_another_organisation(
    app: Flask, signed_in: FlaskClient, fabrikams: dict[str, list[int]], open_database: OpenDatabase
) -> None:
    with open_database():
        before = _everything()
    for method, rule in _pages(app):
        for numbers in zip(*(fabrikams[name] for name in rule.arguments), strict=True):
            address = _address(app, rule, dict(zip(rule.arguments, numbers, strict=True)))
            answer = signed_in.open(address, method=method)
            assert answer.status_code == 404, (method, rule.rule)
            assert "fabrikam" not in answer.text.casefold(), rule.rule
    with open_database():
        assert _everything() == before


def test_every_file_that_is_taken_home_is_on_record(
    app: Flask, client: FlaskClient, fabrikams: dict[str, list[int]], open_database: OpenDatabase
) -> None:
    sign_in(client, "eve@fabrikam.example")
    files = 0
    for method, rule in _pages(app):
        address = _address(app, rule, {name: fabrikams[name][0] for name in rule.arguments})
        if method != "GET" or client.get(address).mimetype != "text/csv":
            continue
        files += 1
        with open_database():
            event = AuditEvent.select().order_by(AuditEvent.id.desc()).get()
        assert (event.actor, event.action[-8:]) == ("Eve", "exported"), address
        client.get(address)
        with open_database():
            assert AuditEvent.select().where(AuditEvent.action == event.action).count() == 2, address
    assert files == 8


@pytest.mark.parametrize("number", [999_999, 10**18 - 1, 10**25])
def test_a_number_that_no_row_has_is_no_mishap_of_ours(app: Flask, signed_in: FlaskClient, number: int) -> None:
    for method, rule in _pages(app):
        if rule.arguments:
            address = rule.rule
            for name in rule.arguments:
                address = address.replace(f"<int:{name}>", str(number))
            answer = signed_in.open(address, method=method)
            assert answer.status_code == 404, (method, address)
