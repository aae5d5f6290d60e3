"""The sign-in host: discovery, tokens, and each way of not getting one."""

import base64
import json
from typing import Any

import pytest

from tests.practice.conftest import SCOPE, Client


def claims(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    decoded: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return decoded


def code_of(answer: Any) -> tuple[int, str, int]:
    return answer.status_code, answer.json()["error"], answer.json()["error_codes"][0]


def test_discovery_by_domain_and_by_id_give_the_same_document(client: Client):
    document = client.discover(client.server.domain).json()
    assert document == client.discover(client.server.tenant_id).json()
    assert document["issuer"] == f"{client.server.login_url}/{client.server.tenant_id}/v2.0"
    assert document["token_endpoint"].startswith(f"{client.server.login_url}/{client.server.tenant_id}/")
    assert (document["cloud_instance_name"], document["msgraph_host"]) == ("microsoftonline.com", "graph.microsoft.com")


def test_discovery_without_a_tenant_leaves_the_issuer_a_template(client: Client):
    assert client.discover("common").json()["issuer"] == f"{client.server.login_url}/{{tenantid}}/v2.0"


@pytest.mark.parametrize(
    ("domain", "sub_scope", "graph"),
    [
        ("gcchigh.example", "DODCON", "graph.microsoft.us"),
        ("dod.example", "DOD", "dod-graph.microsoft.us"),
    ],
)
def test_a_government_tenant_names_its_home(client: Client, domain, sub_scope, graph):
    document = client.discover(domain).json()
    assert document["issuer"].startswith("https://login.microsoftonline.us/")
    assert document["cloud_instance_name"] == "microsoftonline.us"
    assert (document["tenant_region_scope"], document["tenant_region_sub_scope"]) == ("USGov", sub_scope)
    assert document["msgraph_host"] == graph


def test_a_gcc_tenant_lives_in_the_worldwide_cloud_and_can_be_used(client: Client):
    document = client.discover("gcc.example").json()
    assert (document["tenant_region_scope"], document["tenant_region_sub_scope"]) == ("NA", "GCC")
    assert document["cloud_instance_name"] == "microsoftonline.com"
    token = client.token("gcc.example").json()["access_token"]
    (organization,) = client.get("/organization", Authorization=f"Bearer {token}")["value"]
    assert organization["id"] == claims(token)["tid"] != client.server.tenant_id
    assert organization["id"] in document["issuer"]


@pytest.mark.parametrize("domain", ["china.example", "nobody.example"])
def test_the_worldwide_host_does_not_know_a_tenant_in_china(client: Client, domain):
    assert code_of(client.discover(domain)) == (400, "invalid_tenant", 90002)


def test_an_unverified_domain_names_no_tenant(client: Client):
    client.tenant.add_domain("pending.example", verified=False)
    assert client.discover("pending.example").status_code == 400


@pytest.mark.parametrize(
    ("asked", "refusal"),
    [
        ({"client_secret": "wrong"}, (401, "invalid_client", 7000215)),
        ({"client_id": "833aa854-2811-4f90-9620-c38070f595d7"}, (400, "unauthorized_client", 700016)),
        ({"tenant": "nobody.example"}, (400, "invalid_request", 90002)),
        ({"tenant": "not a domain"}, (400, "invalid_request", 900023)),
        ({"tenant": "gcchigh.example"}, (400, "invalid_request", 900382)),
        ({"tenant": "common"}, (400, "invalid_request", 9001023)),
        ({"scope": "https://graph.microsoft.com/User.Read"}, (400, "invalid_scope", 70011)),
        ({"scope": ""}, (400, "invalid_scope", 70011)),
        ({"grant_type": "password"}, (400, "unsupported_grant_type", 70003)),
        ({"grant_type": ""}, (400, "invalid_request", 900144)),
        ({"client_id": ""}, (400, "invalid_request", 900144)),
        ({"client_secret": ""}, (401, "invalid_client", 7000218)),
    ],
)
def test_a_token_is_refused_with_microsofts_code(client: Client, asked, refusal):
    assert code_of(client.token(**asked)) == refusal


def test_an_expired_secret_is_refused_until_it_is_renewed(client: Client):
    client.tenant.expire_secret()
    assert code_of(client.token()) == (401, "invalid_client", 7000222)
    client.tenant.renew_secret()
    assert client.token().status_code == 200


def test_a_replaced_secret_is_void(client: Client):
    old = client.server.client_secret
    assert client.tenant.replace_secret() == client.server.client_secret != old
    assert code_of(client.token(client_secret=old)) == (401, "invalid_client", 7000215)
    assert client.token().status_code == 200


def test_credentials_may_come_by_http_basic(client: Client):
    answer = client.session.post(
        f"{client.server.login_url}/{client.server.domain}/oauth2/v2.0/token",
        data={"grant_type": "client_credentials", "scope": SCOPE},
        auth=(client.server.application_id, client.server.client_secret),
        headers={"Authorization": ""},
        timeout=5,
    )
    assert answer.status_code == 200


def test_an_error_repeats_the_clients_own_request_id(client: Client):
    own = "4a18d3cd-9ad5-4664-b3eb-daaa2f435f00"
    client.session.headers["client-request-id"] = own
    body = client.token(client_secret="wrong").json()
    assert body["correlation_id"] == own
    assert f"Correlation ID: {own}" in body["error_description"]


def test_a_token_names_its_tenant_and_permission(client: Client):
    told = claims(client.token().json()["access_token"])
    assert told["tid"] == client.server.tenant_id
    assert told["appid"] == client.server.application_id
    assert told["roles"] == ["Directory.Read.All"]


def test_without_consent_a_token_has_no_roles_and_is_good_for_nothing(client: Client):
    client.tenant.withdraw_consent()
    assert "roles" not in claims(client.token().json()["access_token"])
    assert client.sign_in().ask("/users").status_code == 403


def test_a_grant_takes_a_fresh_token(client: Client):
    client.tenant.withdraw_consent()
    client.sign_in()
    client.tenant.grant_consent()
    assert client.ask("/users").status_code == 403
    assert client.sign_in().ask("/users").status_code == 200


def test_a_token_that_has_run_out_is_refused(client: Client):
    client.tenant.registration.token_lifetime = 0
    assert client.token().json()["expires_in"] == 0
    refused = client.sign_in().ask("/users")
    assert refused.status_code == 401
    assert refused.json()["error"]["code"] == "InvalidAuthenticationToken"


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer x.y.z", "Basic eDp5", "Bearer é"])
def test_what_is_no_token_is_refused(client: Client, authorization):
    answer = client.ask("/users", Authorization=authorization.encode())
    assert answer.status_code == 401


def test_a_token_that_was_tampered_with_is_refused(client: Client):
    head, payload, signature = client.token().json()["access_token"].split(".")
    assert client.ask("/users", Authorization=f"Bearer {head}.{payload}A.{signature}").status_code == 401
