from collections.abc import Iterator

import pytest

from ppe import domains
from ppe.clock import utcnow
from ppe.errors import NotFound, Refused
from ppe.models import Account, Address, AuditEvent, Domain, DomainClaim
from tests.conftest import OpenDatabase, People
from tests.databases import on_both_databases

pytestmark = on_both_databases


@pytest.fixture(autouse=True)
def _database(people: People, open_database: OpenDatabase) -> Iterator[None]:
    with open_database():
        yield


def register(people: People, name: str, kind: str = "relay") -> Domain:
    return domains.register(people.contoso.id, name, kind, "administrator", "Ada", utcnow())


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        (" Mail.Contoso.EXAMPLE. ", "mail.contoso.example"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("XN--BCHER-KVA.example", "xn--bcher-kva.example"),
    ],
)
def test_a_domain_is_stored_as_mail_servers_spell_it(people: People, typed: str, stored: str) -> None:
    assert register(people, typed).name == stored


@pytest.mark.parametrize(
    "typed", ["", "contoso", "ada@contoso.com", "https://contoso.com", "a b.com", "-a.com", "a..com", "192.168.1.1"]
)
def test_what_is_no_domain_is_refused_beside_its_field(people: People, typed: str) -> None:
    with pytest.raises(Refused) as refused:
        register(people, typed)
    assert refused.value.field == "name"


def test_an_unknown_kind_is_refused(people: People) -> None:
    with pytest.raises(Refused) as refused:
        register(people, "new.example", kind="catch-all")
    assert refused.value.field == "kind"
    assert not Domain.select().where(Domain.name == "new.example").exists()


def test_a_domain_that_is_here_already_is_refused_and_said_to_be(people: People) -> None:
    with pytest.raises(Refused, match="registered already") as refused:
        register(people, "CONTOSO.example")
    assert refused.value.field == "name"


def test_a_domain_of_somebody_else_is_refused_without_telling_whose(people: People) -> None:
    with pytest.raises(Refused) as refused:
        register(people, "fabrikam.example")
    assert refused.value.field == "name"
    assert "Fabrikam" not in refused.value.sentence
    assert Domain.get(Domain.name == "fabrikam.example").organization_id == people.fabrikam.id
    assert not AuditEvent.select().where(AuditEvent.action == "domain registered").exists()


def test_registering_and_removing_let_the_next_sync_look_at_synced_accounts_anew(people: People) -> None:
    def seen() -> dict[int, str | None]:
        return {account.id: account.directory_fingerprint for account in Account.select()}

    everybody = Account.update(directory_fingerprint="f", directory_id=Account.id.cast("text"))
    everybody.where(Account.id != people.ada.id).execute()
    domain = register(people, "new.example")
    assert (seen()[people.bob.id], seen()[people.eve.id]) == (None, "f")
    everybody.execute()
    domains.remove(people.contoso.id, domain.id, "Ada", utcnow())
    assert (seen()[people.bob.id], seen()[people.eve.id]) == (None, "f")


def test_a_claim_ends_when_its_domain_is_registered_another_way(people: People) -> None:
    for organization, name in (
        (people.contoso, "new.example"),
        (people.contoso, "other.example"),
        (people.fabrikam, "new.example"),
    ):
        DomainClaim.create(organization=organization, name=name, kind="relay", token="t", created_at=utcnow())
    register(people, "New.example.")
    left = {(claim.organization_id, claim.name) for claim in DomainClaim.select()}
    assert left == {(people.contoso.id, "other.example"), (people.fabrikam.id, "new.example")}


def test_registering_and_removing_are_in_the_audit(people: People) -> None:
    domains.remove(people.contoso.id, register(people, "new.example").id, "Ada", utcnow())
    events = AuditEvent.select().order_by(AuditEvent.id)
    assert [(event.actor, event.action, event.subject) for event in events] == [
        ("Ada", "domain registered", "new.example"),
        ("Ada", "domain removed", "new.example"),
    ]
    assert {event.organization_id for event in events} == {people.contoso.id}


def test_a_domain_in_use_stays_and_the_refusal_counts_the_addresses(people: People) -> None:
    contoso = Domain.get(Domain.name == "contoso.example")
    with pytest.raises(Refused, match="2 addresses are on"):
        domains.remove(people.contoso.id, contoso.id, "Ada", utcnow())
    assert Domain.select().where(Domain.id == contoso.id).exists()


def test_addresses_of_somebody_else_do_not_keep_a_domain(people: People) -> None:
    domain = register(people, "new.example")
    Address.create(account=people.eve, address="eve@new.example", domain="new.example", is_primary=False)
    domains.remove(people.contoso.id, domain.id, "Ada", utcnow())
    assert not Domain.select().where(Domain.id == domain.id).exists()


def test_a_domain_of_somebody_else_can_not_be_removed(people: People) -> None:
    theirs = Domain.get(Domain.name == "fabrikam.example")
    with pytest.raises(NotFound):
        domains.remove(people.contoso.id, theirs.id, "Ada", utcnow())
    assert Domain.select().where(Domain.id == theirs.id).exists()


def test_registered_lists_the_organisations_own_domains_by_name(people: People) -> None:
    register(people, "a.example")
    assert [domain.name for domain in domains.registered(people.contoso.id)] == ["a.example", "contoso.example"]
