"""Secrets at rest: encrypted with the newest key, readable with any key that is still listed."""

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from flask import current_app

from ppe.errors import Refused


def _keys() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in current_app.config["SETTINGS"].encryption_keys])


def encrypt(secret: str) -> str:
    """The secret as text that may be stored."""
    return _keys().encrypt(secret.encode()).decode()


def decrypt(
    stored: str,
    unreadable: str = "The stored client secret can't be read with the keys of this installation. Enter it anew.",
    field: str = "ad_key",
) -> str:
    """The secret behind what `encrypt` gave.

    Raises:
        Refused: none of the listed keys made it; the sentence is `unreadable`, beside `field`.
    """
    try:
        return _keys().decrypt(stored.encode()).decode()
    except InvalidToken:
        raise Refused(unreadable, field) from None


def rotated(stored: str) -> str:
    """The same secret, encrypted with the newest key.

    Raises:
        InvalidToken: none of the listed keys made it.
    """
    return _keys().rotate(stored.encode()).decode()
