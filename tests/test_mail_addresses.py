import pytest

from ppe import domains
from ppe.clock import utcnow
from ppe.mail_addresses import in_ascii, spelled
from tests.conftest import OpenDatabase, People


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        (" Ada@Contoso.EXAMPLE ", "ada@contoso.example"),
        ("Ute@Bücher.example", "ute@xn--bcher-kva.example"),
        ("ute@bu\u0308cher.example", "ute@xn--bcher-kva.example"),
        ("ute@XN--BCHER-KVA.example", "ute@xn--bcher-kva.example"),
        ("a@straße.example", "a@xn--strae-oqa.example"),
        ("a@ｃontoso.example", "a@contoso.example"),
        ("JÜRGEN@contoso.example", "jürgen@contoso.example"),
        ("Straße", "strasse"),
        ("@bücher", "@xn--bcher-kva"),
        ("ute@bücher.exa", "ute@xn--bcher-kva.exa"),
        ("", ""),
        ("@", "@"),
        ("ü@", "ü@"),
    ],
)
def test_an_address_is_spelled_with_its_domain_in_ascii(typed: str, stored: str) -> None:
    assert spelled(typed) == stored
    assert spelled(stored) == stored


@pytest.mark.parametrize(
    "name", ["bücher.example", "STRASSE.example", "straße.Example", "例え.example", "mañana.example"]
)
def test_a_domain_is_spelled_as_the_register_of_domains_does(
    people: People, open_database: OpenDatabase, name: str
) -> None:
    with open_database():
        registered = domains.register(people.contoso.id, name, "relay", "administrator", "Ada", utcnow())
    assert in_ascii(name) == registered.name
