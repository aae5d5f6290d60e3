"""The demo, as the browser tests know it: where it is, who signs in, and what can be changed from outside."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests

from ppe.practice.demo import Place


@dataclass(frozen=True)
class Demo:
    """A demo that answers: the console's address, who signs in, the practice tenant's address, and its folder."""

    address: str
    user: str
    password: str
    practice: str
    folder: Path

    def change(self, action: str, **what: str | None) -> str:
        """Change the practice tenant, as somebody in its own admin center would; gives the id of what was changed."""
        return str(self._post("changes", action=action, **what)["id"])

    def hire(self, name: str, mobile: str | None) -> None:
        """Let somebody into the tenant, who comes here with the next sync."""
        self.change("set_mobile", id=self.change("hire", name=name), mobile=mobile)

    @contextmanager
    def weather(self, action: str, **how: str) -> Iterator[None]:
        """Let something go wrong at Microsoft, until the end of the block."""
        self._post("weather", action=action, **how)
        try:
            yield
        finally:
            self._post("weather", action="calm")

    def sync_unattended(self) -> None:
        """Let a sync run as the schedule would, without waiting for its hour."""
        ports = [urlsplit(address).port or 0 for address in (self.address, self.practice)]
        command = (sys.executable, "-m", "flask", "--app", "app", "ppe", "sync")
        place = Place(self.folder, *ports)
        subprocess.run(command, env=place.environment(), check=True, capture_output=True, timeout=60)

    def _post(self, where: str, **what: str | None) -> dict[str, Any]:
        with requests.Session() as tenant:
            tenant.trust_env = False
            answer = tenant.post(f"{self.practice}/practice/{where}", json=what, timeout=10)
        assert answer.ok, answer.text
        told: dict[str, Any] = answer.json()
        return told


def address_of(name: str) -> str:
    """The address that the tenant makes up for somebody who is hired: Erik Enrols has erik.enrols@contoso.example."""
    return f"{name.lower().replace(' ', '.')}@contoso.example"
