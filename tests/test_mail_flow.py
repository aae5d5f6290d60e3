"""What a real Postfix finds in the views of docs/postfix.md, asked with its own postmap."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from flask import Flask
from peewee import ProgrammingError

from ppe.clock import utcnow
from ppe.config import Settings
from ppe.db import connect, execute
from ppe.models import FUNCTIONAL, Account, Address, Domain
from tests.conftest import PASSWORD, OpenDatabase, People, add_account
from tests.databases import on_both_databases, on_postgresql

pytestmark = [pytest.mark.slow, on_both_databases]

READER = "postfix_reader"
DOCUMENT = Path(__file__).parent.parent / "docs" / "postfix.md"


class Postfix:
    """A configuration folder of its own, with the queries that the document gives."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self.folder = folder
        folder.mkdir()
        (folder / "main.cf").write_text(
            "maillog_file = /dev/stdout\nmyhostname = mx.contoso.example\nmydomain = contoso.example\n"
        )
        is_sqlite = settings.database_url.startswith("sqlite")
        self.kind = "sqlite" if is_sqlite else "pgsql"
        source = f"dbpath = {settings.database_url.removeprefix('sqlite:///')}" if is_sqlite else _server(settings)
        for query in dict.fromkeys(re.findall(r"^query = .+$", DOCUMENT.read_text(), re.MULTILINE)):
            view = re.search(r"FROM (\w+)", query)
            assert view is not None
            (folder / f"{view[1]}.cf").write_text(f"{source}\n{query}\n")

    def ask(self, view: str, *keys: str) -> dict[str, str]:
        """What it answers, for those keys that it answers anything for."""
        command = ("postmap", "-c", self.folder, "-q", "-", f"{self.kind}:{self.folder / view}.cf")
        asked = subprocess.run(command, input="\n".join(keys), capture_output=True, text=True, check=False)
        assert asked.returncode in (0, 1), asked.stderr
        assert not asked.stderr, asked.stderr
        return dict(line.split("\t", 1) for line in asked.stdout.splitlines())


def _server(settings: Settings) -> str:
    """Through the role that the document makes, which sees the views and nothing else."""
    for statement in re.findall(r"^(?:CREATE ROLE|GRANT) .+;$", DOCUMENT.read_text(), re.MULTILINE):
        execute(statement.replace("…", PASSWORD))
    url = urlsplit(settings.database_url)
    return (
        f"hosts = {url.hostname}:{url.port}\nuser = {READER}\npassword = {PASSWORD}\n"
        f"dbname = {url.path.removeprefix('/')}"
    )


@pytest.fixture
def postfix(app: Flask, settings: Settings, tmp_path: Path, open_database: OpenDatabase) -> Iterator[Postfix]:
    if shutil.which("postmap") is None:
        reason = "There is no postmap on the PATH: apt-get install postfix-sqlite postfix-pgsql."
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with open_database():
        asked = Postfix(tmp_path / "postfix", settings)
    yield asked
    if asked.kind == "pgsql":
        with open_database():
            execute(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {READER}")
            execute(f"DROP ROLE {READER}")


def test_who_is_accepted(postfix: Postfix, people: People, open_database: OpenDatabase) -> None:
    with open_database():
        add_account(people.contoso, "silent_user", "Sil", "sil@contoso.example")
        add_account(people.contoso, FUNCTIONAL, "Desk", "desk@contoso.example")
        off = add_account(people.contoso, "end_user", "Off", "off@contoso.example")
        gone = add_account(people.contoso, "end_user", "Gone", "gone@contoso.example")
        add_account(people.contoso, "end_user", "Lost", "lost@unregistered.example")
        add_account(people.contoso, "end_user", "Thief", "thief@fabrikam.example")
        Account.update(active=False).where(Account.id == off.id).execute()
        Account.update(removed_at=utcnow()).where(Account.id == gone.id).execute()
    accepted = [f"{name}@contoso.example" for name in ("ada", "bob", "sil", "desk", "BOB")]
    refused = ("off@contoso.example", "gone@contoso.example", "nobody@contoso.example", "lost@unregistered.example")
    answers = postfix.ask("mail_recipient", *accepted, *refused, "thief@fabrikam.example")
    assert answers == dict.fromkeys(accepted, "OK")


def test_an_apostrophe_is_a_letter_and_not_a_way_into_the_database(
    postfix: Postfix, people: People, open_database: OpenDatabase
) -> None:
    with open_database():
        add_account(people.contoso, "end_user", "Pat", "pat.o'neil@contoso.example")
    answers = postfix.ask("mail_recipient", "pat.o'neil@contoso.example", "x' OR 'a'='a@contoso.example")
    assert answers == {"pat.o'neil@contoso.example": "OK"}


def test_which_domains_are_relayed(postfix: Postfix, people: People, open_database: OpenDatabase) -> None:
    with open_database():
        Domain.create(
            organization=people.contoso, name="office.example", kind="management", proof="tenant", created_at=utcnow()
        )
        add_account(people.contoso, "end_user", "Mona", "mona@office.example")
    domains = postfix.ask("mail_domain", "contoso.example", "office.example", "unknown.example")
    assert domains == {"contoso.example": "contoso.example"}
    assert postfix.ask("mail_recipient", "mona@office.example") == {}


def test_where_an_alias_belongs(postfix: Postfix, people: People, open_database: OpenDatabase) -> None:
    with open_database():
        Address.create(account=people.bob, address="rob@contoso.example", domain="contoso.example", is_primary=False)
    found = postfix.ask("mail_alias", "rob@contoso.example", "bob@contoso.example")
    assert found == {"rob@contoso.example": "bob@contoso.example"}
    assert postfix.ask("mail_recipient", "rob@contoso.example") == {"rob@contoso.example": "OK"}
    with open_database():
        Account.update(active=False).where(Account.id == people.bob.id).execute()
    assert postfix.ask("mail_alias", "rob@contoso.example") == {}


def test_a_digest_sender_finds_who_wants_one(people: People, open_database: OpenDatabase) -> None:
    with open_database():
        Account.update(receives_digest=True).where(Account.id.in_([people.bob.id, people.eve.id])).execute()
        Account.update(active=False).where(Account.id == people.eve.id).execute()
        found = execute("SELECT address, display_name, organization, time_zone FROM digest_recipient").fetchall()
    assert [tuple(row) for row in found] == [("bob@contoso.example", "Bob", "Contoso", "UTC")]


@on_postgresql
def test_the_reader_on_a_server_sees_the_views_and_nothing_else(
    postfix: Postfix, people: People, settings: Settings
) -> None:
    url = urlsplit(settings.database_url)
    reader = connect(url._replace(netloc=f"{READER}:{quote(PASSWORD)}@{url.hostname}:{url.port}").geturl())
    with reader.connection_context():
        assert reader.execute_sql("SELECT COUNT(*) FROM mail_recipient").fetchone() == (3,)
        for forbidden in ("SELECT * FROM account", "SELECT * FROM digest_recipient", "DELETE FROM mail_domain"):
            with pytest.raises(ProgrammingError, match="permission denied"):
                reader.execute_sql(forbidden)
            reader.rollback()
