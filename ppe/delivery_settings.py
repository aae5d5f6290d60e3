"""What the settings for mail and text messages may say: each check gives the value, or names the wrong variable."""

import re
from pathlib import Path
from urllib.parse import quote, urlsplit

from phonenumbers import SUPPORTED_REGIONS

from ppe.errors import SettingsError

STARTTLS, TLS, PLAIN = "starttls", "tls", "none"
PORTS = {STARTTLS: 587, TLS: 465, PLAIN: 25}
_ADDRESS = r"[^@\s<>,;]+@[^@\s<>,;]+"
_SENDER = re.compile(rf"(?:(?P<name>[^<>@\r\n]*)<(?P<named>{_ADDRESS})>|(?P<bare>{_ADDRESS}))", re.ASCII)
_SAMPLE_NUMBER = "+31612345678"


def mail_server(server: str) -> str:
    """A name or an IP address alone: scheme and port are other settings."""
    if re.search(r"[\s/@]", server) or server.count(":") == 1:
        raise SettingsError("PPE_MAIL_SERVER must be the name of a mail server alone, such as smtp.example.com.")
    return server


def mail_security(security: str, *, server_is_local: bool) -> str:
    """How the way to the mail server is protected. Mail carries links and codes: in the clear it stays on this box."""
    if security not in PORTS:
        raise SettingsError("PPE_MAIL_SECURITY must be starttls, tls or none.")
    if security == PLAIN and not server_is_local:
        raise SettingsError("PPE_MAIL_SECURITY=none is accepted only for a mail server on this machine itself.")
    return security


def mail_port(port: int) -> int:
    """A port number."""
    if not 0 < port < 65536:
        raise SettingsError("PPE_MAIL_PORT must be between 1 and 65535.")
    return port


def mail_password(username: str, password: str) -> str:
    """The password that belongs to the user name; one without the other would silently sign in nowhere."""
    if bool(username) != bool(password):
        raise SettingsError("PPE_MAIL_USERNAME and PPE_MAIL_PASSWORD need each other: set both or neither.")
    return password


def mail_from(sender: str) -> str:
    """Whom mails come from, with or without a name."""
    if not _SENDER.fullmatch(sender.strip()):
        raise SettingsError("PPE_MAIL_FROM must be a mail address, or a name and one: PPE <ppe@example.com>.")
    return sender.strip()


def name_and_address(sender: str) -> tuple[str, str]:
    """The two parts of whom mails come from; the name may be empty, and may hold a comma."""
    parts = _SENDER.fullmatch(sender)
    if parts is None:
        raise ValueError(f"{sender!r} was never a setting")
    return (parts["name"] or "").strip().strip('"'), parts["named"] or parts["bare"]


def sender_at(public_url: str) -> str:
    """Whom mails come from unless somebody says otherwise."""
    host = urlsplit(public_url).hostname or ""
    is_name = re.search(r"[a-z]", host) and ":" not in host  # what stands behind an @ cannot be a bare IP address
    return f"PPE <ppe@{host if is_name else 'localhost'}>"


def mail_ca_file(path: str) -> str:
    """A file with the certificates to trust, where the mail server's is signed by an authority of one's own."""
    if path and not Path(path).is_file():
        raise SettingsError("PPE_MAIL_CA_FILE names a file that does not exist.")
    return path


def sms_url(template: str) -> str:
    """An apprise address with a place for the number."""
    if not template:
        return template
    if "{to}" not in template:
        raise SettingsError("PPE_SMS_URL must hold {to}, where the number goes.")
    import apprise  # noqa: PLC0415 - takes a while, and only installations that send texts need it

    if apprise.Apprise.instantiate(filled(template, _SAMPLE_NUMBER), suppress_exceptions=True) is None:
        raise SettingsError("PPE_SMS_URL is not an address that apprise understands.")
    return template


def filled(template: str, number: str) -> str:
    """The template with a number in it, quoted: a bare + would arrive as a space."""
    return template.replace("{to}", quote(number, safe=""))


def phone_region(region: str) -> str:
    """A region of the world, for numbers without a country code."""
    if region and region.upper() not in SUPPORTED_REGIONS:
        raise SettingsError("PPE_PHONE_REGION must be the two letters of a country, such as NL.")
    return region.upper()
