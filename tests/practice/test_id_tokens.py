"""Redeeming a code, what the ID token says, and the keys that it is signed with."""

import time
from collections.abc import Iterator

import pytest
import requests
import time_machine
from joserfc.errors import BadSignatureError, InvalidKeyIdError

from ppe.practice.state import registration, snapshot
from tests.practice.relying_party import RelyingParty, relying_party
from tests.practice.test_sign_in import claims as payload_of
from tests.practice.test_sign_in import code_of

ALWAYS = {"aud", "iss", "iat", "nbf", "exp", "nonce", "rh", "sid", "sub", "tid", "uti", "ver"}
CLAIMS = ALWAYS | {"email", "name", "oid", "preferred_username"}


@pytest.fixture
def app() -> Iterator[RelyingParty]:
    with relying_party() as party:
        yield party


def test_the_tokens_of_a_code(app: RelyingParty):
    body = app.tokens("ann@contoso.example")
    assert body["token_type"] == "Bearer"
    assert body["scope"] == "openid profile email"
    assert body["expires_in"] == 3599
    assert body["access_token"]


def test_an_id_token_says_what_microsofts_says(app: RelyingParty):
    before = int(time.time())
    back = app.sign_in("ann@contoso.example")
    claims = app.claims(app.redeem(back["code"]).json()["id_token"])
    assert set(claims) == CLAIMS
    assert claims["aud"] == app.server.application_id
    assert claims["iss"] == f"{app.server.login_url}/{app.server.tenant_id}/v2.0"
    assert claims["tid"] == app.server.tenant_id
    assert claims["oid"] == app.tenant.find("Ann")
    assert claims["preferred_username"] == claims["email"] == "ann@contoso.example"
    assert (claims["name"], claims["nonce"], claims["ver"]) == ("Ann", "the nonce", "2.0")
    assert claims["sid"] == back["session_state"]
    assert claims["iat"] == claims["nbf"] <= before
    assert claims["exp"] - claims["iat"] == 3900


def test_the_subject_is_the_persons_and_stays(app: RelyingParty):
    first, again = (app.claims(app.tokens("ann@contoso.example")["id_token"]) for _ in range(2))
    other = app.claims(app.tokens("nell@contoso.example", prompt="login")["id_token"])
    assert first["sub"] == again["sub"] != other["sub"]
    assert first["sub"] != first["oid"]
    assert first["uti"] != again["uti"]


def test_who_has_no_mailbox_has_no_email(app: RelyingParty):
    claims = app.claims(app.tokens("nell@contoso.example")["id_token"])
    assert "email" not in claims
    assert claims["preferred_username"] == "nell@contoso.example"


def test_the_principal_name_is_told_where_it_differs_from_the_address(app: RelyingParty):
    app.tenant.set_primary(app.tenant.find("Ann"), "ann.new@contoso.example")
    claims = app.claims(app.tokens("Ann")["id_token"])
    assert (claims["preferred_username"], claims["email"]) == ("ann@contoso.example", "ann.new@contoso.example")


def test_without_the_scope_profile_there_is_no_object_id(app: RelyingParty):
    claims = app.claims(app.tokens("ann@contoso.example", scope="openid")["id_token"])
    assert not {"oid", "name", "preferred_username", "email"} & set(claims)


def test_without_the_scope_openid_there_is_no_id_token(app: RelyingParty):
    assert "id_token" not in app.tokens("ann@contoso.example", scope="User.Read", nonce="")


def test_a_guest_is_told_apart_by_her_provider(app: RelyingParty):
    claims = app.claims(app.tokens("gina@northwind.example", scope="openid profile")["id_token"])
    assert claims["preferred_username"] == claims["email"] == "gina@northwind.example"
    assert claims["idp"].startswith("https://sts.windows.net/")
    assert claims["tid"] == app.server.tenant_id
    assert app.server.tenant_id not in claims["idp"]


def test_a_persons_access_token_reads_no_directory(app: RelyingParty):
    token = app.tokens("ann@contoso.example")["access_token"]
    assert payload_of(token)["scp"] == "openid profile email"
    asked = requests.get(f"{app.server.graph_url}/users", headers={"Authorization": f"Bearer {token}"}, timeout=5)
    assert asked.status_code == 403


def test_a_code_is_good_once(app: RelyingParty):
    code = app.sign_in("ann@contoso.example")["code"]
    assert app.redeem(code).status_code == 200
    assert code_of(app.redeem(code)) == (400, "invalid_grant", 54005)


@pytest.mark.parametrize(("minutes", "refusal"), [(9, None), (11, (400, "invalid_grant", 70008))])
def test_a_code_is_good_for_ten_minutes(app: RelyingParty, minutes, refusal):
    code = app.sign_in("ann@contoso.example")["code"]
    with time_machine.travel(time.time() + 60 * minutes, tick=False):
        answer = app.redeem(code)
    assert answer.status_code == 200 if refusal is None else code_of(answer) == refusal


@pytest.mark.parametrize(
    ("sent", "refusal"),
    [
        ({"code": "no code"}, (400, "invalid_grant", 9002313)),
        ({"code": ""}, (400, "invalid_request", 900144)),
        ({"redirect_uri": ""}, (400, "invalid_request", 900144)),
        ({"redirect_uri": "http://127.0.0.1:5000/elsewhere"}, (400, "invalid_client", 500112)),
        ({"code_verifier": "x" * 43}, (400, "invalid_grant", 501481)),
        ({"code_verifier": ""}, (400, "invalid_grant", 501481)),
        ({"client_secret": "wrong"}, (401, "invalid_client", 7000215)),
        ({"client_secret": ""}, (401, "invalid_client", 7000218)),
        ({"client_id": "833aa854-2811-4f90-9620-c38070f595d7"}, (400, "unauthorized_client", 700016)),
        ({"tenant": "gcc.example"}, (400, "invalid_grant", 700005)),
        ({"tenant": "common"}, (400, "invalid_request", 50194)),
        ({"grant_type": "refresh_token"}, (400, "unsupported_grant_type", 70003)),
    ],
)
def test_a_code_is_refused_with_microsofts_number_and_stays_good(app: RelyingParty, sent, refusal):
    code = app.sign_in("ann@contoso.example")["code"]
    assert code_of(app.redeem(**{"code": code} | sent)) == refusal
    assert app.redeem(code).status_code == 200


def test_a_verifier_without_a_challenge_is_refused(app: RelyingParty):
    code = app.sign_in("ann@contoso.example", code_challenge="", code_challenge_method="")["code"]
    assert code_of(app.redeem(code)) == (400, "invalid_grant", 501481)
    assert app.redeem(code, code_verifier="").status_code == 200


def test_an_expired_secret_redeems_nothing(app: RelyingParty):
    code = app.sign_in("ann@contoso.example")["code"]
    app.tenant.expire_secret()
    assert code_of(app.redeem(code)) == (401, "invalid_client", 7000222)


def test_the_secret_may_come_by_http_basic(app: RelyingParty):
    credentials = requests.auth.HTTPBasicAuth(app.server.application_id, app.server.client_secret)
    form = {
        "grant_type": "authorization_code",
        "code": app.sign_in("ann@contoso.example")["code"],
        "redirect_uri": "http://127.0.0.1:5000/callback",
        "code_verifier": app.verifier,
    }
    address = f"{app.server.login_url}/{app.server.domain}/oauth2/v2.0/token"
    assert requests.post(address, data=form, auth=credentials, timeout=5).status_code == 200


def test_the_key_set_is_where_the_discovery_document_says(app: RelyingParty):
    document = requests.get(
        f"{app.server.login_url}/{app.server.domain}/v2.0/.well-known/openid-configuration", timeout=5
    ).json()
    (key,) = requests.get(document["jwks_uri"], timeout=5).json()["keys"]
    assert (key["kty"], key["use"], key["issuer"]) == ("RSA", "sig", document["issuer"])
    assert not {"d", "p", "q"} & set(key), "the private half stays private"
    (shared,) = app.key_set("common")["keys"]
    assert (shared["kid"], shared["issuer"]) == (key["kid"], f"{app.server.login_url}/{{tenantid}}/v2.0")


@pytest.mark.parametrize("tenant", ["nobody.example", "gcchigh.example", "china.example"])
def test_a_tenant_that_signs_in_elsewhere_has_no_keys_here(app: RelyingParty, tenant):
    assert app.key_set(tenant)["error"] == "invalid_tenant"


def test_after_a_rotation_old_tokens_can_still_be_checked(app: RelyingParty):
    old = app.tokens("ann@contoso.example")["id_token"]
    app.tenant.rotate_signing_keys()
    new = app.tokens("ann@contoso.example")["id_token"]
    assert len(app.key_set()["keys"]) == 2
    assert app.claims(old)["oid"] == app.claims(new)["oid"]
    assert old.split(".")[0] != new.split(".")[0], "another kid"


def test_once_the_old_keys_are_withdrawn_only_new_tokens_can_be_checked(app: RelyingParty):
    old = app.tokens("ann@contoso.example")["id_token"]
    for action in ("rotate_keys", "withdraw_old_keys"):
        asked = requests.post(f"{app.server.url}/practice/changes", json={"action": action}, timeout=5)
        assert asked.status_code == 200
    assert app.claims(app.tokens("ann@contoso.example")["id_token"])
    with pytest.raises((InvalidKeyIdError, BadSignatureError)):
        app.claims(old)


def test_a_file_from_before_the_addresses_is_read(app: RelyingParty):
    saved = snapshot(app.tenant)["registration"]
    for secret in saved["secrets"]:
        secret |= {name: secret[name].isoformat() for name in ("starts", "ends")}
    older = {
        name: saved[name] for name in saved if name not in {"redirect_addresses", "front_channel_logout", "agreed"}
    }
    assert registration(older) == app.tenant.registration
