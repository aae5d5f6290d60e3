"""Everything that can go wrong between a client and Graph."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.practice.conftest import Client


@pytest.fixture
def nine(client: Client) -> Client:
    """Nine people and three groups of three: three pages of each, asked three at a time."""
    hired = [client.tenant.hire(f"P{place}", f"p{place}@contoso.example") for place in range(9)]
    for place in range(3):
        client.tenant.add_group(f"G{place}", "security", members=hired[:1])
    return client


def ids(pages):
    return [item["id"] for page in pages for item in page["value"]]


def test_throttled_requests_say_when_to_come_back(nine: Client):
    nine.server.weather.throttle(2, "2.128")
    answers = [nine.ask("/users") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [429, 429, 200]
    assert answers[0].headers["Retry-After"] == "2.128"
    assert nine.server.application_id in answers[0].headers["x-ms-throttle-scope"]
    nine.server.weather.throttle(1, None)
    assert "Retry-After" not in nine.ask("/users").headers


def test_an_outage_lasts_as_many_requests_as_told_or_until_calm(nine: Client):
    nine.server.weather.down(2)
    assert [nine.ask("/users").status_code for _ in range(3)] == [503, 503, 200]
    nine.server.weather.down()
    assert nine.ask("/domains").json()["error"]["code"] == "ServiceNotAvailable"
    nine.server.weather.calm()
    assert nine.ask("/domains").status_code == 200


def test_a_broken_gateway_answers_html(nine: Client):
    nine.server.weather.down(1, "html")
    answer = nine.ask("/users")
    assert (answer.status_code, answer.headers["Content-Type"]) == (502, "text/html")
    assert answer.text.startswith("<html>")


def test_a_connection_can_be_dropped(nine: Client):
    nine.server.weather.down(1, "reset")
    with pytest.raises(requests.ConnectionError):
        nine.ask("/users")
    assert nine.ask("/users").status_code == 200


def test_a_compressed_answer_can_be_cut(nine: Client):
    nine.server.weather.down(1, "truncated_gzip")
    with pytest.raises((requests.exceptions.ContentDecodingError, ValueError)):
        nine.ask("/users").json()


def test_a_hanging_answer_comes_with_the_calm(nine: Client):
    arrived = threading.Event()
    wait = nine.server.weather.wait
    nine.server.weather.wait = lambda seconds: (arrived.set(), wait(seconds))  # type: ignore[method-assign, assignment, func-returns-value]
    nine.server.weather.down(1, "hang")
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(nine.ask, "/users")
        assert arrived.wait(5)
        assert not asked.done()
        nine.server.weather.calm()
        assert asked.result(5).status_code == 503


def test_slow_answers_wait_so_long_and_no_longer_after_the_calm(nine: Client):
    waits: list[float] = []
    nine.server.weather.wait = waits.append  # type: ignore[method-assign, assignment]
    nine.server.weather.slow(1.5)
    nine.ask("/users")
    nine.server.weather.calm()
    nine.ask("/users")
    assert waits == [1.5]


@pytest.mark.parametrize(("how", "status"), [("503", 503), ("html", 502)])
def test_one_page_can_fail(nine: Client, how, status):
    nine.server.weather.fail_page("users", 2, how, times=1)
    first = nine.get("/users?$top=3")
    assert nine.ask(first["@odata.nextLink"]).status_code == status
    assert len(nine.pages(first["@odata.nextLink"])) == 2
    nine.server.weather.fail_page("users", 2, how)
    assert [nine.ask(first["@odata.nextLink"]).status_code for _ in range(3)] == [status] * 3
    assert len(nine.pages("/groups?$top=3")) == 1


@pytest.mark.parametrize("how", ["cut", "empty"])
def test_a_page_can_be_no_json(nine: Client, how):
    nine.server.weather.fail_page("groups", 1, how)
    answer = nine.ask("/groups")
    assert answer.status_code == 200
    with pytest.raises(requests.JSONDecodeError):
        answer.json()


def test_a_page_can_drop_the_connection(nine: Client):
    nine.server.weather.fail_page("users", 1, "reset")
    with pytest.raises(requests.ConnectionError):
        nine.ask("/users/delta")


@pytest.mark.parametrize("path", ["/users?$top=3", "/users/delta", "/groups/delta"])
def test_a_listing_can_lie_that_there_is_nobody(nine: Client, path):
    nine.server.weather.empty_listing()
    assert ids(nine.pages(path)) == []


def test_an_empty_round_ends_with_a_delta_link(nine: Client):
    nine.server.weather.empty_listing()
    _, link = nine.round("/users/delta")
    nine.server.weather.calm()
    assert nine.round(link)[0] == []


def test_a_listing_can_end_too_early(nine: Client):
    nine.server.weather.cut_listing(after_pages=2)
    assert [len(page["value"]) for page in nine.pages("/users?$top=3")] == [3, 1]


def test_links_can_run_in_a_circle(nine: Client):
    nine.server.weather.cyclic_link()
    first = nine.get("/users?$top=3")
    second = nine.get(first["@odata.nextLink"])
    assert second["@odata.nextLink"] == first["@odata.nextLink"]
    alone = nine.get("/users")
    assert nine.get(alone["@odata.nextLink"])["value"] == alone["value"]


def test_links_can_lead_to_a_stranger(nine: Client):
    nine.server.weather.foreign_link("http://127.0.0.1:9/stolen")
    assert nine.get("/users?$top=3")["@odata.nextLink"] == "http://127.0.0.1:9/stolen"
    assert "@odata.nextLink" not in nine.get("/users")


def test_requests_can_be_redirected(nine: Client):
    nine.server.weather.redirect("http://127.0.0.1:9/elsewhere")
    answer = nine.ask("/users")
    assert (answer.status_code, answer.headers["Location"]) == (302, "http://127.0.0.1:9/elsewhere")


def test_objects_can_come_twice(nine: Client):
    whole = ids(nine.pages("/users?$top=3"))
    nine.server.weather.duplicate_objects()
    told = ids(nine.pages("/users?$top=3"))
    assert len(told) == 12
    assert list(dict.fromkeys(told)) == whole


def test_access_tokens_can_expire_and_stay_so(nine: Client):
    nine.server.weather.expire_tokens()
    nine.server.weather.calm()
    assert nine.ask("/users").status_code == 401
    assert nine.sign_in().ask("/users").status_code == 200


@pytest.mark.parametrize("path", ["/users?$top=3", "/users/delta"])
def test_page_tokens_can_expire(nine: Client, path):
    link = nine.get(path)["@odata.nextLink"]
    nine.server.weather.expire_page_tokens()
    answer = nine.ask(link)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "Directory_ExpiredPageToken")
    assert len(ids(nine.pages(path))) == 9


def test_a_hook_meets_every_page_and_may_change_the_tenant(nine: Client):
    met = []

    def hire_late(kind, number):
        met.append((kind, number))
        if number == 2:
            nine.tenant.hire("Zed", "zed@contoso.example")

    nine.server.weather.before_page(hire_late)
    assert len(ids(nine.pages("/users?$top=3"))) == 10
    assert met == [("users", 1), ("users", 2), ("users", 3), ("users", 4)]
    nine.server.weather.calm()
    nine.get("/users")
    assert len(met) == 4


def test_the_weather_says_what_it_is(nine: Client):
    weather = nine.server.weather
    assert weather.words() == []
    weather.slow(2)
    weather.throttle(3)
    weather.down(kind="html")
    weather.empty_listing()
    weather.redirect("http://127.0.0.1:9")
    weather.fail_page("users", 1)
    assert len(weather.words()) == 6


def test_sign_in_stays_fair_in_any_weather(nine: Client):
    nine.server.weather.down()
    nine.server.weather.redirect("http://127.0.0.1:9")
    assert nine.token().status_code == 200
    assert nine.discover(nine.server.domain).status_code == 200
