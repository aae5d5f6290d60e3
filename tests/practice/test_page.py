"""The page for people and its twin in JSON, over real HTTP."""

import re

import pytest
import requests

from ppe.practice.changes import CHANGES, made_up_address
from ppe.practice.weather_changes import WEATHER
from tests.practice.conftest import Client


def page(client: Client, path: str = "/") -> str:
    answer = requests.get(client.server.url + path, timeout=5)
    assert answer.status_code == 200
    return answer.text


def submit(client: Client, path: str = "/change", **form: str) -> requests.Response:
    return requests.post(client.server.url + path, data=form, timeout=5)


def news(client: Client) -> list[str]:
    told: list[str] = requests.get(f"{client.server.url}/practice/tenant", timeout=5).json()["news"]
    return told


@pytest.fixture
def ann(client: Client) -> str:
    return client.tenant.hire("Ann", "ann@contoso.example")


def test_it_shows_what_the_console_has_to_be_told(client: Client):
    shown = page(client)
    for secret in (client.server.application_id, client.server.client_secret, client.server.domain):
        assert f"<code>{secret}</code>" in shown


def test_it_needs_no_script_and_loads_nothing_from_elsewhere(client: Client, ann):
    for path in ("/", f"/people/{ann}"):
        answer = requests.get(client.server.url + path, timeout=5)
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert not re.search(r"<script|<style| style=| on[a-z]+=|https?://", answer.text)


def test_a_form_is_answered_by_a_redirect_and_a_sentence_said_once(client: Client):
    answer = submit(client, action="hire", name="Zoë van der Berg", domain="contoso.example")
    assert [step.status_code for step in answer.history] == [303]
    assert client.tenant.find("zoe.van.der.berg@contoso.example") in answer.url
    assert "Zoë van der Berg was hired." in answer.text
    assert "was hired." not in page(client, answer.url.removeprefix(client.server.url))


def test_a_mistake_keeps_what_was_typed_and_says_what_is_wrong(client: Client, ann):
    answer = submit(client, action="hire", name="Another Ann", address="ANN@contoso.example")
    assert answer.status_code == 400
    assert "ANN@contoso.example belongs to somebody already." in answer.text
    assert 'value="Another Ann"' in answer.text


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"action": "hire"}, "Please fill in: name."),
        ({"action": "hire", "name": "X", "address": "no address"}, "no address is not a mail address."),
        ({"action": "fly"}, "There is no such change: fly."),
        ({"action": "delete", "id": "nobody"}, "Nobody and nothing here is called nobody."),
        ({"action": "add_group", "name": "X", "kind": "odd"}, "There is no such kind of group: odd."),
        ({"action": "add_group", "name": "Ann", "kind": "distribution"}, "ann@contoso.example belongs to somebody"),
    ],
)
def test_what_cannot_be_done_is_said(client: Client, ann, form, sentence):
    answer = submit(client, **form)
    assert answer.status_code == 400
    assert sentence in answer.text
    assert client.tenant.journal.last == 1


def test_names_are_text_and_never_markup(company: Client):
    assert "&lt;b&gt;Bold&lt;/b&gt; &amp; Co" in page(company, "/?q=bold")
    assert "<b>Bold" not in page(company, "/?q=bold")


def test_everything_that_can_happen_to_a_person_happens(client: Client, ann):
    for form in (
        {"action": "rename", "name": "Ann Renamed"},
        {"action": "set_mobile", "mobile": "+31 6 5550 0101"},
        {"action": "set_mobile", "mobile": ""},
        {"action": "set_primary", "address": "renamed@contoso.example"},
        {"action": "add_alias", "address": "a@contoso.example"},
        {"action": "remove_alias", "address": "a@contoso.example"},
        {"action": "block"},
        {"action": "allow"},
        {"action": "remove_mailbox"},
        {"action": "delete"},
        {"action": "restore"},
        {"action": "delete"},
    ):
        answer = submit(client, id=ann, **form)
        assert answer.url.endswith(f"/people/{ann}"), form
    assert "Restore" in answer.text
    assert "Ann Renamed" in page(client), "the deleted are listed too"
    assert submit(client, id=ann, action="purge").url == f"{client.server.url}/"
    assert "Ann Renamed" not in page(client).partition('id="news"')[0]


def test_everything_that_can_happen_to_a_group_happens(client: Client, ann):
    submit(client, action="add_group", name="Team", kind="microsoft365")
    group = client.tenant.find("Team")
    shown = submit(client, action="add_member", id=group, member="ann@contoso.example")
    assert "Ann joined the group Team." in shown.text
    assert "Team" in page(client, f"/people/{ann}")
    submit(client, action="rename", id=group, name="Crew")
    submit(client, action="remove_member", id=group, member=ann)
    assert (client.tenant.groups[0].display_name, client.tenant.groups[0].members) == ("Crew", ())


def test_somebody_can_be_hired_on_a_domain_that_was_just_added(client: Client):
    submit(client, action="add_domain", domain="Tailspin.example")
    assert "<option>tailspin.example</option>" in page(client)
    submit(client, action="hire", name="Ty Tail", domain="tailspin.example")
    assert client.tenant.people[0].primary == "ty.tail@tailspin.example"


def test_secret_and_consent_are_switched(client: Client):
    submit(client, action="expire_secret")
    assert "has expired" in page(client)
    old = client.server.client_secret
    submit(client, action="replace_secret")
    assert client.server.client_secret != old
    assert "has expired" not in page(client)
    submit(client, action="withdraw_consent")
    assert client.sign_in().ask("/users").status_code == 403
    submit(client, action="grant_consent")
    assert client.sign_in().ask("/users").status_code == 200


def test_the_weather_is_made_and_calmed(client: Client):
    answer = submit(client, "/weather", action="down", kind="html")
    assert [step.status_code for step in answer.history] == [303]
    assert "Microsoft Graph is down." in answer.text
    assert client.ask("/users").status_code == 502
    submit(client, "/weather", action="throttle", times="1", retry_after="7")
    submit(client, "/weather", action="calm")
    assert client.ask("/users").status_code == 200
    submit(client, "/weather", action="fail_page", collection="users", page="1", how="reset", times="1")
    with pytest.raises(requests.ConnectionError):
        client.ask("/users")
    for form in ({"action": "slow", "seconds": "soon"}, {"action": "fog"}, {"action": "fail_page", "how": "rain"}):
        assert submit(client, "/weather", **form).status_code == 400


def test_it_tells_what_the_console_would_find(client: Client, ann):
    assert "it would find everybody" in page(client)
    for collection in ("users", "groups"):
        link = client.latest(f"/{collection}/delta?$select=id")
    assert "Nothing has changed" in page(client)
    client.tenant.block(ann)
    client.tenant.add_group("Team", "security", members=[ann])
    told = ["Ann may no longer sign in", "The group Team was made", "Ann joined the group Team"]
    assert news(client) == told
    assert all(f"<li>{sentence}.</li>" in page(client) for sentence in told)
    client.round(link)
    assert news(client) == told[:1], "the groups were asked for again, the users were not"


def test_people_and_groups_are_searched_and_paged(company: Client):
    first, second = page(company), page(company, "/?page=2")
    assert "Page 1, 60 in all" in first
    assert "Page 2, 60 in all" in second
    found = page(company, "/?q=WINGTIP")
    assert "Carla Many-Names" in found
    assert "Adams" not in found
    assert "Nobody." in page(company, "/?q=zzz")
    assert page(company, "/?page=nonsense") == page(company, "/?page=-3") == first


@pytest.mark.parametrize("path", ["/people/nobody", "/groups/nobody", "/people/{group}"])
def test_who_is_not_there_has_no_page(client: Client, path):
    group = client.tenant.add_group("Team", "security")
    assert requests.get(client.server.url + path.format(group=group), timeout=5).status_code == 404


def test_tests_do_the_same_in_json(client: Client):
    def post(path: str, **asked: object) -> requests.Response:
        return requests.post(f"{client.server.url}/practice/{path}", json=asked, timeout=5)

    hired = post("changes", action="hire", name="Ann", address="ann@contoso.example").json()
    assert hired == {"done": "Ann was hired.", "id": client.tenant.find("Ann")}
    assert post("changes", action="block", id=hired["id"]).json()["done"] == "Ann may no longer sign in."
    assert post("changes", action="block", id=hired["id"]).json()["done"] == "Nothing had to be changed."
    assert post("changes", action="fly").json() == {"error": "There is no such change: fly."}
    assert post("weather", action="down").json() == {"done": "Microsoft Graph is down."}
    told = requests.get(f"{client.server.url}/practice/tenant", timeout=5).json()
    assert (told["people"], told["groups"], told["changes"]) == (1, 0, 2)
    assert (told["client_secret"], told["weather"]) == (client.server.client_secret, ["Microsoft Graph is down."])


def test_every_change_that_needs_no_object_can_be_made(client: Client):
    for action in ("expire_secret", "renew_secret", "replace_secret", "withdraw_consent", "grant_consent"):
        assert action in CHANGES
        assert submit(client, action=action).status_code == 200
    assert submit(client, action="expire_delta_links").status_code == 200
    for action in WEATHER:
        assert submit(client, "/weather", action=action).status_code == 200


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("Zoë van der Berg", "zoe.van.der.berg@contoso.example"),
        ("O'Brien", "o.brien@contoso.example"),
        ("李小龙", "someone@contoso.example"),
    ],
)
def test_an_address_is_made_up_from_a_name(name, address):
    assert made_up_address(name, "contoso.example") == address
