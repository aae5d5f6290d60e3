"""What is on this very machine, and what only says so."""

import ipaddress
from urllib.parse import SplitResult, urlsplit


def is_loopback(host: str) -> bool:
    """Is this a name or address of this very machine?"""
    try:
        return host == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def is_loopback_address(url: str) -> bool:
    """Is this an http address on this very machine?"""
    parts = split(url)
    return parts is not None and parts.scheme == "http" and is_loopback(parts.hostname or "")


def origin(url: str) -> str | None:
    """Return scheme, host and port of an http or https address; None of anything else."""
    parts = split(url)
    return f"{parts.scheme}://{parts.netloc}" if parts is not None else None


def split(url: str) -> SplitResult | None:
    """Take an http or https address apart; None where it is none, or tries to be more than one thing."""
    if any(character.isspace() or character in "\\;,'\"" for character in url):
        return None  # it ends up in a policy header, where these begin something new
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - raises where it is no number
    except ValueError:
        return None
    fits = parts.scheme in {"http", "https"} and parts.hostname and parts.username is None and not parts.fragment
    return parts if fits else None
