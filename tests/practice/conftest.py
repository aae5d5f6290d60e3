from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from ppe.practice.server import PracticeServer
from ppe.practice.tenant import Tenant

SCOPE = "https://graph.microsoft.com/.default"
SAMPLES = Path(__file__).parents[3] / "shared" / "graph-samples"


class Client:
    """Asks one practice server, as a program with a client secret does."""

    def __init__(self, server: PracticeServer) -> None:
        self.server = server
        self.tenant = server.tenant
        self.session = requests.Session()

    def token(self, tenant: str = "", **form: str) -> requests.Response:
        """Ask for a token; `form` replaces what is usually sent, and empty text leaves it out."""
        sent = {
            "client_id": self.server.application_id,
            "client_secret": self.server.client_secret,
            "grant_type": "client_credentials",
            "scope": SCOPE,
        } | form
        address = f"{self.server.login_url}/{tenant or self.server.domain}/oauth2/v2.0/token"
        return self.session.post(address, data={name: value for name, value in sent.items() if value}, timeout=5)

    def sign_in(self) -> "Client":
        self.session.headers["Authorization"] = f"Bearer {self.token().json()['access_token']}"
        return self

    def discover(self, tenant: str) -> requests.Response:
        address = f"{self.server.login_url}/{tenant}/v2.0/.well-known/openid-configuration"
        return self.session.get(address, timeout=5)

    def ask(self, path: str, **headers: str) -> requests.Response:
        """Ask Graph for a path or a link."""
        url = path if path.startswith("http") else self.server.graph_url + path
        return self.session.get(url, headers=headers, timeout=5, allow_redirects=False)

    def get(self, path: str, **headers: str) -> dict[str, Any]:
        answer = self.ask(path, **headers)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def pages(self, path: str, **headers: str) -> list[dict[str, Any]]:
        """Follow nextLinks to the end."""
        pages = [self.get(path, **headers)]
        while "@odata.nextLink" in pages[-1]:
            pages.append(self.get(pages[-1]["@odata.nextLink"], **headers))
        return pages

    def round(self, path: str, **headers: str) -> tuple[list[dict[str, Any]], str]:
        """Follow a delta round to the end: what it told, and its delta link."""
        pages = self.pages(path, **headers)
        return [item for page in pages for item in page["value"]], pages[-1]["@odata.deltaLink"]

    def latest(self, path: str) -> str:
        """A delta link for now, with the question of this path."""
        link: str = self.get(f"{path}&$deltatoken=latest")["@odata.deltaLink"]
        return link

    def close(self) -> None:
        self.session.close()


@pytest.fixture
def client() -> Iterator[Client]:
    """An empty tenant on small pages, and a program that is signed in to it."""
    with PracticeServer(Tenant.empty(), delta_page=3, member_slice=2) as server:
        client = Client(server).sign_in()
        yield client
        client.close()


@pytest.fixture
def company() -> Iterator[Client]:
    """The believable company."""
    with PracticeServer() as server:
        client = Client(server).sign_in()
        yield client
        client.close()


@pytest.fixture
def samples() -> Path:
    if not SAMPLES.is_dir():
        pytest.skip(f"The recorded answers are not here: {SAMPLES}")
    return SAMPLES


@pytest.fixture
def recorded(samples: Path) -> Iterator[Client]:
    """The recorded tenant, served again."""
    with PracticeServer(Tenant.recorded(samples)) as server:
        client = Client(server).sign_in()
        yield client
        client.close()
