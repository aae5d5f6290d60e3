from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from pytest_httpserver import HTTPServer

from ppe.practice.server import PracticeServer
from ppe.practice.tenant import Tenant
from tests.conftest import People
from tests.signin.entra import Entra
from tests.signin.forger import Forger
from tests.signin.steps import Phone, ask_for_codes, give_app


@pytest.fixture
def entra(app: Flask, people: People) -> Iterator[Entra]:
    """Contoso's tenant, empty but for what a test hires."""
    with PracticeServer(Tenant.empty()) as server:
        yield Entra(app, server, people.contoso)


@pytest.fixture
def forger(app: Flask, people: People, httpserver: HTTPServer) -> Forger:
    """Contoso's tenant in the hands of somebody who signs anything."""
    return Forger(app, httpserver, people.contoso)


@pytest.fixture
def texts(app: Flask, entra: Entra) -> Entra:
    """A gateway for text messages, which is the practice tenant's phone."""
    app.config["SETTINGS"] = replace(app.config["SETTINGS"], sms_url=entra.server.sms_url)
    return entra


@pytest.fixture
def phone(app: Flask, people: People) -> Phone:
    """Bob's, in an organisation that asks everybody for a code."""
    ask_for_codes(people.contoso)
    return give_app(app, people.bob)
