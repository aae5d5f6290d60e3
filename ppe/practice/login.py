"""The sign-in host: the discovery document of a tenant, and tokens for an application with a client secret."""

import re
from datetime import UTC, datetime
from urllib.parse import unquote_plus
from uuid import uuid4

from flask import Blueprint, Response, g, request

from ppe.practice.clouds import WORLDWIDE, Home, discovery_document, elsewhere
from ppe.practice.errors import SignInError
from ppe.practice.practice import Practice
from ppe.practice.registration import ROLE
from ppe.practice.tokens import GRAPH_HOST
from ppe.practice.wire import to_json

SHARED = {"common", "organizations", "consumers"}
GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
DNS_NAME = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]", re.IGNORECASE)
ERROR_PAGE = "https://login.microsoftonline.com/error"


class SignInHost:
    """The part of Microsoft's sign-in that a daemon needs."""

    def __init__(self, practice: Practice) -> None:
        self._practice = practice

    def blueprint(self) -> Blueprint:
        """Return the routes."""
        bp = Blueprint("login", __name__, url_prefix="/login")
        bp.add_url_rule("/<tenant>/v2.0/.well-known/openid-configuration", "discovery", self.discovery)
        bp.add_url_rule("/<tenant>/oauth2/v2.0/token", "token", self.token, methods=["POST"])
        bp.before_request(note_ids)
        bp.register_error_handler(SignInError, refuse)
        return bp

    def discovery(self, tenant: str) -> Response:
        """Answer with the discovery document; no credentials are needed."""
        home = Home("{tenantid}", WORLDWIDE) if tenant in SHARED else self._home(tenant)
        if home is None or home.cloud.name.endswith(".cn"):
            # The worldwide host does not know tenants in China; those of the US Government it does.
            raise unknown_tenant(tenant, "invalid_tenant")
        response = answered(discovery_document(home, f"{request.host_url}login"))
        response.headers["Cache-Control"] = "max-age=86400, private"
        return response

    def token(self, tenant: str) -> Response:
        """Answer with an access token for Graph. Raises SignInError."""
        home = self._home_for_tokens(tenant)
        client_id, secret = credentials()
        require_client_credentials()
        self._check_client(tenant, client_id, secret)
        check_scope(request.form.get("scope"))
        registration = self._practice.tenant.registration
        roles = [ROLE] if registration.consented else []
        lifetime, generation = registration.token_lifetime, self._practice.weather.token_generation
        token = self._practice.tokens.issue(home.tenant_id, client_id, roles, lifetime, generation)
        return answered(
            {"token_type": "Bearer", "expires_in": lifetime, "ext_expires_in": lifetime, "access_token": token}
        )

    def _home(self, tenant: str) -> Home | None:
        ours = self._practice.tenant
        if tenant.casefold() == ours.tenant_id or ours.is_verified(tenant):
            return Home(ours.tenant_id, WORLDWIDE)
        return elsewhere(tenant)

    def _home_for_tokens(self, tenant: str) -> Home:
        if tenant in SHARED:
            what = "The grant type is not supported over the /common or /consumers endpoints."
            advice = "Please use the /organizations or tenant-specific endpoint."
            raise SignInError(400, "invalid_request", 9001023, f"{what} {advice}")
        if not GUID.fullmatch(tenant) and not DNS_NAME.fullmatch(tenant):
            what = f"Specified tenant identifier '{tenant}' is neither a valid DNS name, nor a valid external domain."
            raise SignInError(400, "invalid_request", 900023, what)
        home = self._home(tenant)
        if home is None:
            raise unknown_tenant(tenant, "invalid_request")
        if not home.is_ours:
            what = "Confidential Client is not supported in Cross Cloud request."
            raise SignInError(400, "invalid_request", 900382, what, uri=False)
        return home

    def _check_client(self, tenant: str, client_id: str, secret: str) -> None:
        registration = self._practice.tenant.registration
        if client_id.casefold() != registration.application_id:
            what = f"Application with identifier '{client_id}' was not found in the directory '{tenant}'."
            why = (
                "This can happen if the application has not been installed by the administrator of the tenant or "
                "consented to by any user in the tenant. "
                "You may have sent your authentication request to the wrong tenant."
            )
            raise SignInError(400, "unauthorized_client", 700016, f"{what} {why}")
        known = next((known for known in registration.secrets if known.value == secret), None)
        if known is None:
            what = "Invalid client secret provided. Ensure the secret being sent in the request is the client secret"
            more = f"value, not the client secret ID, for a secret added to app '{client_id}'."
            raise SignInError(401, "invalid_client", 7000215, f"{what} {more}")
        if known.is_over(datetime.now(UTC)):
            what = f"The provided client secret keys for app '{client_id}' are expired."
            more = (
                "Visit the Azure portal to create new keys for your app: https://aka.ms/NewClientSecret, "
                "or consider using certificate credentials for added security: https://aka.ms/certCreds."
            )
            raise SignInError(401, "invalid_client", 7000222, f"{what} {more}")


def note_ids() -> None:
    """Give the answer its ids; a correlation id is the client's own where it sent one."""
    g.trace_id = str(uuid4())
    sent = request.headers.get("client-request-id", "")
    g.correlation_id = sent if GUID.fullmatch(sent) else str(uuid4())


def credentials() -> tuple[str, str]:
    """Return client id and secret, from the form or from HTTP Basic. Raises SignInError."""
    basic = request.authorization
    if basic is not None and basic.type == "basic":
        return unquote_plus(basic.username or ""), unquote_plus(basic.password or "")
    client_id = required("client_id")
    secret = request.form.get("client_secret")
    if not secret:
        what = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."
        raise SignInError(401, "invalid_client", 7000218, what)
    return client_id, secret


def required(parameter: str) -> str:
    """Return a parameter of the form. Raises SignInError."""
    value = request.form.get(parameter)
    if not value:
        what = f"The request body must contain the following parameter: '{parameter}'."
        raise SignInError(400, "invalid_request", 900144, what)
    return value


def require_client_credentials() -> None:
    """Refuse every other grant. Raises SignInError."""
    grant = required("grant_type")
    if grant != "client_credentials":
        what = f"The app requested an unsupported grant type '{grant}'."
        raise SignInError(400, "unsupported_grant_type", 70003, what)


def check_scope(scope: str | None) -> None:
    """Accept Graph's `.default`, under its own name or the practice server's. Raises SignInError."""
    hosts = (f"{GRAPH_HOST}/", request.host_url)
    if scope is None or not scope.startswith(hosts) or not scope.endswith("/.default"):
        what = "The provided value for the input parameter 'scope' is not valid."
        raise SignInError(400, "invalid_scope", 70011, f"{what} The scope {scope} is not valid.")


def unknown_tenant(tenant: str, error: str) -> SignInError:
    """Return the refusal of a tenant that nobody knows."""
    what = f"Tenant '{tenant}' not found."
    advice = "Check to make sure you have the correct tenant ID and are signing into the correct cloud."
    more = (
        "Check with your subscription administrator, this may happen if there are no active subscriptions "
        "for the tenant."
    )
    return SignInError(400, error, 90002, f"{what} {advice} {more}")


def answered(body: dict[str, object]) -> Response:
    """Answer with JSON that is not to be kept."""
    response = Response(to_json(body), content_type="application/json; charset=utf-8")
    response.headers.update(
        {"Cache-Control": "no-store, no-cache", "Pragma": "no-cache", "x-ms-request-id": g.trace_id}
    )
    return response


def refuse(error: SignInError) -> Response:
    """Answer with an error. An unknown tenant's document may be kept for a day, as its presence may."""
    response = answered(error.body(g.trace_id, g.correlation_id, ERROR_PAGE))
    response.status_code = error.status
    if error.error == "invalid_tenant":
        response.headers["Cache-Control"] = "max-age=86400, private"
    return response
