"""`/users/delta` and `/groups/delta`: which round a token belongs to, and the links that lead through it.

A delta token holds the question and the journal's sequence number when its round began, so whatever happened during
the round comes again in the next one. The tenant's generation in it tells tokens of another tenant apart.
"""

from collections import OrderedDict
from dataclasses import asdict
from typing import Any

from flask import Response, request

from ppe.practice.delta import Cursor, FirstRound, LaterRound, Question, Round, cut
from ppe.practice.directory import Collection
from ppe.practice.errors import GraphError
from ppe.practice.links import open_page_token, seal, unseal
from ppe.practice.pages import JSON, Page, answer
from ppe.practice.practice import Practice
from ppe.practice.queries import allow_only, context, graph_url, link, selected

Token = dict[str, Any]
LATER_ROUNDS_KEPT = 4


class Rounds:
    """Answers for delta rounds."""

    def __init__(self, practice: Practice) -> None:
        self._practice = practice
        self._later: OrderedDict[tuple[Any, ...], LaterRound] = OrderedDict()

    def delta(self, collection: Collection) -> Response:
        """Answer a delta request, at whatever point of a round it is."""
        allow_only("$select", "$expand", "$skiptoken", "$deltatoken")
        if "$skiptoken" in request.args:
            token = open_page_token(request.args["$skiptoken"], "at", self._practice.weather.page_generation)
            return self._page(collection, token)
        delta_token = request.args.get("$deltatoken")
        if not delta_token:
            return self._page(collection, self._begin(asdict(question(collection)), None))
        if delta_token == "latest":  # noqa: S105 - what Graph calls it
            link_only = Page(
                context(collection), (), delta_link=self._delta_link(asdict(question(collection)), self._now)
            )
            return Response(link_only.to_json(), content_type=JSON)
        token = unseal(delta_token, "since")
        if token.get("tenant") != self._practice.tenant.generation or token["question"]["collection"] != collection:
            raise gone(collection)
        return self._page(collection, self._begin(token["question"], token["since"]))

    @property
    def _now(self) -> int:
        return self._practice.tenant.journal.last

    def _begin(self, asked: Token, since: int | None) -> Token:
        return {"question": asked, "since": since, "until": self._now, "page": 1, "at": Cursor()}

    def _page(self, collection: Collection, token: Token) -> Response:
        minimal = "return=minimal" in request.headers.get("Prefer", "")

        def build() -> Page:
            of = self._round(token)
            start = Cursor(*token["at"])
            items, following = cut(self._practice.tenant, of, start, self._practice.room, minimal)
            if following is None and items and token["since"] is None:
                # As recorded: a first round goes on after the last object, to an empty page with the deltaLink.
                following = Cursor(len(of.subjects))
            if following is not None:
                return Page(context(collection), items, self._next_link(token, following))
            return Page(context(collection), items, delta_link=self._delta_link(token["question"], token["until"]))

        answered = answer(self._practice, collection, token["page"], build)
        if minimal:
            answered.headers["Preference-Applied"] = "return=minimal"
        return answered

    def _round(self, token: Token) -> Round:
        asked = Question(**{**token["question"], "names": tuple(token["question"]["names"])})
        if token["since"] is None:
            return FirstRound(self._practice.tenant, asked)
        key = (asked, self._practice.tenant.generation, token["since"], token["until"])
        if key not in self._later:
            self._later[key] = LaterRound(self._practice.tenant, asked, token["since"], token["until"])
            while len(self._later) > LATER_ROUNDS_KEPT:
                self._later.popitem(last=False)
        return self._later[key]

    def _next_link(self, token: Token, at: Cursor) -> str:
        generation = self._practice.weather.page_generation
        following = token | {"page": token["page"] + 1, "at": at, "generation": generation}
        return link(f"{token['question']['collection']}/delta", skiptoken=seal(**following))

    def _delta_link(self, asked: Token, since: int) -> str:
        tenant = self._practice.tenant
        tenant.last_link[asked["collection"]] = since
        return link(
            f"{asked['collection']}/delta", deltatoken=seal(question=asked, since=since, tenant=tenant.generation)
        )


def question(collection: Collection) -> Question:
    """Read what the first request of a round asks for. Raises GraphError."""
    names = selected(collection)
    everything = "$select" not in request.args
    members = collection == "groups" and (
        everything or "members" in names or request.args.get("$expand", "").startswith("members")
    )
    manager = collection == "users" and (everything or "manager" in names)
    return Question(collection, tuple(name for name in names if name not in {"members", "manager"}), members, manager)


def gone(collection: Collection) -> GraphError:
    """Return the refusal of a delta token that is too old: start again, from the link in `Location`."""
    location = f"{graph_url()}/{collection}/delta?$deltatoken="
    message = "The sync state generation is not found; generation=149;[highest=157][157][155][156]."
    return GraphError(410, "SyncStateNotFound", message, {"Location": location})
