"""Text messages, through whatever gateway the settings name as an apprise address."""

import phonenumbers
from flask import current_app
from phonenumbers import PhoneNumberFormat, PhoneNumberMatcher, PhoneNumberType

from ppe.config import Settings
from ppe.delivery_settings import filled
from ppe.errors import DeliveryFailed

# Where a country's numbers do not tell mobile from landline, as in North America, they count as mobile.
MOBILE_KINDS = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)
_PATIENCE = {"cto": 4, "rto": 10}  # seconds to connect and to wait, where the template says nothing else


def is_possible() -> bool:
    """Whether this installation can send text messages."""
    return bool(_settings().sms_url)


def normalised(number: str, region: str) -> str | None:
    """The first mobile number in a free text as +31612345678, or None where there is none.

    Directories hold numbers as people write them. Without a country code they are taken to be of `region`; where that
    is empty too, they are nobody's.
    """
    written = number.strip()
    if written.startswith("00"):
        written = "+" + written[2:]
    for match in PhoneNumberMatcher(written, region or None):
        if match.number.extension is None and phonenumbers.number_type(match.number) in MOBILE_KINDS:
            return phonenumbers.format_number(match.number, PhoneNumberFormat.E164)
    return None


def masked(number: str) -> str:
    """A number as it may be shown to whoever has not signed in yet."""
    return f"•••• •• {number[-2:]}"


def send(number: str, text: str) -> None:
    """Send one message to one number, at once.

    Raises:
        DeliveryFailed: the gateway refuses or is away, or none is set. The sentence may be shown.
    """
    template = _settings().sms_url
    if not template:
        raise DeliveryFailed("Text messages can't be sent here.")
    import apprise  # noqa: PLC0415 - takes a while, and only installations that send texts need it

    gateway = apprise.Apprise()
    gateway.add(_patient(filled(template, number)))
    # What comes back is an object: falsy where the gateway said no, did not answer, or nothing was added.
    if not gateway.notify(body=text):
        raise DeliveryFailed("The text message could not be sent. Please try again, or use another way.")


def _patient(url: str) -> str:
    """The address with timeouts, for somebody waits at the other end of this."""
    for name, seconds in _PATIENCE.items():
        if f"{name}=" not in url:
            url += f"{'&' if '?' in url else '?'}{name}={seconds}"
    return url


def _settings() -> Settings:
    settings: Settings = current_app.config["SETTINGS"]
    return settings
