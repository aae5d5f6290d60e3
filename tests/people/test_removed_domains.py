"""A domain that another administrator removes while somebody fills in a form: nobody gets an address on it."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from ppe import db, domains
from ppe.clock import utcnow
from ppe.models import Account, Address, Domain
from ppe.people import by_hand, restored
from ppe.people.by_hand import Edit, Seen
from ppe.people.details import Details
from tests.conftest import OpenDatabase, People, add_account
from tests.databases import on_both_databases, on_postgresql
from tests.meanwhile import Other

pytestmark = on_both_databases

GONE = "The domain sold.example is not registered here any more."
WANTED = Details(display_name="Cleo", primary="cleo@sold.example")
ADDED = {"display_name": "Cleo", "type": "end_user", "group_kind": "distribution"}


@pytest.fixture(autouse=True)
def sold(people: People, open_database: OpenDatabase) -> Domain:
    with open_database():
        return domains.register(people.contoso.id, "sold.example", "relay", "administrator", "Ada", utcnow())


@pytest.fixture
def goes_before(sold: Domain, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """The form was checked; the domain goes before the deed is done."""

    def goes(deed: str) -> None:
        carry_out: Callable[..., Any] = getattr(by_hand, deed)

        def carried_out(*those: Any, **named: Any) -> Any:
            domains.remove(sold.organization_id, sold.id, "Bert", utcnow())
            return carry_out(*those, **named)

        monkeypatch.setattr(by_hand, deed, carried_out)

    return goes


def _nobody_is_on_it() -> bool:
    return not Address.select().where(Address.domain == "sold.example").exists()


@pytest.mark.parametrize("path", ["/users/new", "/functional-accounts/new"])
@pytest.mark.parametrize(
    ("field", "addresses"),
    [
        ("primary", {"primary": "cleo@sold.example"}),
        ("aliases", {"primary": "cleo@contoso.example", "aliases": "c@sold.example"}),
    ],
)
def test_who_is_added_on_it_is_refused_beside_the_field(
    signed_in: FlaskClient, open_database: OpenDatabase, goes_before: Callable[[str], None],
    path: str, field: str, addresses: dict[str, str],
) -> None:  # fmt: skip
    goes_before("add")
    answer = signed_in.post(path, data=ADDED | addresses)
    assert answer.status_code == 422
    assert f'id="{field}-error">{GONE}' in answer.text
    with open_database():
        assert _nobody_is_on_it()
        assert not Account.select().where(Account.display_name == "Cleo").exists()


@pytest.mark.parametrize(
    ("field", "addresses"),
    [
        ("primary", {"primary": "cleo@sold.example"}),
        ("aliases", {"primary": "old@contoso.example", "aliases": "c@sold.example"}),
    ],
)
@pytest.mark.parametrize("page", ["users", "functional-accounts"])
def test_who_is_moved_to_it_is_refused_beside_the_field(
    signed_in: FlaskClient, people: People, open_database: OpenDatabase, goes_before: Callable[[str], None],
    page: str, field: str, addresses: dict[str, str],
) -> None:  # fmt: skip
    with open_database():
        kind = "end_user" if page == "users" else "functional_account"
        account = add_account(people.contoso, kind, "Cleo", "old@contoso.example")
    goes_before("edit")
    answer = signed_in.post(f"/{page}/{account.id}/edit", data=ADDED | {"version": "1"} | addresses)
    assert answer.status_code == 422
    assert f'id="{field}-error">{GONE}' in answer.text
    with open_database():
        assert _nobody_is_on_it()
        assert Address.get(Address.account == account).address == "old@contoso.example"


def test_an_address_that_somebody_has_already_is_no_obstacle_to_an_edit(
    people: People, open_database: OpenDatabase
) -> None:
    with open_database():
        Domain.update(name="renamed.example").where(Domain.name == "contoso.example").execute()
        wanted = Details(display_name="Robert", primary="bob@contoso.example")
        assert by_hand.edit(people.contoso.id, [Edit(Seen(people.bob.id, 1), wanted)], people.ada, utcnow()) == 1


def _add(people: People) -> None:
    by_hand.add(people.contoso.id, [WANTED], people.ada, utcnow(), welcome=False)


def _edit(people: People) -> None:
    wanted = Details(display_name="Bob", primary="bob@contoso.example", aliases=("b@sold.example",))
    by_hand.edit(people.contoso.id, [Edit(Seen(people.bob.id, 1), wanted)], people.ada, utcnow())


def _restore(people: People) -> None:
    restored.restore(people.contoso.id, [Seen(people.bob.id, 2)], people.ada, utcnow())


def _removed_from_it(people: People) -> None:
    wanted = Details(display_name="Bob", primary="bob@sold.example")
    Address.update(address=wanted.primary, domain="sold.example").where(Address.account == people.bob).execute()
    by_hand.remove(people.contoso.id, [Seen(people.bob.id, 1)], people.ada, utcnow())


@on_postgresql
@pytest.mark.parametrize("deed", [_add, _edit, _restore])
def test_who_comes_while_it_is_being_removed_waits_and_is_refused(
    app: Flask, people: People, open_database: OpenDatabase, sold: Domain, monkeypatch: pytest.MonkeyPatch,
    deed: Callable[[People], None],
) -> None:  # fmt: skip
    other = Other(app, lambda: deed(people))
    count = domains.addresses_on

    def counted(names: list[str], organization_id: int) -> dict[str, int]:
        found = count(names, organization_id)
        other.begin()
        return found

    monkeypatch.setattr(domains, "addresses_on", counted)
    with open_database():
        if deed is _restore:
            _removed_from_it(people)
        domains.remove(people.contoso.id, sold.id, "Bert", utcnow())
        other.end()
        assert _nobody_is_on_it()
    assert "sold.example is not registered here" in other.refused[0]


@on_postgresql
def test_it_is_not_removed_while_somebody_is_given_an_address_on_it(
    app: Flask, people: People, open_database: OpenDatabase, sold: Domain
) -> None:
    other = Other(app, lambda: domains.remove(people.contoso.id, sold.id, "Bert", utcnow()))
    with open_database():
        with db.database.atomic():
            _add(people)
            other.begin()
        other.end()
        assert Domain.select().where(Domain.id == sold.id).exists()
    assert other.refused == [
        "1 address is on sold.example. Remove or change what uses it first; then the domain can go."
    ]
