"""Collections page by page: `/users`, `/groups` and `/groups/{id}/members`."""

from bisect import bisect_right
from typing import Any

from flask import Response, request

from ppe.practice.directory import Collection, Entry, NoSuchObject
from ppe.practice.errors import not_found
from ppe.practice.links import open_page_token, seal
from ppe.practice.pages import Page, answer
from ppe.practice.practice import Practice
from ppe.practice.queries import allow_only, context, link, page_size, selected, wants_eventual
from ppe.practice.wire import default_names, listed, plain, to_json, type_of


class Listings:
    """Answers for whole collections. A page link holds the sort key of the last object, so nobody is ever skipped."""

    def __init__(self, practice: Practice) -> None:
        self._practice = practice

    def collection(self, collection: Collection) -> Response:
        """Answer `/users` or `/groups`."""
        allow_only("$select", "$top", "$skiptoken", "$count")
        names, top, token = selected(collection), page_size(), self._token()

        def build() -> Page:
            keys, entries = self._practice.tenant.listing(collection)
            start = bisect_right(keys, token["after"]) if token else 0
            end = min(start + top, len(keys))
            items = [listed(entry, names) for entry in entries[start:end]]
            following = self._next_link(collection, token, keys[end - 1]) if end < len(keys) else None
            counted = request.args.get("$count") == "true" and wants_eventual() and not token
            return Page(context(collection), items, following, count=len(keys) if counted else None)

        return answer(self._practice, collection, token.get("page", 1), build)

    def members(self, group_id: str) -> Response:
        """Answer `/groups/{id}/members`: direct members, whatever their kind."""
        allow_only("$select", "$top", "$skiptoken")
        top, token, group = page_size(), self._token(), self._group(group_id)
        after = token.get("after", 0)

        def build() -> Page:
            known = self._practice.tenant.entries
            later = sorted((place, member) for member, place in group.members.items() if place > after)
            page = [(place, known[member]) for place, member in later[:top] if member in known]
            following = (
                self._next_link(f"groups/{group_id}/members", token, later[top - 1][0]) if len(later) > top else None
            )
            return Page(context("directoryObjects"), [_member(entry) for _, entry in page], following)

        return answer(self._practice, "groups", token.get("page", 1), build)

    def _group(self, group_id: str) -> Entry:
        try:
            entry = self._practice.tenant.entry(group_id)
        except NoSuchObject:
            raise not_found(group_id) from None
        if entry.kind != "group" or entry.standing != "live":
            raise not_found(group_id)
        return entry

    def _token(self) -> dict[str, Any]:
        if "$skiptoken" not in request.args:
            return {}
        return open_page_token(request.args["$skiptoken"], "after", self._practice.weather.page_generation)

    def _next_link(self, path: str, token: dict[str, Any], after: str | int) -> str:
        options = {name.removeprefix("$"): value for name, value in request.args.items() if name != "$count"}
        page, generation = token.get("page", 1) + 1, self._practice.weather.page_generation
        return link(path, **options | {"skiptoken": seal(page=page, after=after, generation=generation)})


def _member(entry: Entry) -> bytes:
    chosen = tuple(name for name in request.args.get("$select", "").split(",") if name)
    return to_json({"@odata.type": type_of(entry), **plain(entry, chosen or default_names(entry))})
