"""The demo, as the browser tests know it: where it is, who signs in, and what can be changed from outside."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import requests


@dataclass(frozen=True)
class Demo:
    """A demo that answers: the console's address, who signs in, and the practice tenant's address."""

    address: str
    user: str
    password: str
    practice: str

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
