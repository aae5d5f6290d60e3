"""Signing in with Microsoft: authorisation code with PKCE, state and nonce, against the tenant's own authority with the
organisation's own registration.

Whoever comes back is known by tenant and object id alone; see `identity`.
"""

from typing import Any, NamedTuple
from urllib.parse import urlencode

from authlib.integrations.base_client.errors import MismatchingStateError, OAuthError
from authlib.integrations.flask_client import FlaskIntegration, FlaskOAuth2App
from flask import request, session
from joserfc.errors import JoseError
from requests import RequestException

from ppe.config import Settings
from ppe.encryption import decrypt
from ppe.errors import Refused
from ppe.models import Connection
from ppe.signin import discovery, refusals
from ppe.signin.identity import Identity

SECONDS = 10
FLOWS = "microsoft"  # what this browser has begun, by state: where it leads
MOST_FLOWS = 4  # tabs at once; each costs about 300 bytes of a cookie of 4 kB
UNTRUSTED = "What came back from Microsoft can't be trusted, so nobody was signed in. Begin again."
UNKNOWN_FLOW = "This sign-in was not begun in this browser, or it was finished before. Begin again."


class NoAnswer(Refused):
    """Microsoft did not answer, or refuses our own registration: the local form is the way."""


class Flow(NamedTuple):
    """What was begun: with which connection, for which address and page, and the account that wants to be bound."""

    connection_id: int
    address: str
    wanted: str
    binds: int | None = None


def begin(connection: Connection, settings: Settings, flow: Flow) -> str:
    """The address at Microsoft to send the browser to; what has to match afterwards is kept in its session.

    Raises:
        NoAnswer: Microsoft does not answer.
    """
    client = _client(connection, settings)
    asked = {"login_hint": flow.address} if flow.address else {"prompt": "select_account"}
    begun = client.create_authorization_url(settings.redirect_address, response_mode="query", **asked)
    client.save_authorize_data(redirect_uri=settings.redirect_address, **begun)
    flows = session.get(FLOWS, {}) | {begun["state"]: list(flow)}
    for old in list(flows)[:-MOST_FLOWS]:
        session.pop(f"_state_{_name(flows.pop(old)[0])}_{old}", None)
    session[FLOWS] = flows
    return str(begun["url"])


def flow_of(state: str) -> Flow:
    """What this browser has begun under a state, which is used up by asking.

    Raises:
        Refused: nothing.
    """
    flows = dict(session.get(FLOWS, {}))
    found = flows.pop(state, None)
    session[FLOWS] = flows
    if found is None:
        raise Refused(UNKNOWN_FLOW)
    return Flow(*found)


def identity(connection: Connection, settings: Settings) -> Identity:
    """Who came back, out of the current request: the code is exchanged, and the token believed only if everything fits.

    Raises:
        NoAnswer: Microsoft does not answer, or refuses our registration.
        Refused: Microsoft refused, each refusal with a sentence of its own, or what came back can't be trusted.
    """
    client = _client(connection, settings)
    if refused := request.args.get("error"):
        # Anybody can write this into an address, so it is not remembered for others.
        raise _refusal(refused, request.args.get("error_description"))
    claims = _token(client, connection).get("userinfo")
    if not claims:
        raise Refused("Microsoft sent no identity back, so nobody was signed in. Begin again.")
    return _identity_of(claims)


def _token(client: FlaskOAuth2App, connection: Connection) -> dict[str, Any]:
    try:
        token: dict[str, Any] = client.authorize_access_token(claims_options=_claims_options(connection, client))
    except MismatchingStateError:
        raise Refused(UNKNOWN_FLOW) from None
    except OAuthError as error:
        refusal = _refusal(error.error, error.description)
        if isinstance(refusal, NoAnswer):
            discovery.remember_refusal(connection.id)
        raise refusal from error
    except (JoseError, ValueError) as error:
        raise Refused(UNTRUSTED) from error
    except RequestException as error:
        raise NoAnswer(refusals.AWAY) from error
    return token


def sign_out_address(connection: Connection, settings: Settings) -> str:
    """Where the same person ends their sign-in at Microsoft too, to come back here afterwards."""
    back = urlencode({"post_logout_redirect_uri": f"{settings.public_url}/sign-in"})
    return f"{settings.microsoft_login_url}/{connection.tenant_id}/oauth2/v2.0/logout?{back}"


def _client(connection: Connection, settings: Settings) -> FlaskOAuth2App:
    """Made for each use: every organisation has its own registration, and Microsoft's keys are fetched fresh."""
    document = discovery.of(settings.microsoft_login_url, connection.tenant_id or "")
    if document is None:
        raise NoAnswer(refusals.AWAY)
    return FlaskOAuth2App(
        FlaskIntegration(_name(connection.id)),
        name=_name(connection.id),
        client_id=connection.application_id,
        client_secret=decrypt(connection.ad_key or ""),
        client_kwargs={
            "scope": "openid profile email",
            "code_challenge_method": "S256",
            "token_endpoint_auth_method": "client_secret_post",
            "default_timeout": SECONDS,
            "trust_env": False,
        },
        **{name: document[name] for name in discovery.NEEDED},
        id_token_signing_alg_values_supported=["RS256"],
    )


def _name(connection_id: int) -> str:
    return f"microsoft-{connection_id}"


def _claims_options(connection: Connection, client: FlaskOAuth2App) -> dict[str, Any]:
    """What the token has to say. Made anew each time: Authlib takes things out of what it is given."""
    return {
        "iss": {"essential": True, "value": client.server_metadata["issuer"]},
        "aud": {"essential": True, "value": connection.application_id},
        "tid": {"essential": True, "value": connection.tenant_id},
        "oid": {"essential": True},
        "exp": {"essential": True},
        "nonce": {"essential": True},
    }


def _identity_of(claims: dict[str, Any]) -> Identity:
    tenant_id, provider = str(claims["tid"]), str(claims.get("idp", ""))
    is_guest = claims.get("acct") == 1 or bool(provider and tenant_id not in provider)
    return Identity(
        tenant_id=tenant_id,
        object_id=str(claims["oid"]),
        user_principal_name=str(claims.get("preferred_username", "")),
        is_guest=is_guest,
        sid=claims.get("sid"),
    )


def _refusal(error: str, description: str | None) -> Refused:
    number = refusals.number_of(description)
    if refusals.is_about_us(error, number):
        return NoAnswer(refusals.NOT_ACCEPTED)
    return Refused(refusals.sentence(error, number))
