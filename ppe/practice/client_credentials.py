"""The application at the token endpoint: who it says it is, and whether its secret is good."""

from datetime import UTC, datetime
from urllib.parse import unquote_plus

from flask import request

from ppe.practice.errors import SignInError
from ppe.practice.registration import Registration


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
        raise missing(parameter)
    return value


def missing(parameter: str) -> SignInError:
    """Return the refusal of a request that lacks a parameter."""
    what = f"The request body must contain the following parameter: '{parameter}'."
    return SignInError(400, "invalid_request", 900144, what)


def unknown_application(client_id: str, tenant: str) -> SignInError:
    """Return the refusal of an application that is not registered here."""
    what = f"Application with identifier '{client_id}' was not found in the directory '{tenant}'."
    why = (
        "This can happen if the application has not been installed by the administrator of the tenant or "
        "consented to by any user in the tenant. "
        "You may have sent your authentication request to the wrong tenant."
    )
    return SignInError(400, "unauthorized_client", 700016, f"{what} {why}")


def check_client(registration: Registration, tenant: str, client_id: str, secret: str) -> None:
    """Let in the registered application with a secret that is good now. Raises SignInError."""
    if client_id.casefold() != registration.application_id:
        raise unknown_application(client_id, tenant)
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
