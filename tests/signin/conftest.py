from collections.abc import Iterator

import pytest
from flask import Flask

from ppe.practice.server import PracticeServer
from ppe.practice.tenant import Tenant
from tests.conftest import People
from tests.signin.entra import Entra


@pytest.fixture
def entra(app: Flask, people: People) -> Iterator[Entra]:
    """Contoso's tenant, empty but for what a test hires."""
    with PracticeServer(Tenant.empty()) as server:
        yield Entra(app, server, people.contoso)
