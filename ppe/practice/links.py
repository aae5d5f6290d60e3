"""Opaque tokens in page and delta links. What they hold is nobody's business but the server's."""

import base64
import binascii
import json
import zlib
from typing import Any

from ppe.practice.errors import GraphError


def seal(**contents: Any) -> str:
    """Pack what the server wants to be told again."""
    packed = zlib.compress(json.dumps(contents, separators=(",", ":")).encode())
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def unseal(token: str, holding: str) -> dict[str, Any]:
    """Read a token that `seal` wrote, of the sort that holds this. Raises GraphError for anything else."""
    try:
        packed = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        contents = json.loads(zlib.decompress(packed))
    except (binascii.Error, zlib.error, ValueError):
        contents = None
    if not isinstance(contents, dict) or holding not in contents:
        raise GraphError(400, "Request_BadRequest", "Badly formed token.")
    return contents


def open_page_token(token: str, holding: str, generation: int) -> dict[str, Any]:
    """Read the token of a nextLink. Raises GraphError when page tokens of its time are no longer good."""
    contents = unseal(token, holding)
    if contents.get("generation") != generation:
        message = "The specified page token value has expired and can no longer be included in your request."
        raise GraphError(400, "Directory_ExpiredPageToken", message)
    return contents
