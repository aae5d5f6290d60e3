"""The pages on which a person reads what the product sent: the mailbox and the phone."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ppe.practice.changes import Mistake
from ppe.practice.front import POLICY, harden
from ppe.practice.loopback import is_loopback
from ppe.practice.mailbox import Mail
from ppe.practice.phone import Text
from ppe.practice.practice import Practice
from ppe.practice.weather_changes import perform_weather

LINK = re.compile(r"https?://[^\s<>\"]+", re.IGNORECASE)
ENDS_A_SENTENCE = ".,;:!?)]}'’”»"
# The frame with a mail's HTML inherits the page's policy, and a mail's style stands in the mail itself. Everything else
# on that page is escaped, so no style but ours and the mail's own can be there.
MAIL_POLICY = POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")


class Messages:
    """Reads the two inboxes; changes nothing but the weather."""

    def __init__(self, practice: Practice) -> None:
        self._practice = practice

    def blueprint(self) -> Blueprint:
        """Return the routes."""
        bp = Blueprint("messages", __name__)
        bp.add_url_rule("/mailbox", "mailbox", self.mailbox)
        bp.add_url_rule("/mailbox/<int:number>", "mail", self.mail)
        bp.add_url_rule("/phone", "phone", self.phone)
        for place in ("mailbox", "phone"):
            bp.add_url_rule(f"/{place}", f"{place}_weather", self.weather, methods=["POST"], defaults={"place": place})
        bp.after_request(harden_mail)
        bp.context_processor(self._known)
        bp.register_error_handler(Mistake, lambda mistake: (str(mistake), 400))
        return bp

    def mailbox(self) -> str:
        """List the mails, the newest first, or those to one recipient."""
        wanted = request.args.get("to", "").strip()
        mails = [mail for mail in self._practice.mails.newest_first() if is_to(mail, wanted)]
        return render_template("mailbox.html", mails=mails, wanted=wanted, port=self._practice.smtp_port)

    def mail(self, number: int) -> str:
        """Show one mail."""
        return render_template("mail.html", mail=self._practice.mails.get(number) or abort(404))

    def phone(self) -> str:
        """Show the texts as a phone does: a conversation for each number, the one with the newest text first."""
        wanted = request.args.get("number", "").strip()
        talks: dict[str, list[Text]] = {}
        for text in self._practice.texts.newest_first():
            if (digits(wanted) or wanted) in text.to:
                talks.setdefault(text.to, []).append(text)
        return render_template("phone.html", talks=talks, wanted=wanted)

    def weather(self, place: str) -> ResponseReturnValue:
        """Change the weather; the page says what it is now."""
        perform_weather(self._practice.weather, request.form)
        return redirect(url_for(f"messages.{place}"), 303)

    def _known(self) -> dict[str, object]:
        """Return what every page here is told."""
        return {"tenant": self._practice.tenant, "weather": self._practice.weather.words(), "pieces": pieces}


def is_to(mail: Mail, wanted: str) -> bool:
    """Does what was asked for occur in one of the mail's recipients?"""
    return any(wanted.casefold() in recipient.casefold() for recipient in mail.recipients)


def digits(number: str) -> str:
    """Return a number without its decoration; a + that was typed into an address bar has become a space."""
    return re.sub(r"[^0-9]", "", number)


def pieces(text: str) -> Iterator[tuple[str, bool]]:
    """Cut a text into pieces, each with whether it is a link that can be followed: one to this very machine."""
    end = 0
    for found in LINK.finditer(text):
        link = found[0].rstrip(ENDS_A_SENTENCE)
        if leads_here(link):
            yield text[end : found.start()], False
            yield link, True
            end = found.start() + len(link)
    yield text[end:], False


def leads_here(link: str) -> bool:
    """Is this an address on this very machine?"""
    try:
        return is_loopback(urlsplit(link).hostname or "")
    except ValueError:  # no address at all, such as http://[
        return False


def harden_mail(response: Response) -> Response:
    """Harden every page, and let the page of one mail show the mail's own style."""
    harden(response)
    if request.endpoint == "messages.mail":
        response.headers["Content-Security-Policy"] = MAIL_POLICY
    return response
