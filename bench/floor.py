"""The floor: the same pages fetched with requests, parsed, and people and their addresses stored by executemany."""

import sqlite3
import time
from pathlib import Path

import requests

from ppe.sync.graph import GROUP_PROPERTIES, LARGEST_PAGE, USER_PROPERTIES
from ppe.sync.login import fetch_token
from ppe.sync.wire import Wire

SCHEMA = """
    PRAGMA journal_mode = wal;
    PRAGMA synchronous = normal;
    CREATE TABLE person (id INTEGER PRIMARY KEY, object_id TEXT UNIQUE, name TEXT, mail TEXT, enabled INTEGER);
    CREATE TABLE address (address TEXT UNIQUE, object_id TEXT);
    CREATE INDEX address_object ON address (object_id);
"""


def seconds(folder: Path, login_url: str, graph_url: str, tenant: dict[str, str]) -> float:
    """How long the floor takes; the token is fetched before the clock starts."""
    credentials = (tenant["tenant_id"], tenant["application_id"], tenant["client_secret"])
    token = fetch_token(Wire(), login_url, *credentials).access_token
    database = sqlite3.connect(folder / "floor.db")
    database.executescript(SCHEMA)
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {token}"
    started = time.perf_counter()
    for link in (
        f"{graph_url}/users/delta?$deltatoken=latest&$select={USER_PROPERTIES}",
        f"{graph_url}/users?$select={USER_PROPERTIES}&$top={LARGEST_PAGE}",
        f"{graph_url}/groups/delta?$select={GROUP_PROPERTIES}",
    ):
        _store_listing(database, session, link)
    database.close()
    return time.perf_counter() - started


def _store_listing(database: sqlite3.Connection, session: requests.Session, link: str | None) -> None:
    while link:
        page = session.get(link, timeout=60).json()
        people = [one for one in page["value"] if "userPrincipalName" in one]
        database.executemany(
            "INSERT INTO person (object_id, name, mail, enabled) VALUES (?, ?, ?, ?)",
            [(one["id"], one["displayName"], one.get("mail"), one.get("accountEnabled")) for one in people],
        )
        database.executemany(
            "INSERT INTO address VALUES (?, ?)",
            [
                (proxy[5:].lower(), one["id"])
                for one in people
                for proxy in one.get("proxyAddresses", ())
                if proxy[:5].lower() == "smtp:"
            ],
        )
        database.commit()
        link = page.get("@odata.nextLink")
