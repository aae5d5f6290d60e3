"""The server: on loopback and nowhere else, the same again after a restart, and quick."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from ppe.practice.practice import Request
from ppe.practice.server import NotLoopback, PracticeServer
from ppe.practice.tenant import Tenant
from tests.practice.conftest import Client

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com", ""])
def test_it_refuses_to_listen_to_anybody_but_this_machine(host):
    with pytest.raises(NotLoopback):
        PracticeServer(Tenant.empty(), host=host)


def test_the_command_refuses_it_too():
    command = [sys.executable, "-m", "ppe.practice", "--host", "0.0.0.0", "--port", "0"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=20, check=False)
    assert ended.returncode == 1
    assert "loopback only, not on 0.0.0.0" in ended.stderr


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8001", "127.0.0.1.evil.example", "192.0.2.1"])
def test_a_name_that_leads_here_by_dns_rebinding_is_refused(client: Client, host):
    for path in ("/", "/graph/v1.0/users", "/practice/tenant"):
        assert client.session.get(client.server.url + path, headers={"Host": host}, timeout=5).status_code == 403


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://localhost"])
def test_another_sites_forms_are_refused(client: Client, origin):
    change = {"action": "hire", "name": "Eve"}
    for path, body in (("/change", {"data": change}), ("/practice/changes", {"json": change})):
        answer = requests.post(client.server.url + path, headers={"Origin": origin}, timeout=5, **body)  # type: ignore[arg-type]
        assert answer.status_code == 403
    assert client.tenant.people == []


def test_a_form_dressed_up_as_json_is_refused(client: Client):
    answer = requests.post(f"{client.server.url}/practice/changes", data='{"action":"hire","name":"Eve"}', timeout=5)
    assert answer.status_code == 400


def test_a_delta_link_outlives_a_restart(tmp_path):
    state = tmp_path / "tenant.json"
    with PracticeServer(Tenant.empty(), state=state) as first:
        client = Client(first).sign_in()
        link = client.latest("/users/delta?$select=displayName")
        requests.post(f"{first.url}/practice/changes", json={"action": "hire", "name": "Ann"}, timeout=5)
        client.close()
    with PracticeServer(Tenant.load(state)) as second:
        client = Client(second).sign_in()
        (ann,), _ = client.round(link.replace(first.url, second.url))
        assert ann["displayName"] == "Ann"
        client.close()


def test_a_change_is_in_the_file_before_it_is_answered(tmp_path):
    state = tmp_path / "tenant.json"
    with PracticeServer(Tenant.empty(), state=state) as server:
        requests.post(f"{server.url}/practice/changes", json={"action": "hire", "name": "Ann"}, timeout=5)
        assert [person.display_name for person in Tenant.load(state).people] == ["Ann"]


def test_an_open_connection_does_not_outlive_its_server():
    with PracticeServer(Tenant.empty()) as server:
        client = Client(server).sign_in()
        client.get("/users")
    with pytest.raises(requests.ConnectionError):
        client.ask("/users")
    client.close()


def test_connections_stay_open_between_requests(client: Client):
    port = int(client.server.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        for body in (b"", b"x" * 10):
            head = (
                f"POST /login/common/oauth2/v2.0/token HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n"
            )
            connection.sendall(head.encode() + b"\r\n" + body)
            assert connection.recv(65536).startswith(b"HTTP/1.1 400")


def test_the_log_has_what_was_asked_of_microsoft(client: Client):
    client.server.log.clear()
    client.get("/users?$top=5")
    client.ask("/users/nobody")
    client.discover("contoso.example")
    requests.get(client.server.url, timeout=5)
    assert list(client.server.log) == [
        Request("GET", "/graph/v1.0/users", 200, "$top=5"),
        Request("GET", "/graph/v1.0/users/nobody", 404),
        Request("GET", "/login/contoso.example/v2.0/.well-known/openid-configuration", 200),
    ]
    told = requests.get(f"{client.server.url}/practice/log", timeout=5).json()
    assert told[0] == {"method": "GET", "path": "/graph/v1.0/users", "status": 200, "query": "$top=5"}


def test_the_command_serves_until_it_is_told_to_stop(tmp_path):
    state = tmp_path / "tenant.json"
    command = [sys.executable, "-m", "ppe.practice", "--port", "0", "--people", "5", "--state", str(state)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url, port = process.stdout.readline().split()[-1], process.stdout.readline().split()[2].partition(":")[2]
        told = requests.get(f"{url}/practice/tenant", timeout=5).json()
        requests.post(f"{url}/practice/changes", json={"action": "hire", "name": "Ann"}, timeout=5)
        process.terminate()
        assert process.wait(10) == 0
    assert (told["domain"], told["people"], told["smtp_port"]) == ("contoso.example", 5, int(port))
    assert Tenant.load(state).find("Ann")
