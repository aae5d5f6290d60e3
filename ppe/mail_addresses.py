"""How a mail address is spelled where it is stored and compared."""

import unicodedata


def spelled(text: str) -> str:
    """An address in lower case, its domain as mail servers have it: ute@bücher.example is at xn--bcher-kva.example.

    The beginning of an address is spelled like the beginning of what is stored, as far as its labels are whole: of a
    label like bücher, nothing can be told by its first letters.
    """
    if text.isascii():
        return text.strip().lower()
    local, at, domain = unicodedata.normalize("NFC", text.strip()).rpartition("@")
    return f"{local.casefold()}@{in_ascii(domain)}" if at else domain.casefold()


def in_ascii(domain: str) -> str:
    """A domain as mail servers and the register of domains have it."""
    labels = unicodedata.normalize("NFKC", domain).lower().split(".")
    return ".".join(label if label.isascii() else f"xn--{label.encode('punycode').decode()}" for label in labels)
