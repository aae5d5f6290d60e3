"""The sign-in host: discovery, keys and tokens. The pages that people see are `authorise` and `sign_out`."""

from typing import Any
from uuid import uuid4

from flask import Blueprint, Response, g, request

from ppe.practice import faults
from ppe.practice.admin_consent import AdminConsent
from ppe.practice.authorise import Authorise
from ppe.practice.authorization_codes import Redemption
from ppe.practice.client_credentials import check_client, credentials, required
from ppe.practice.clouds import WORLDWIDE, Home, discovery_document
from ppe.practice.errors import SignInError
from ppe.practice.homes import GUID, SHARED, find_home, issuer, require_home, single_tenant, unknown_tenant
from ppe.practice.id_tokens import id_claims
from ppe.practice.practice import Practice
from ppe.practice.sign_in_pages import ERROR_PAGE
from ppe.practice.sign_out import SignOut
from ppe.practice.tokens import GRAPH_HOST
from ppe.practice.wire import to_json


class SignInHost:
    """Microsoft's sign-in: for a daemon with a secret, and for people in a browser."""

    def __init__(self, practice: Practice) -> None:
        self._practice = practice

    def blueprint(self) -> Blueprint:
        """Return the routes."""
        bp = Blueprint("login", __name__, url_prefix="/login")
        bp.add_url_rule("/<tenant>/v2.0/.well-known/openid-configuration", "discovery", self.discovery)
        bp.add_url_rule("/<tenant>/discovery/v2.0/keys", "keys", self.keys)
        bp.add_url_rule("/<tenant>/oauth2/v2.0/token", "token", self.token, methods=["POST"])
        authorise, sign_out = Authorise(self._practice), SignOut(self._practice)
        bp.add_url_rule("/<tenant>/oauth2/v2.0/authorize", "authorise", authorise.answer, methods=["GET", "POST"])
        bp.add_url_rule("/<tenant>/oauth2/v2.0/logout", "sign_out", sign_out.answer)
        consent = AdminConsent(self._practice)
        bp.add_url_rule("/<tenant>/adminconsent", "admin_consent", consent.answer, methods=["GET", "POST"])
        bp.before_request(note_ids)
        bp.before_request(self.gate)
        bp.register_error_handler(SignInError, refuse)
        return bp

    def gate(self) -> Response | None:
        """Let a request in, unless the weather is against it."""
        kind = self._practice.weather.sky.sign_in
        return None if kind is None else faults.sign_in_outage(kind, self._practice.weather)

    def discovery(self, tenant: str) -> Response:
        """Answer with the discovery document; no credentials are needed."""
        home = Home("{tenantid}", WORLDWIDE) if tenant in SHARED else find_home(self._practice.tenant, tenant)
        if home is None or home.cloud.name.endswith(".cn"):
            # The worldwide host does not know tenants in China; those of the US Government it does.
            raise unknown_tenant(tenant, "invalid_tenant")
        return may_be_kept(answered(discovery_document(home, f"{request.host_url}login")))

    def keys(self, tenant: str) -> Response:
        """Answer with the public keys. All tenants share them; under /common the issuer stays a template."""
        home = Home("{tenantid}", WORLDWIDE) if tenant in SHARED else find_home(self._practice.tenant, tenant)
        if home is None or not home.is_ours:
            raise unknown_tenant(tenant, "invalid_tenant")
        listed = self._practice.tenant.signing_keys.published()
        return may_be_kept(answered({"keys": [{**key, "issuer": issuer(home.tenant_id)} for key in listed]}))

    def token(self, tenant: str) -> Response:
        """Answer with tokens, for the application itself or for a person's code. Raises SignInError."""
        registration = self._practice.tenant.registration
        for_a_person = request.form.get("grant_type") == "authorization_code"
        if tenant in SHARED:
            raise single_tenant(registration.application_id, registration.name) if for_a_person else no_such_grant()
        home = require_home(self._practice.tenant, tenant)
        client_id, secret = credentials()
        require_known_grant()
        check_client(registration, tenant, client_id, secret)
        if for_a_person:
            return answered(self._for_a_person(home, client_id))
        check_scope(request.form.get("scope"))
        return answered(self._for_the_application(home, client_id))

    def _for_the_application(self, home: Home, client_id: str) -> dict[str, Any]:
        registration = self._practice.tenant.registration
        roles = registration.granted
        lifetime, generation = registration.token_lifetime, self._practice.weather.token_generation
        token = self._practice.tokens.issue(home.tenant_id, client_id, roles, lifetime, generation)
        return {"token_type": "Bearer", "expires_in": lifetime, "ext_expires_in": lifetime, "access_token": token}

    def _for_a_person(self, home: Home, client_id: str) -> dict[str, Any]:
        code, redirect_uri = required("code"), required("redirect_uri")
        shown = Redemption(code, home.tenant_id, client_id, redirect_uri, request.form.get("code_verifier", ""))
        grant = self._practice.codes.redeem(shown)
        entry = self._practice.tenant.entries[grant.object_id]
        lifetime, generation = (
            self._practice.tenant.registration.token_lifetime,
            self._practice.weather.token_generation,
        )
        body: dict[str, Any] = {
            "token_type": "Bearer",
            "scope": " ".join(scope for scope in grant.scopes if scope != "offline_access"),
            "expires_in": lifetime,
            "ext_expires_in": lifetime,
            "access_token": self._practice.tokens.issue_for_person(grant, lifetime, generation),
        }
        if "openid" in grant.scopes:
            claims = id_claims(entry, grant, issuer(home.tenant_id))
            body["id_token"] = self._practice.tenant.signing_keys.sign(claims)
        return body


def note_ids() -> None:
    """Give the answer its ids; a correlation id is the client's own where it sent one."""
    g.trace_id = str(uuid4())
    sent = request.headers.get("client-request-id", "")
    g.correlation_id = sent if GUID.fullmatch(sent) else str(uuid4())


def no_such_grant() -> SignInError:
    """Return the refusal of a daemon at /common."""
    what = "The grant type is not supported over the /common or /consumers endpoints."
    advice = "Please use the /organizations or tenant-specific endpoint."
    return SignInError(400, "invalid_request", 9001023, f"{what} {advice}")


def require_known_grant() -> None:
    """Refuse every other grant. Raises SignInError."""
    grant = required("grant_type")
    if grant not in {"client_credentials", "authorization_code"}:
        what = f"The app requested an unsupported grant type '{grant}'."
        raise SignInError(400, "unsupported_grant_type", 70003, what)


def check_scope(scope: str | None) -> None:
    """Accept Graph's `.default`, under its own name or the practice server's. Raises SignInError."""
    hosts = (f"{GRAPH_HOST}/", request.host_url)
    if scope is None or not scope.startswith(hosts) or not scope.endswith("/.default"):
        what = "The provided value for the input parameter 'scope' is not valid."
        raise SignInError(400, "invalid_scope", 70011, f"{what} The scope {scope} is not valid.")


def answered(body: dict[str, object]) -> Response:
    """Answer with JSON that is not to be kept."""
    response = Response(to_json(body), content_type="application/json; charset=utf-8")
    response.headers.update(
        {"Cache-Control": "no-store, no-cache", "Pragma": "no-cache", "x-ms-request-id": g.trace_id}
    )
    return response


def may_be_kept(response: Response) -> Response:
    """Let the client keep an answer for a day."""
    response.headers["Cache-Control"] = "max-age=86400, private"
    return response


def refuse(error: SignInError) -> Response:
    """Answer with an error. An unknown tenant's document may be kept for a day, as its presence may."""
    response = answered(error.body(g.trace_id, g.correlation_id, ERROR_PAGE))
    response.status_code = error.status
    return may_be_kept(response) if error.error == "invalid_tenant" else response
