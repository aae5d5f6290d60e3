"""The settings of a mailbox: for whoever has the permission, in both of Microsoft's spellings, with its refusals."""

import json
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.practice.conftest import Client
from tests.practice.test_fidelity import shape
from tests.practice.test_page import page, submit


@pytest.fixture
def reader(client: Client) -> Client:
    client.tenant.add_mailbox_settings()
    return client.sign_in()


def purpose(client: Client, object_id: str) -> Any:
    return client.get(f"/users/{object_id}/mailboxSettings")["userPurpose"]


def refusal(client: Client, object_id: str) -> tuple[int, str]:
    answered = client.ask(f"/users/{object_id}/mailboxSettings")
    return answered.status_code, answered.json()["error"]["code"]


def test_a_mailbox_says_what_it_is_for(reader: Client) -> None:
    hired = [reader.tenant.hire(f"S{place}", f"s{place}@contoso.example", purpose="shared") for place in range(20)]
    told = [purpose(reader, object_id) for object_id in hired]
    assert "shared" in told
    assert {"value": "shared"} in told, "both ways to write it occur"


def test_a_converted_mailbox_says_so_and_the_directory_has_no_word_of_it(reader: Client) -> None:
    ann = reader.tenant.hire("Ann", "ann@contoso.example")
    link = reader.latest("/users/delta?$select=displayName,assignedLicenses")
    reader.tenant.set_purpose(ann, "room")
    assert purpose(reader, ann) in ("room", {"value": "room"})
    assert reader.round(link)[0] == []


def test_it_takes_a_permission_of_its_own_in_a_fresh_token(client: Client) -> None:
    ann = client.tenant.hire("Ann", "ann@contoso.example")
    assert refusal(client, ann) == (403, "ErrorAccessDenied")
    client.tenant.add_mailbox_settings()
    assert refusal(client, ann) == (403, "ErrorAccessDenied"), "the token is older"
    assert purpose(client.sign_in(), ann)
    client.tenant.remove_mailbox_settings()
    assert refusal(client, ann) == (403, "ErrorAccessDenied"), "here it is taken away at once"
    assert client.ask("/users").status_code == 200


def test_guests_and_people_without_a_mailbox_have_no_settings(reader: Client) -> None:
    guest = reader.tenant.hire("Gina", "gina@northwind.example", guest=True)
    without = reader.tenant.hire("Nell", "nell@contoso.example", mailbox=False)
    for object_id in (guest, without):
        assert refusal(reader, object_id) == (404, "MailboxNotEnabledForRESTAPI")
    gone = reader.tenant.hire("Leo", "leo@contoso.example")
    reader.tenant.delete(gone)
    assert refusal(reader, gone) == (404, "Request_ResourceNotFound")


def test_it_looks_as_documented(reader: Client, samples: Path) -> None:
    was = json.loads((samples / "docs-mock-responses.json").read_text())["GET /me/mailboxSettings"]["body"]
    ann = reader.tenant.hire("Ann", "ann@contoso.example")
    now = reader.get(f"/users/{ann}/mailboxSettings")
    if isinstance(now["userPurpose"], str):
        now["userPurpose"] = {"value": now["userPurpose"]}
    assert shape(now) == shape(was)


def test_licence_and_kind_of_mailbox_are_switched_on_the_page(client: Client) -> None:
    ann = client.tenant.hire("Ann", "ann@contoso.example")
    assert "<dd>assigned</dd>" in page(client, f"/people/{ann}")
    assert "Ann has no licence any more." in submit(client, action="take_licence", id=ann).text
    assert "<dd>none</dd>" in page(client, f"/people/{ann}")
    assert "Ann has a licence." in submit(client, action="give_licence", id=ann).text
    assert "<dd>shared</dd>" in submit(client, action="set_purpose", id=ann, purpose="shared").text
    assert submit(client, action="set_purpose", id=ann, purpose="odd").status_code == 400


def test_the_permission_is_switched_on_the_page_and_in_json_and_asked_for_with_the_consent(client: Client) -> None:
    ann = client.tenant.hire("Ann", "ann@contoso.example")
    shown = submit(client, action="add_mailbox_settings")
    assert "Withdraw MailboxSettings.Read" in shown.text
    assert purpose(client.sign_in(), ann)
    consent = f"{client.server.login_url}/{client.server.domain}/adminconsent"
    asked = {"client_id": client.server.application_id, "redirect_uri": "http://127.0.0.1:1/callback"}
    assert "<code>MailboxSettings.Read</code>" in requests.get(consent, params=asked, timeout=5).text
    told = requests.post(
        f"{client.server.url}/practice/changes", json={"action": "remove_mailbox_settings"}, timeout=5
    ).json()
    assert told["done"] == "MailboxSettings.Read is withdrawn."
    assert "<code>MailboxSettings.Read</code>" not in requests.get(consent, params=asked, timeout=5).text


def test_purposes_and_permission_outlive_a_restart(client: Client, tmp_path: Path) -> None:
    room = client.tenant.hire("Adams", "adams@contoso.example", purpose="room")
    client.tenant.add_mailbox_settings()
    client.tenant.save(tmp_path / "tenant.json")
    again = type(client.tenant).load(tmp_path / "tenant.json")
    assert again.purpose_of(room) == "room"
    assert again.registration.reads_mailboxes
    saved = json.loads((tmp_path / "tenant.json").read_text())
    del saved["purposes"], saved["registration"]["permissions"]
    (tmp_path / "tenant.json").write_text(json.dumps(saved))
    before = type(client.tenant).load(tmp_path / "tenant.json")
    assert (before.purpose_of(room), before.registration.reads_mailboxes) == ("user", False)
