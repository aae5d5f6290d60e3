"""What Graph and the sign-in host refuse, as exceptions that know their status and body."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any


class GraphError(Exception):
    """Graph's answer is an error."""

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})

    def body(self, request_id: str, client_request_id: str) -> dict[str, Any]:
        """Return the error in the shape that was recorded."""
        inner = {
            "date": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}",
            "request-id": request_id,
            "client-request-id": client_request_id,
        }
        return {"error": {"code": self.code, "message": self.message, "innerError": inner}}


class Throttled(GraphError):
    """Too many requests. Its body differs from every other error's, as documented."""

    def __init__(self, retry_after: str | None) -> None:
        headers = {"x-ms-throttle-information": "ResourceUnitLimitExceeded"}
        if retry_after is not None:
            headers["Retry-After"] = retry_after
        super().__init__(429, "TooManyRequests", "Please retry again later.", headers)

    def body(self, request_id: str, client_request_id: str) -> dict[str, Any]:
        """Return the error with the inner code, message and status that only throttling has."""
        body = super().body(request_id, client_request_id)
        body["error"]["innerError"] |= {"code": "429", "message": "Please retry after", "status": "429"}
        return body


class SignInError(Exception):
    """The sign-in host's answer is an error."""

    def __init__(
        self, status: int, error: str, code: int, description: str, *, uri: bool = True, subcode: str = ""
    ) -> None:
        super().__init__(description)
        self.status = status
        self.error = error
        self.code = code
        self.description = description
        self.uri = uri
        self.subcode = subcode

    def body(self, trace_id: str, correlation_id: str, error_page: str) -> dict[str, Any]:
        """Return the error in today's shape, the trailers separated by one space."""
        when = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%SZ}"
        trailers = f"Trace ID: {trace_id} Correlation ID: {correlation_id} Timestamp: {when}"
        body = {
            "error": self.error,
            "error_description": f"AADSTS{self.code}: {self.description} {trailers}",
            "error_codes": [self.code],
            "timestamp": when,
            "trace_id": trace_id,
            "correlation_id": correlation_id,
        }
        return body | {"error_uri": f"{error_page}?code={self.code}"} if self.uri else body


def unsupported(message: str = "Unsupported Query.") -> GraphError:
    """Return the refusal of a query that Graph does not know."""
    return GraphError(400, "Request_UnsupportedQuery", message)


def not_found(what: str) -> GraphError:
    """Return the refusal of an object that is not there."""
    message = f"Resource '{what}' does not exist or one of its queried reference-property objects are not present."
    return GraphError(404, "Request_ResourceNotFound", message)
