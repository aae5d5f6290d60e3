"""Signing in: the account picker, the consent, and the way back to the application.

There are no passwords: whoever presses a person is that person. Nothing is kept between the pages but the session in
the browser; what the application asked for stays in the address, and is judged again each time.
"""

from typing import Any
from urllib.parse import urlencode

from flask import redirect, request
from werkzeug.wrappers import Response

from ppe.practice.authorise_request import Asked, read, way_back
from ppe.practice.authorization_codes import Grant
from ppe.practice.browser_session import BrowserSession, remember
from ppe.practice.clouds import Home
from ppe.practice.directory import Entry
from ppe.practice.errors import SignInError
from ppe.practice.front import Sheet, cut, is_wanted, page_number
from ppe.practice.homes import SHARED, require_home, single_tenant
from ppe.practice.id_tokens import identity_provider, signs_in_as
from ppe.practice.loopback import origin
from ppe.practice.people import Person
from ppe.practice.practice import Practice
from ppe.practice.refusals import DECLINED, DISABLED, NO_SESSION, NOT_CONSENTED, REFUSALS, Refusal
from ppe.practice.sign_in_pages import error_page, page

OWN_PARAMETERS = {"q", "page", "other"}


class Authorise:
    """The authorise endpoint, and the pages on it."""

    def __init__(self, practice: Practice) -> None:
        self._practice = practice

    def answer(self, tenant: str) -> Response:
        """Show a page, or send the person back: with a code, or with what is wrong."""
        registration = self._practice.tenant.registration
        try:
            home = self._home(tenant)
            back = way_back(registration, tenant)
        except SignInError as error:
            return error_page(error)
        try:
            asked = read(home, back)
            return self._pressed(asked) if request.method == "POST" else self._opened(asked)
        except SignInError as error:
            return redirect(back.with_error(error))

    def _home(self, tenant: str) -> Home:
        registration = self._practice.tenant.registration
        if tenant in SHARED:
            raise single_tenant(registration.application_id, registration.name)
        return require_home(self._practice.tenant, tenant)

    def _opened(self, asked: Asked) -> Response:
        """Go straight through where the browser knows the person, as single sign-on does."""
        here = self._signed_in()
        fits = here is not None and (not asked.hint or is_called(here[1], asked.hint))
        if here is not None and fits and asked.prompt not in {"login", "select_account"}:
            return self._grant(asked, *here)
        if asked.prompt == "none":
            raise self._told(NO_SESSION)
        return self._picker(asked)

    def _pressed(self, asked: Asked) -> Response:
        answer = request.form.get("answer", "")
        entry = self._practice.tenant.entries.get(request.form.get("person", ""))
        if answer == "cancel":
            raise self._told(DECLINED)
        if answer == "refuse" and request.form.get("refusal") in REFUSALS:
            raise self._told(REFUSALS[request.form["refusal"]], self._hinted(asked))
        if answer == "sign_in" and entry is not None and entry in self._practice.tenant.live("users"):
            return self._sign_in(asked, entry)
        here = self._signed_in()
        if answer == "accept" and here is not None:
            self._practice.tenant.agree(here[1].id)
            self._practice.keep()
            return self._send_code(asked, *here)
        return self._picker(asked)

    def _sign_in(self, asked: Asked, entry: Entry) -> Response:
        if entry.properties.get("accountEnabled") is not True:
            raise self._told(DISABLED)
        key, session = self._practice.browsers.begin(entry.id)
        return remember(self._grant(asked, session, entry), key)

    def _grant(self, asked: Asked, session: BrowserSession, entry: Entry) -> Response:
        """Ask for consent where it is due, else send the code."""
        if asked.prompt == "consent" or self._practice.tenant.registration.needs_consent_of(entry.id):
            if asked.prompt == "none":
                raise self._told(NOT_CONSENTED)
            return self._page("sign_in_consent.html", asked, person=Person.of(entry), account=signs_in_as(entry))
        return self._send_code(asked, session, entry)

    def _send_code(self, asked: Asked, session: BrowserSession, entry: Entry) -> Response:
        tenant_id, client_id = asked.home.tenant_id, self._practice.tenant.registration.application_id
        session.tenants.add(tenant_id)
        address = asked.back.redirect_uri
        grant = Grant(tenant_id, client_id, address, entry.id, session.sid, asked.scopes, asked.nonce, asked.challenge)
        return redirect(asked.back.with_code(self._practice.codes.issue(grant), session.sid))

    def _signed_in(self) -> tuple[BrowserSession, Entry] | None:
        """Return who is signed in to this browser, if that is still somebody who may."""
        session = self._practice.browsers.current()
        entry = self._practice.tenant.entries.get(session.object_id) if session else None
        if session is None or entry is None or entry.standing != "live":
            return None
        return (session, entry) if entry.properties.get("accountEnabled") is True else None

    def _hinted(self, asked: Asked) -> Entry | None:
        people = self._practice.tenant.live("users") if asked.hint else ()
        return next((entry for entry in people if is_called(entry, asked.hint)), None)

    def _picker(self, asked: Asked) -> Response:
        # A hint cannot go with select_account, which is there to let somebody else in.
        named = self._hinted(asked)
        hinted = None if asked.prompt == "select_account" or "other" in request.args else named
        matching = [entry for entry in self._practice.tenant.listing("users")[1] if is_wanted(entry)]
        number = page_number("page")
        people = Sheet([Person.of(entry) for entry in cut(matching, number)], number, len(matching))
        return self._page(
            "sign_in.html",
            asked,
            hinted=Person.of(hinted) if hinted else None,
            account=signs_in_as(hinted) if hinted else "",
            unknown="" if named else asked.hint,
            people=people,
            query=request.args.get("q", ""),
            refusals=REFUSALS,
        )

    def _page(self, template: str, asked: Asked, **shown: Any) -> Response:
        kept = {name: value for name, value in request.args.items() if name not in OWN_PARAMETERS}
        return page(
            template,
            leads_to=origin(asked.back.redirect_uri),
            kept=kept,
            here=f"{request.path}?{urlencode(kept)}",
            tenant=self._practice.tenant,
            application=self._practice.tenant.registration.name,
            scopes=asked.scopes,
            **shown,
        )

    def _told(self, refusal: Refusal, about: Entry | None = None) -> SignInError:
        tenant = self._practice.tenant
        return refusal.told(
            person=signs_in_as(about) if about else "{EmailHidden}",
            provider=identity_provider(about) if about else "https://sts.windows.net/",
            tenant=tenant.domain,
            application=tenant.registration.name,
            application_id=tenant.registration.application_id,
        )


def is_called(entry: Entry, hint: str) -> bool:
    """Does a login hint mean this person? Aliases do not: nobody signs in with one."""
    return hint.casefold() in {name.casefold() for name in (entry.id, entry.upn, signs_in_as(entry), entry.primary)}
