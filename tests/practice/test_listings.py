"""Listings and single questions, as Graph answers them."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.practice.conftest import Client


def hire_some(client: Client, number: int) -> list[str]:
    return [client.tenant.hire(f"Person {place}", f"p{place:03}@contoso.example") for place in range(number)]


def names(page):
    return [item["displayName"] for item in page["value"]]


def test_users_come_in_the_order_of_their_principal_names_whatever_the_case(client: Client):
    for local in ("bob", "Ada", "CARL"):
        client.tenant.hire(local, f"{local}@contoso.example")
    assert names(client.get("/users")) == ["Ada", "bob", "CARL"]


def test_a_page_has_a_hundred_unless_told_and_a_link_that_repeats_the_question(client: Client):
    hire_some(client, 130)
    first, second = client.pages("/users?$select=id,displayName")
    assert (len(first["value"]), len(second["value"])) == (100, 30)
    assert first["@odata.nextLink"].startswith(f"{client.server.graph_url}/users?$select=id,displayName&$skiptoken=")
    assert set(first["value"][0]) == {"id", "displayName"}
    assert set(second["value"][0]) == {"id", "displayName"}


@pytest.mark.parametrize("top", ["1000", "0", "-1", "many"])
def test_a_page_of_a_thousand_is_refused(client: Client, top):
    answer = client.ask(f"/users?$top={top}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "Request_UnsupportedQuery")


def test_links_begin_with_the_base_that_was_asked(client: Client):
    hire_some(client, 2)
    other_name = client.server.graph_url.replace("127.0.0.1", "localhost")
    assert client.get(f"{other_name}/users?$top=1")["@odata.nextLink"].startswith(other_name)


def test_somebody_deleted_between_two_pages_makes_nobody_skipped(client: Client):
    hired = hire_some(client, 4)
    first = client.get("/users?$top=2")
    client.tenant.delete(hired[0])
    assert names(client.get(first["@odata.nextLink"])) == ["Person 2", "Person 3"]


def test_a_selected_property_that_was_never_set_is_null_or_empty(client: Client):
    client.tenant.hire("Nell", "nell@contoso.example", mailbox=False, licensed=False)
    (nell,) = client.get("/users?$select=mail,proxyAddresses,assignedLicenses,onPremisesSyncEnabled")["value"]
    assert nell == {"mail": None, "proxyAddresses": [], "assignedLicenses": [], "onPremisesSyncEnabled": None}


def test_properties_beyond_the_default_come_by_select_alone(client: Client):
    hire_some(client, 1)
    assert "accountEnabled" not in client.get("/users")["value"][0]
    assert client.get("/users?$select=accountEnabled")["value"] == [{"accountEnabled": True}]


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/users?$select=nonsense", 400, "BadRequest"),
        ("/users?$select=aboutMe", 501, "NotImplemented"),
        ("/users?$skip=10", 400, "Request_UnsupportedQuery"),
        ("/users?$orderby=displayName", 400, "Request_UnsupportedQuery"),
        ("/users?$skiptoken=nonsense", 400, "Request_BadRequest"),
        ("/users/nobody@contoso.example", 404, "Request_ResourceNotFound"),
        ("/groups/00000000-0000-0000-0000-000000000000/members", 404, "Request_ResourceNotFound"),
        ("/nonsense", 400, "BadRequest"),
        ("/applications?$filter=displayName eq 'x'", 400, "Request_UnsupportedQuery"),
    ],
)
def test_what_graph_does_not_know_is_refused(client: Client, path, status, code):
    answer = client.ask(path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_one_user_is_found_by_id_and_by_principal_name(client: Client):
    (object_id,) = hire_some(client, 1)
    by_id = client.get(f"/users/{object_id}?$select=id,displayName")
    assert by_id == client.get("/users/P000@contoso.example?$select=id,displayName")
    assert by_id["displayName"] == "Person 0"


def test_counting_takes_the_eventual_header(client: Client):
    hire_some(client, 3)
    answer = client.ask("/users/$count", ConsistencyLevel="eventual")
    assert answer.text == "3"
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert "@odata.count" not in client.get("/users?$count=true")
    first, second = client.pages("/users?$count=true&$top=2", ConsistencyLevel="eventual")
    assert first["@odata.count"] == 3
    assert "@odata.count" not in second


def test_every_answer_carries_its_ids_and_repeats_the_clients(client: Client):
    own = "4a18d3cd-9ad5-4664-b3eb-daaa2f435f00"
    answer = client.ask("/users", **{"client-request-id": own})
    assert answer.headers["client-request-id"] == own
    assert answer.headers["request-id"]
    assert answer.headers["OData-Version"] == "4.0"
    assert (
        client.ask("/nonsense", **{"client-request-id": own}).json()["error"]["innerError"]["client-request-id"] == own
    )


def test_members_of_every_kind_are_listed_page_by_page(client: Client):
    hired = hire_some(client, 3)
    nested = client.tenant.add_group("Nested", "security")
    contact = client.tenant.add_contact("Nora", "nora@northwind.example")
    device = client.tenant.add_device("LAPTOP")
    group = client.tenant.add_group("All", "security", members=[*hired, nested, contact, device])
    pages = client.pages(f"/groups/{group}/members?$top=4")
    listed = [(item["id"], item["@odata.type"]) for page in pages for item in page["value"]]
    kinds = ["user", "user", "user", "group", "orgContact", "device"]
    assert listed == [
        (object_id, f"#microsoft.graph.{kind}")
        for object_id, kind in zip([*hired, nested, contact, device], kinds, strict=True)
    ]
    assert len(pages) == 2


def test_get_by_ids_leaves_out_what_is_not_there(client: Client):
    here, gone = hire_some(client, 2)
    group = client.tenant.add_group("Team", "security")
    client.tenant.delete(gone)
    ids = [here, gone, group, "00000000-0000-0000-0000-000000000000"]
    address = f"{client.server.graph_url}/directoryObjects/getByIds"
    everything = client.session.post(address, json={"ids": ids}, timeout=5).json()["value"]
    assert {item["id"] for item in everything} == {here, group}
    assert {item["@odata.type"] for item in everything} == {"#microsoft.graph.user", "#microsoft.graph.group"}
    users = client.session.post(address, json={"ids": ids, "types": ["user"]}, timeout=5).json()["value"]
    assert [item["id"] for item in users] == [here]


@pytest.mark.parametrize("ids", [["x"] * 1001, [], None])
def test_get_by_ids_takes_a_thousand_and_no_more(client: Client, ids):
    address = f"{client.server.graph_url}/directoryObjects/getByIds"
    assert client.session.post(address, json={"ids": ids}, timeout=5).status_code == 400


def test_the_registration_is_found_by_its_application_id_alone(client: Client):
    select = "$select=id,appId,displayName,passwordCredentials"
    (ours,) = client.get(f"/applications?$filter=appId eq '{client.server.application_id}'&{select}")["value"]
    hints = [entry["hint"] for entry in ours["passwordCredentials"]]
    assert client.server.client_secret[:3] in hints
    assert len(set(hints)) == 2, "an old secret stands beside it, so that the hint matters"
    ends = datetime.fromisoformat(ours["passwordCredentials"][-1]["endDateTime"][:19]).replace(tzinfo=UTC)
    assert ends > datetime.now(UTC) + timedelta(days=700)
    assert client.get("/applications?$filter=appId eq 'another'")["value"] == []


def test_domains_show_the_unverified_too_and_organization_does_not(client: Client):
    client.tenant.add_domain("pending.example", verified=False)
    domains = {domain["id"]: domain for domain in client.get("/domains")["value"]}
    assert [name for name, domain in domains.items() if domain["isDefault"]] == ["contoso.example"]
    assert [name for name, domain in domains.items() if domain["isInitial"]] == ["contoso-onmicrosoft.example"]
    assert (domains["pending.example"]["isVerified"], domains["pending.example"]["supportedServices"]) == (False, [])
    (organization,) = client.get("/organization")["value"]
    assert "pending.example" not in [domain["name"] for domain in organization["verifiedDomains"]]
    assert organization["id"] == client.server.tenant_id


def test_questions_cost_what_the_documentation_says(client: Client):
    def cost(path: str) -> str:
        return client.ask(path).headers["x-ms-resource-unit"]

    group = client.tenant.add_group("Team", "security")
    assert [cost("/users"), cost("/users?$select=id"), cost(f"/groups/{group}/members"), cost("/domains")] == [
        *("2", "1", "3", "1"),
    ]
