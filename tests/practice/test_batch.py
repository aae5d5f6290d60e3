"""Many requests in one: each answered as if it had come alone, in whatever order."""

import json
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.practice.conftest import Client


def post(client: Client, *urls: str, **more: Any) -> requests.Response:
    asked = [{"id": str(place), "method": "GET", "url": url, **more} for place, url in enumerate(urls)]
    return client.session.post(f"{client.server.graph_url}/$batch", json={"requests": asked}, timeout=5)


def answers(client: Client, *urls: str, **more: Any) -> list[dict[str, Any]]:
    answered = post(client, *urls, **more)
    assert answered.status_code == 200, answered.text
    by_id = {part["id"]: part for part in answered.json()["responses"]}
    return [by_id[str(place)] for place in range(len(urls))]


def test_each_is_answered_as_if_it_had_come_alone(client: Client) -> None:
    ann = client.tenant.hire("Ann", "ann@contoso.example")
    one, unknown, strange = answers(client, f"/users/{ann}?$select=displayName", "/users/nobody", "me/drive/root")
    assert (one["status"], one["body"]["displayName"]) == (200, "Ann")
    assert one["headers"]["Content-Type"].startswith("application/json")
    assert (unknown["status"], unknown["body"]["error"]["code"]) == (404, "Request_ResourceNotFound")
    assert strange["status"] == 400


def test_nobody_is_promised_an_order(client: Client) -> None:
    told = [part["id"] for part in post(client, *["/domains"] * 3).json()["responses"]]
    assert sorted(told) == ["0", "1", "2"]
    assert told != ["0", "1", "2"]


def test_twenty_are_the_most(client: Client) -> None:
    assert len(answers(client, *["/domains"] * 20)) == 20
    refused = post(client, *["/domains"] * 21)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "BadRequest")


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"requests": []},
        {"requests": [{"id": 1, "method": "GET", "url": "/domains"}]},
        {"requests": [{"id": "1", "method": "GET", "url": "/domains"}] * 2},
    ],
    ids=["nothing", "no request", "a number for an id", "an id twice"],
)
def test_what_is_no_batch_is_refused_as_a_whole(client: Client, sent: dict[str, Any]) -> None:
    assert client.session.post(f"{client.server.graph_url}/$batch", json=sent, timeout=5).status_code == 400


def test_a_batch_holds_no_batch(client: Client) -> None:
    (inner,) = answers(client, "/$batch", method="POST", body={"requests": []})
    assert inner["status"] == 400


def test_each_is_throttled_by_itself_and_says_when_to_come_back(client: Client) -> None:
    client.server.weather.throttle_parts("2.5", None)
    told = answers(client, *["/domains"] * 4)
    assert [part["status"] for part in told] == [429, 429, 200, 200]
    assert told[0]["headers"]["Retry-After"] == "2.5"
    assert "Retry-After" not in told[1]["headers"]
    assert client.ask("/domains").status_code == 200


def test_a_whole_batch_is_throttled_like_any_other_request(client: Client) -> None:
    client.server.weather.throttle(1, "7")
    assert post(client, "/domains").headers["Retry-After"] == "7"
    assert post(client, "/domains").status_code == 200


def test_a_batch_is_one_request_in_the_log(client: Client) -> None:
    client.server.log.clear()
    answers(client, *["/domains"] * 5)
    assert [(asked.method, asked.path) for asked in client.server.log] == [("POST", "/graph/v1.0/$batch")]


def test_without_a_token_a_batch_is_refused_before_its_parts(client: Client) -> None:
    client.session.headers.pop("Authorization")
    assert post(client, "/domains").status_code == 401


def test_a_documented_batch_is_answered_in_the_documented_shape(client: Client, samples: Path) -> None:
    asked, was, waiting = json.loads((samples / "docs-json-batching.json").read_text())
    url = f"{client.server.graph_url}/$batch"
    now = client.session.post(url, json=asked, timeout=5).json()
    assert list(now) == list(was)
    assert {part["id"] for part in now["responses"]} == {part["id"] for part in was["responses"]}
    keys = {key for part in was["responses"] for key in part}
    assert all(set(part) == keys for part in now["responses"])
    statuses = {
        part["id"]: part["status"] for part in client.session.post(url, json=waiting, timeout=5).json()["responses"]
    }
    assert statuses == {"1": 400, "2": 424, "3": 400, "4": 424}, "what waits for a failure fails by it"
