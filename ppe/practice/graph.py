"""The Graph host: who may ask at all, and everything that is not a listing."""

import json
from typing import Any
from uuid import uuid4

from flask import Blueprint, Response, g, redirect, request
from flask.typing import ResponseReturnValue

from ppe.practice import faults
from ppe.practice.batch import batch, is_part
from ppe.practice.directory import Collection, Entry
from ppe.practice.errors import GraphError, not_found, unsupported
from ppe.practice.listings import Listings
from ppe.practice.mailbox_settings import MailboxSettings
from ppe.practice.organization import ORGANIZATION
from ppe.practice.pages import JSON
from ppe.practice.practice import Practice
from ppe.practice.queries import allow_only, context, graph_url, selected, wants_eventual
from ppe.practice.registration import ROLE
from ppe.practice.rounds import Rounds
from ppe.practice.wire import default_names, plain, to_json, type_of

MOST_IDS = 1000
DATA_CENTER = {"DataCenter": "West Europe", "Slice": "E", "Ring": "5", "ScaleUnit": "001", "RoleInstance": "PRACTICE"}
DIAGNOSTIC = json.dumps({"ServerInfo": DATA_CENTER}, separators=(",", ":"))


class GraphHost:
    """Microsoft Graph, as far as a directory sync needs it."""

    def __init__(self, practice: Practice) -> None:
        self._practice = practice
        self._listings = Listings(practice)
        self._rounds = Rounds(practice)
        self._mailboxes = MailboxSettings(practice)

    def blueprint(self) -> Blueprint:
        """Return the routes."""
        bp = Blueprint("graph", __name__, url_prefix="/graph/v1.0")
        both: tuple[Collection, Collection] = ("users", "groups")
        for name in both:
            bp.add_url_rule(f"/{name}", f"{name}", self._listings.collection, defaults={"collection": name})
            bp.add_url_rule(f"/{name}/$count", f"{name}_count", self.count, defaults={"collection": name})
            bp.add_url_rule(f"/{name}/delta", f"{name}_delta", self._rounds.delta, defaults={"collection": name})
            bp.add_url_rule(f"/{name}/<object_id>", f"{name}_one", self.one, defaults={"collection": name})
        bp.add_url_rule("/groups/<group_id>/members", "members", self._listings.members)
        bp.add_url_rule("/users/<object_id>/mailboxSettings", "mailbox_settings", self._mailboxes.of)
        bp.add_url_rule("/$batch", "batch", batch, methods=["POST"])
        bp.add_url_rule("/domains", "domains", self.domains)
        bp.add_url_rule("/organization", "organization", self.organization)
        bp.add_url_rule("/applications", "applications", self.applications)
        bp.add_url_rule("/directoryObjects/getByIds", "get_by_ids", self.get_by_ids, methods=["POST"])
        bp.add_url_rule("/<path:unknown>", "unknown", self.unknown, methods=["GET", "POST", "PATCH", "DELETE"])
        bp.before_request(self.gate)
        bp.after_request(self.stamp)
        bp.register_error_handler(GraphError, self.refuse)
        return bp

    def gate(self) -> ResponseReturnValue | None:
        """Let a request in: the weather first, then the token, then the permission. Raises GraphError."""
        g.request_id = str(uuid4())
        weather = self._practice.weather
        if is_part():
            weather.take_part_throttle()
            self._admit()
            return None
        if weather.sky.delay:
            weather.wait(weather.sky.delay)
        if (outage := weather.take_outage()) is not None:
            return faults.outage(outage, weather)
        if weather.sky.redirect_to:
            return redirect(weather.sky.redirect_to)
        weather.take_throttle()
        self._admit()
        return None

    def _admit(self) -> None:
        weather = self._practice.weather
        g.claims = self._practice.tokens.read(request.headers.get("Authorization"), weather.token_generation)
        if ROLE not in g.claims.get("roles", ()) or not self._practice.tenant.registration.consented:
            raise GraphError(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")

    def stamp(self, response: Response) -> Response:
        """Add the headers that Graph always sends."""
        headers = response.headers
        # A stranger is refused before the gate gives out an id.
        headers["request-id"] = g.setdefault("request_id", str(uuid4()))
        headers["client-request-id"] = request.headers.get("client-request-id", g.request_id)
        headers["x-ms-ags-diagnostic"] = DIAGNOSTIC
        headers["x-ms-resource-unit"] = str(resource_units())
        headers["Cache-Control"] = "no-cache"
        headers["Strict-Transport-Security"] = "max-age=31536000"
        headers["Vary"] = "Accept-Encoding"
        if response.status_code == 200:
            headers["OData-Version"] = "4.0"
        return response

    def refuse(self, error: GraphError) -> Response:
        """Answer with an error."""
        client_request_id = request.headers.get("client-request-id", g.request_id)
        body = to_json(error.body(g.request_id, client_request_id))
        response = Response(body, error.status, content_type="application/json")
        response.headers.update(error.headers)
        if error.status == 429:
            scope = f"{self._practice.tenant.registration.application_id}/{self._practice.tenant.tenant_id}"
            response.headers["x-ms-throttle-scope"] = f"Tenant_Application/ReadWrite/{scope}"
        return response

    def count(self, collection: Collection) -> Response:
        """Answer how many there are."""
        if not wants_eventual():
            raise GraphError(400, "Request_BadRequest", "$count is not currently supported.")
        keys, _ = self._practice.tenant.listing(collection)
        return Response(str(len(keys)), content_type="text/plain")

    def one(self, collection: Collection, object_id: str) -> Response:
        """Answer with one user, by id or principal name, or one group."""
        allow_only("$select")
        names = selected(collection)
        name = object_id.casefold()
        for entry in self._practice.tenant.live(collection):
            if name in {entry.id, entry.upn.casefold()}:
                return answered({"@odata.context": context(f"{collection}/$entity"), **plain(entry, names)})
        raise not_found(object_id)

    def domains(self) -> Response:
        """Answer with the domains, the unverified ones too."""
        return collection_of("domains", [domain.described() for domain in self._practice.tenant.domains])

    def organization(self) -> Response:
        """Answer with the organization. Its id is that of the tenant which the token was issued for."""
        tenant = self._practice.tenant
        own = ORGANIZATION | tenant.organization
        own["id"] = g.claims["tid"]
        own["verifiedDomains"] = [domain.in_organization() for domain in tenant.domains if domain.verified]
        if not tenant.organization:
            own["directorySizeQuota"] = {"used": len(tenant.entries), "total": 300_000}
        return collection_of("organization", [own])

    def applications(self) -> Response:
        """Answer with the registration, if it is the one that was filtered for."""
        allow_only("$select", "$filter")
        registration = self._practice.tenant.registration
        wanted = request.args.get("$filter", f"appId eq '{registration.application_id}'")
        if not wanted.startswith("appId eq '"):
            raise unsupported("The request uses a filter property that is not indexed")
        described = registration.described()
        names = [name for name in request.args.get("$select", "").split(",") if name] or list(described)
        found = wanted.casefold() == f"appId eq '{registration.application_id}'".casefold()
        return collection_of("applications", [{name: described.get(name) for name in names}] if found else [])

    def get_by_ids(self) -> Response:
        """Answer with those of the given objects that exist; the others are left out."""
        asked = request.get_json(silent=True)
        asked = asked if isinstance(asked, dict) else {}
        ids = asked.get("ids")
        if not isinstance(ids, list) or not ids or len(ids) > MOST_IDS:
            message = f"Invalid number of ids: between 1 and {MOST_IDS} can be asked for."
            raise GraphError(400, "Request_BadRequest", message)
        kinds = asked.get("types") or ["directoryObject"]
        found = [self._practice.tenant.entries.get(str(object_id).casefold()) for object_id in dict.fromkeys(ids)]
        shown = [described(entry) for entry in found if entry and entry.standing == "live" and is_one_of(entry, kinds)]
        return collection_of("directoryObjects", shown)

    def unknown(self, unknown: str) -> Response:
        """Refuse a path that this tenant does not serve."""
        segment = unknown.rpartition("/")[2]
        raise GraphError(400, "BadRequest", f"Resource not found for the segment '{segment}'.")


def answered(body: dict[str, Any]) -> Response:
    """Answer with a body."""
    return Response(to_json(body), content_type=JSON)


def collection_of(entity: str, value: list[dict[str, Any]]) -> Response:
    """Answer with a collection that fits on one page."""
    return answered({"@odata.context": f"{graph_url()}/$metadata#{entity}", "value": value})


def described(entry: Entry) -> dict[str, Any]:
    """Return an object with its type and default properties."""
    return {"@odata.type": type_of(entry), **plain(entry, default_names(entry))}


def is_one_of(entry: Entry, kinds: list[str]) -> bool:
    """Is the object of one of these kinds? Everything is a directoryObject."""
    return entry.kind in kinds or "directoryObject" in kinds


def resource_units() -> int:
    """Return what the request costs: 2 for users and applications, 3 for members; selecting saves one."""
    path = request.path.rstrip("/")
    cost = 3 if path.endswith("/members") else 2 if path.endswith(("/users", "/applications")) else 1
    return max(1, cost - ("$select" in request.args))
