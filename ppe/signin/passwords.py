"""Passwords: what makes a good one, and argon2id hashes of them."""

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from flask import Flask
from zxcvbn import zxcvbn

from ppe.config import Settings

SHORTEST, LONGEST = 12, 200
HARD_ENOUGH = 3  # of zxcvbn's 0 to 4: more than a hundred million guesses
WEIGHED = 72  # characters that zxcvbn looks at; it refuses more, and needs none of them
EASY = "This is easy to guess: common, or made of common parts. Use a few words that don't belong together."
_hasher = PasswordHasher()


def init_app(app: Flask) -> None:
    """Tests hash cheaply; everybody else pays the price that argon2-cffi recommends."""
    global _hasher  # noqa: PLW0603 - the price is a setting, and there is one app in a process
    settings: Settings = app.config["SETTINGS"]
    _hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1) if settings.testing else PasswordHasher()
    _nobodys_hash.cache_clear()


def problem(password: str, *, address: str, name: str) -> str | None:
    """What is wrong with a new password, in one sentence; None when it is good."""
    if len(password) < SHORTEST:
        return f"Use at least {SHORTEST} characters; a few words that don't belong together are good."
    if len(password) > LONGEST:
        return f"Use at most {LONGEST} characters."
    if password.casefold().strip() in {address.casefold().strip(), name.casefold().strip()}:
        return "Use something other than your address or your name."
    known = [address, *address.replace("@", ".").split("."), name, *name.split()]
    if zxcvbn(password[:WEIGHED], user_inputs=known)["score"] < HARD_ENOUGH:
        return EASY
    return None


def hashed(password: str) -> str:
    """The argon2id hash to store."""
    return _hasher.hash(password)


def matches(password_hash: str | None, password: str) -> bool:
    """Whether this is the password. Where there is none to compare with, it takes just as long to say no."""
    try:
        _hasher.verify(password_hash or _nobodys_hash(), password[: LONGEST + 1])
    except VerificationError:
        return False
    return password_hash is not None


def is_dated(password_hash: str) -> bool:
    """Whether the hash was made at another price than today's and should be made anew."""
    return _hasher.check_needs_rehash(password_hash)


@cache
def _nobodys_hash() -> str:
    return _hasher.hash("nobody has this password")
