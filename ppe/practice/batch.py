"""`/$batch`: up to twenty requests in one, each answered as if it had come alone (concepts/json-batching.md).

The answers come in another order than the questions, because Microsoft promises none.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response, current_app, request

from ppe.practice.errors import GraphError
from ppe.practice.pages import JSON
from ppe.practice.wire import to_json

MOST = 20
PART = "practice.part"  # in the environment of a request that came inside of another
FORWARDED = ("Content-Type", "Retry-After", "Cache-Control", "OData-Version", "Location", "x-ms-resource-unit")

Item = Mapping[str, Any]


def is_part() -> bool:
    """Did this request come inside of a batch?"""
    return PART in request.environ


def batch() -> Response:
    """Answer each request of a batch; a batch that is not right is refused as a whole. Raises GraphError."""
    asked = _requests()
    statuses: dict[str, int] = {}
    answers = []
    for item in asked:
        answer = _dependency_failed(item) if _waits_in_vain(item, statuses) else _answer(item)
        statuses[item["id"]] = answer["status"]
        answers.append(answer)
    return Response(to_json({"responses": answers[::-1]}), content_type=JSON)


def _requests() -> Sequence[Item]:
    sent = request.get_json(silent=True)
    asked = sent.get("requests") if isinstance(sent, dict) else None
    if is_part() or not isinstance(asked, list) or not asked or not all(_is_request(item) for item in asked):
        raise _refused("Invalid batch payload format.")
    if len(asked) > MOST:
        raise _refused(f"Number of batch request steps exceeds the maximum value of {MOST}.")
    if len({item["id"] for item in asked}) < len(asked):
        raise _refused("Request Id has to be unique in a batch.")
    return asked


def _is_request(item: object) -> bool:
    return isinstance(item, dict) and all(isinstance(item.get(name), str) for name in ("id", "method", "url"))


def _waits_in_vain(item: Item, statuses: Mapping[str, int]) -> bool:
    return any(statuses.get(before, 424) >= 400 for before in item.get("dependsOn") or ())


def _dependency_failed(item: Item) -> dict[str, Any]:
    error = {"code": "FailedDependency", "message": "The dependent request has failed."}
    return {"id": item["id"], "status": 424, "headers": {"Content-Type": "application/json"}, "body": {"error": error}}


def _answer(item: Item) -> dict[str, Any]:
    answered = current_app.test_client().open(
        f"/graph/v1.0/{item['url'].lstrip('/')}",
        method=item["method"],
        base_url=request.host_url,
        headers={**(item.get("headers") or {}), "Authorization": request.headers.get("Authorization", "")},
        json=item.get("body"),
        environ_overrides={PART: True},
    )
    body = answered.get_json(silent=True) if answered.is_json else answered.get_data(as_text=True) or None
    headers = {name: answered.headers[name] for name in FORWARDED if name in answered.headers}
    return {"id": item["id"], "status": answered.status_code, "headers": headers, "body": body}


def _refused(message: str) -> GraphError:
    return GraphError(400, "BadRequest", message)
