"""What a client may ask of a collection, read from the query string and refused as Graph refuses it."""

from urllib.parse import urlencode

from flask import request

from ppe.practice.directory import Collection
from ppe.practice.errors import GraphError, unsupported
from ppe.practice.wire import DEFAULT, KNOWN, USER_REFUSED, Names

LARGEST_PAGE = 999


def allow_only(*options: str) -> None:
    """Refuse every other query option. Raises GraphError."""
    for option in request.args:
        if option.startswith("$") and option not in options:
            raise unsupported(f"'{option}' is not supported by the service.")


def selected(collection: Collection) -> Names:
    """Return the selected properties, or the default ones. Raises GraphError."""
    asked = tuple(name.strip() for name in request.args.get("$select", "").split(",") if name.strip())
    for name in asked:
        if name not in KNOWN[collection]:
            kind = collection.removesuffix("s")
            raise GraphError(
                400,
                "BadRequest",
                "Parsing OData Select and Expand failed: "
                f"Could not find a property named '{name}' on type 'microsoft.graph.{kind}'.",
            )
        if name in USER_REFUSED:
            raise GraphError(501, "NotImplemented", "This operation target is not yet supported.")
    return asked or DEFAULT[collection]


def page_size() -> int:
    """Return `$top`, by default 100. Raises GraphError above 999."""
    text = request.args.get("$top", "100")
    if not text.isdecimal() or not 1 <= int(text) <= LARGEST_PAGE:
        message = f"Invalid page size specified: '{text}'. Must be between 1 and {LARGEST_PAGE} inclusive."
        raise unsupported(message)
    return int(text)


def graph_url() -> str:
    """Return the base that this client asked: its links have to begin with it."""
    return f"{request.host_url}graph/v1.0"


def context(entity: str) -> str:
    """Return the `@odata.context` of an answer; it repeats what was selected."""
    chosen = request.args.get("$select")
    return f"{graph_url()}/$metadata#{entity}" + (f"({chosen})" if chosen else "")


def link(path: str, **options: str) -> str:
    """Return an absolute link whose `$` is not escaped, as Graph's are not."""
    query = urlencode({f"${name}": value for name, value in options.items()}, safe="$,")
    return f"{graph_url()}/{path}?{query}"


def wants_eventual() -> bool:
    """Does the client accept an index that lags? Counting takes that."""
    return request.headers.get("ConsistencyLevel", "").casefold() == "eventual"
