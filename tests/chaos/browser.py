"""The administrator's browser: signs in, fills forms in as they are shown, and tries again when the web is away."""

import re
from html.parser import HTMLParser

import requests

BOXES = ("checkbox", "radio")
Fields = list[tuple[str, str]]


class Away(Exception):
    """The web did not answer, or not with what was hoped for; nothing is known of what it did."""


class Browser:
    """One session. Every deed raises Away when it did not get through."""

    def __init__(self, address: str, user: str, password: str) -> None:
        self._address, self._user, self._password = address, user, password
        self._session = requests.Session()
        self._session.trust_env = False

    def accept(self, run_id: int) -> None:
        """Look at a review, type the number that it asks for, if any, and press Sync Active Directory."""
        page = self._page(f"/import-sync/runs/{run_id}")
        number = re.search(r"Type ([\d,]+) to confirm it", page)
        fields = [field for field in _Form.of(page, "ticks") if field[0] != "confirmed"]
        self._post(f"/import-sync/runs/{run_id}/accept", [*fields, ("confirmed", number[1] if number else "")])

    def run_now(self) -> None:
        """Save & Run Sync Now, with the settings as they are."""
        page = self._page("/import-sync/azure")
        self._post("/import-sync/azure", [*_Form.of(page, "/import-sync/azure"), ("action", "run")])

    def look(self) -> None:
        """Any page will do."""
        self._page("/")

    def _page(self, path: str) -> str:
        answer = self._ask("GET", path)
        if "/sign-in" in answer.url:
            self._sign_in()
            answer = self._ask("GET", path)
        if answer.status_code != 200 or "/sign-in" in answer.url:
            raise Away(f"{path}: {answer.status_code}")
        return answer.text

    def _sign_in(self) -> None:
        page = self._ask("GET", f"/sign-in?main=1&email={self._user}").text
        fields = [field for field in _Form.of(page, "/sign-in/password") if field[0] not in ("address", "password")]
        self._post("/sign-in/password", [*fields, ("address", self._user), ("password", self._password)])

    def _post(self, path: str, fields: Fields) -> None:
        answer = self._ask("POST", path, fields)
        if answer.status_code != 200:
            raise Away(f"{path}: {answer.status_code}")

    def _ask(self, method: str, path: str, fields: Fields | None = None) -> requests.Response:
        try:
            return self._session.request(method, self._address + path, data=fields, timeout=20)
        except requests.RequestException as error:
            raise Away(str(error)) from error


class _Form(HTMLParser):
    """What a browser would send of one form, known by its id or its address."""

    def __init__(self, wanted: str) -> None:
        super().__init__()
        self.fields: Fields = []
        self._wanted = wanted
        self._inside = False
        self._select: str | None = None

    @classmethod
    def of(cls, page: str, wanted: str) -> Fields:
        form = cls(wanted)
        form.feed(page)
        if not form.fields:
            raise Away(f"the form {wanted} is not on the page")
        return form.fields

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._inside = self._wanted in (said.get("id"), said.get("action"))
        elif not (said.get("form") == self._wanted or (self._inside and "form" not in said)):
            pass
        elif tag == "select":
            self._select = said.get("name")
        elif tag == "option" and self._select and "selected" in said:
            self.fields.append((self._select, said.get("value", "")))
        elif tag == "input" and said.get("name") and (said.get("type") not in BOXES or "checked" in said):
            self.fields.append((said["name"], said.get("value", "on" if said.get("type") in BOXES else "")))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False
        elif tag == "select":
            self._select = None
