import re
import socket
import sqlite3
import threading
from datetime import datetime

import pytest
from flask import Flask

from ppe import outbox, smtp, tasks
from ppe.db import database
from ppe.mail import mailer
from ppe.models import Address, Attempt, Mail, PasswordLink
from tests.conftest import OpenDatabase, People
from tests.databases import on_both_databases
from tests.mail.conftest import MINUTE, NOTICE, NOW, Clock, ask, delivered
from tests.mail.listener import HOST, Listener

pytestmark = on_both_databases


def test_one_that_is_refused_stops_none_of_the_others(post_office: People, listener: Listener, clock: Clock) -> None:
    listener.answer = lambda to: "550 5.7.1 Not from you" if to.startswith("bob") else "250 OK"
    ask(post_office.bob, "welcome")
    outbox.ask("no such kind", account_id=post_office.ada.id, now=NOW)
    ask(post_office.ada, "welcome")
    mailer.deliver_due(clock)
    assert [taken.recipients for taken in listener.taken] == [["ada@contoso.example"]]
    refused, broken, sent = Mail.select().order_by(Mail.id)
    assert refused.error == "The mail server refused the mail: 550 5.7.1 Not from you"
    assert broken.error == "The mail could not be composed (KeyError)."
    assert [mail.sent_at for mail in (refused, broken, sent)] == [None, None, NOW]
    assert refused.not_before == NOW + MINUTE


def test_a_server_that_is_away_gets_it_later_and_once(
    app: Flask, post_office: People, listener: Listener, clock: Clock
) -> None:
    ask(post_office.bob, "welcome")
    ask(post_office.ada, "welcome")
    listener.answer = lambda _: "421 4.3.2 Closing"
    mailer.deliver_due(clock)
    listener.stop()
    clock.now += MINUTE
    mailer.deliver_due(clock)
    for mail in Mail.select():
        assert "Connection refused" in mail.error
        assert (mail.sent_at, mail.attempts, mail.not_before) == (None, 2, clock.now + 2 * MINUTE)
    assert PasswordLink.select().count() == 2, "no link is made for a server that is away"
    back = Listener().start()
    app.extensions["mail"].port = back.port
    clock.now += 2 * MINUTE
    for _ in range(3):
        mailer.deliver_due(clock)
        clock.now += 60 * MINUTE
    back.stop()
    assert sorted(taken.recipients[0] for taken in back.taken) == ["ada@contoso.example", "bob@contoso.example"]


def test_a_server_that_is_away_is_asked_once_and_costs_no_link(
    app: Flask, post_office: People, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp, "TIMEOUT_SECONDS", 0.1)
    for account in (post_office.ada, post_office.bob, post_office.eve):
        ask(account, "welcome")
    with socket.create_server((HOST, 0)) as silent:
        app.extensions["mail"].port = silent.getsockname()[1]
        mailer.deliver_due(clock)
        silent.setblocking(False)
        silent.accept()[0].close()
        with pytest.raises(BlockingIOError):
            silent.accept()
    assert [mail.attempts for mail in Mail.select()] == [1, 1, 1]
    assert all("timed out" in mail.error for mail in Mail.select())
    assert PasswordLink.select().count() == 0


def test_a_server_that_hangs_up_again_and_again_counts_as_away(
    post_office: People, listener: Listener, clock: Clock
) -> None:
    asked: list[str] = []

    def hangs_up(to: str) -> str:
        asked.append(to)
        return ""

    listener.answer = hangs_up
    for _ in range(5):
        ask(post_office.bob, "password_changed", **NOTICE)
    mailer.deliver_due(clock)
    assert len(asked) == 3
    assert [mail.not_before for mail in Mail.select()] == [NOW + MINUTE] * 5


def test_one_lost_connection_is_opened_again_for_the_next_mail(
    post_office: People, listener: Listener, clock: Clock
) -> None:
    listener.answer = lambda to: "" if to.startswith("bob") else "250 OK"
    for account in (post_office.bob, post_office.ada) * 3:
        ask(account, "password_changed", **NOTICE)
    mailer.deliver_due(clock)
    assert [taken.recipients for taken in listener.taken] == [["ada@contoso.example"]] * 3


def test_without_a_mail_server_mails_wait(post_office: People, app: Flask, clock: Clock) -> None:
    app.config["MAIL_SERVER"] = ""
    ask(post_office.bob, "welcome")
    mailer.deliver_due(clock)
    assert Mail.get().error == "No mail server is set: PPE_MAIL_SERVER is empty."
    assert Mail.get().sent_at is None


class Killed(BaseException):
    """What a clock raises that is asked after the process is dead."""


def test_killed_between_sending_and_marking_it_goes_again_under_the_same_id(
    post_office: People, listener: Listener, clock: Clock
) -> None:
    def dies_when_sent() -> datetime:
        if listener.taken:
            raise Killed
        return NOW

    ask(post_office.bob, "welcome")
    with pytest.raises(Killed):
        mailer.deliver_due(dies_when_sent)
    assert Mail.get().sent_at is None
    clock.now += 5 * MINUTE
    mailer.deliver_due(clock)
    assert len(listener.taken) == 1, "whoever has claimed it may still be at it"
    clock.now += 6 * MINUTE
    mailer.deliver_due(clock)
    first, again = listener.taken
    assert first.message["Message-ID"] == again.message["Message-ID"]
    assert re.fullmatch(r"<[0-9a-f]{32}@contoso\.example>", again.message["Message-ID"])
    assert Mail.get().sent_at == clock.now


def test_two_workers_send_each_mail_once(
    app: Flask, people: People, listener: Listener, open_database: OpenDatabase
) -> None:
    with open_database():
        for _ in range(10):
            ask(people.bob, "password_changed", **NOTICE)
    both_know_what_is_due = threading.Barrier(2)

    def work() -> None:
        asked = 0

        def clock() -> datetime:
            nonlocal asked
            asked += 1
            if asked == 3:
                both_know_what_is_due.wait(timeout=10)
            return NOW

        with app.app_context(), open_database():
            mailer.deliver_due(clock)

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(listener.taken) == 10
    assert len({taken.message["Message-ID"] for taken in listener.taken}) == 10
    with open_database():
        assert Mail.select().where(Mail.sent_at.is_null()).count() == 0


def test_no_transaction_is_open_while_the_server_is_spoken_to(
    post_office: People, listener: Listener, clock: Clock
) -> None:
    def writes(_: str) -> str:
        with database.connection_context():  # in the listener's thread, so on a connection of its own
            if isinstance(database.connection(), sqlite3.Connection):
                database.execute_sql("PRAGMA busy_timeout = 50")
            Attempt.create(key="meanwhile", at=NOW)
        return "250 OK"

    listener.answer = writes
    ask(post_office.bob, "welcome")
    delivered(listener, clock)
    assert Attempt.select().count() == 1


def test_a_server_that_hangs_up_after_taking_the_mail_has_taken_it(
    post_office: People, listener: Listener, clock: Clock
) -> None:
    listener.rude = True
    ask(post_office.bob, "welcome")
    delivered(listener, clock)


def test_an_address_that_would_be_written_differently_is_not_written_to(
    post_office: People, listener: Listener, clock: Clock
) -> None:
    Address.update(address="böb@contoso.example").where(Address.account == post_office.bob.id).execute()
    ask(post_office.bob, "welcome")
    mailer.deliver_due(clock)
    assert listener.taken == []
    assert Mail.get().error == "Mail to an address with letters beyond a to z is not supported."


def test_the_task_sends_and_every_minute_s_tick_rings_for_it(
    app: Flask, people: People, listener: Listener, open_database: OpenDatabase
) -> None:
    with open_database():
        ask(people.bob, "welcome")
    tasks.tick.call_local()
    rung = [task.name for task in tasks.huey.pending()]
    assert "post" in rung
    tasks.post.call_local()
    assert len(listener.taken) == 1


def test_the_command_sends_a_test_mail_or_says_what_is_wrong(app: Flask, listener: Listener) -> None:
    said = app.test_cli_runner().invoke(args=["ppe", "test-mail", "ada@contoso.example"])
    assert "The mail server took a mail for ada@contoso.example.\n" in said.output
    (taken,) = listener.taken
    assert taken.message["Subject"] == "A test mail from PPE"
    listener.answer = lambda _: "554 5.7.1 Go away"
    said = app.test_cli_runner().invoke(args=["ppe", "test-mail", "ada@contoso.example"])
    assert said.exit_code == 1
    assert "Error: The mail server refused the mail: 554 5.7.1 Go away\n" in said.output
