"""The page for people: look at the practice tenant, change it, make weather. Works without JavaScript."""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ppe.practice.changes import Mistake, Outcome, perform
from ppe.practice.directory import Entry, NoSuchObject
from ppe.practice.groups import Group
from ppe.practice.people import Person
from ppe.practice.practice import Practice
from ppe.practice.weather_changes import perform_weather

ROWS = 25
NEWS = 50
POLICY = (
    "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True, slots=True)
class Sheet:
    """One page of a list, and whether there is more before and after it."""

    rows: Sequence[Person | Group]
    number: int
    total: int

    @property
    def has_more(self) -> bool:
        """Is there a page after this one?"""
        return self.number * ROWS < self.total


class Front:
    """The page, its forms, and what is said once after each."""

    def __init__(self, practice: Practice) -> None:
        self._practice = practice
        self._notices: deque[str] = deque(maxlen=5)

    def blueprint(self) -> Blueprint:
        """Return the routes."""
        bp = Blueprint("front", __name__)
        bp.add_url_rule("/", "home", self.home)
        bp.add_url_rule("/people/<object_id>", "person", self.person)
        bp.add_url_rule("/groups/<object_id>", "group", self.group)
        bp.add_url_rule("/change", "change", self.change, methods=["POST"])
        bp.add_url_rule("/weather", "weather", self.weather, methods=["POST"])
        bp.after_request(harden)
        bp.context_processor(lambda: {"notices": self._said(), "tenant": self._practice.tenant})
        bp.register_error_handler(Mistake, self._answer_mistake)
        return bp

    def home(self) -> str:
        """Show the tenant."""
        return self._home()

    def person(self, object_id: str) -> str:
        """Show one person, with everything that can happen to a person."""
        entry = self._entry(object_id, "user")
        groups = [Group.of(group) for group in self._practice.tenant.groups_of(object_id)]
        purpose = self._practice.tenant.purpose_of(object_id)
        return render_template(
            "person.html", person=Person.of(entry), standing=entry.standing, groups=groups, purpose=purpose
        )

    def group(self, object_id: str) -> str:
        """Show one group and its members."""
        entry = self._entry(object_id, "group")
        known = self._practice.tenant.entries
        members = [known[member] for member in islice(entry.members, ROWS * 4) if member in known]
        return render_template("group.html", group=Group.of(entry), standing=entry.standing, members=members)

    def change(self) -> ResponseReturnValue:
        """Carry out a change and go back to whom it was about."""
        tenant = self._practice.tenant
        outcome = perform(tenant, request.form)
        self._practice.keep()
        self._notices.append(outcome.words)
        return redirect(self._place_of(outcome), 303)

    def weather(self) -> ResponseReturnValue:
        """Change the weather."""
        self._notices.append(perform_weather(self._practice.weather, request.form).words)
        return redirect(url_for("front.home", _anchor="weather"), 303)

    def _home(self) -> str:
        tenant = self._practice.tenant
        news = tenant.news()
        return render_template(
            "home.html",
            query=request.args.get("q", ""),
            people=self._people(),
            groups=self._groups(),
            deleted=tenant.deleted_people[:ROWS],
            weather=self._practice.weather.words(),
            expired=tenant.registration.secret.is_over(datetime.now(UTC)),
            asked_before=bool(tenant.last_link),
            news=news[-NEWS:],
            older=len(news[:-NEWS]),
            typed=request.form,
        )

    def _people(self) -> Sheet:
        matching = [entry for entry in self._practice.tenant.listing("users")[1] if is_wanted(entry)]
        number = page_number("page")
        return Sheet([Person.of(entry) for entry in cut(matching, number)], number, len(matching))

    def _groups(self) -> Sheet:
        matching = [entry for entry in self._practice.tenant.live("groups") if is_wanted(entry)]
        number = page_number("group_page")
        return Sheet([Group.of(entry) for entry in cut(matching, number)], number, len(matching))

    def _entry(self, object_id: str, kind: str) -> Entry:
        try:
            entry = self._practice.tenant.entry(object_id)
        except NoSuchObject:
            abort(404)
        return entry if entry.kind == kind else abort(404)

    def _place_of(self, outcome: Outcome) -> str:
        entry = self._practice.tenant.entries.get(outcome.object_id)
        if entry is None or entry.standing == "purged":
            return url_for("front.home")
        return url_for("front.group" if entry.kind == "group" else "front.person", object_id=entry.id)

    def _said(self) -> list[str]:
        said = list(self._notices)
        self._notices.clear()
        return said

    def _answer_mistake(self, mistake: Mistake) -> ResponseReturnValue:
        """Show the page again with what was typed, and say what is wrong with it."""
        self._notices.append(str(mistake))
        return self._home(), 400


def page_number(name: str) -> int:
    """Return the page that was asked for; the first where it was none."""
    return max(1, request.args.get(name, 1, type=int))


def cut(entries: Iterable[Entry], number: int) -> Iterable[Entry]:
    """Cut one page out of a list."""
    return islice(entries, (number - 1) * ROWS, number * ROWS)


def is_wanted(entry: Entry) -> bool:
    """Does what was searched for occur in its name or addresses?"""
    wanted = request.args.get("q", "").strip().casefold()
    return not wanted or any(wanted in text.casefold() for text in (entry.name, entry.upn, *entry.proxy_addresses))


def harden(response: Response) -> Response:
    """Let the page load nothing but its own stylesheet, and nobody frame or keep it."""
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["Cache-Control"] = "no-store"
    return response
