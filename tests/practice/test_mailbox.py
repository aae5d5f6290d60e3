"""The practice mailbox: mails over real SMTP, and the pages and the JSON that show them."""

import re
import smtplib
import socket
import threading
import time
from collections.abc import Iterator
from email.message import EmailMessage

import pytest
import requests

from ppe.practice.inbox import KEPT
from ppe.practice.server import PracticeServer
from ppe.practice.tenant import Tenant
from tests.ports import free_port


@pytest.fixture
def server() -> Iterator[PracticeServer]:
    with PracticeServer(Tenant.empty()) as server:
        yield server


def line(server: PracticeServer) -> smtplib.SMTP:
    return smtplib.SMTP("127.0.0.1", server.smtp_port, local_hostname="localhost", timeout=5)


def send(server: PracticeServer, to: str = "ann@contoso.example", html: str = "", **said: str) -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "PPE <ppe@contoso.example>", to, said.get("subject", "Hello")
    message["Message-ID"], message["Date"] = "<1@contoso.example>", "Fri, 02 Jan 2026 10:11:12 +0100"
    message.set_content(said.get("text", "Good day.\n"))
    if html:
        message.add_alternative(html, subtype="html")
    with line(server) as smtp:
        smtp.send_message(message)


def send_raw(server: PracticeServer, content: bytes) -> None:
    with line(server) as smtp:
        smtp.sendmail("ppe@contoso.example", "ann@contoso.example", content, ("SMTPUTF8", "BODY=8BITMIME"))


def page(server: PracticeServer, path: str = "/mailbox") -> str:
    answer = requests.get(server.url + path, timeout=5)
    assert answer.status_code == 200
    return answer.text


def make(server: PracticeServer, action: str) -> requests.Response:
    return requests.post(f"{server.url}/mailbox", data={"action": action}, timeout=5)


def test_a_mail_is_there_as_it_was_written_when_its_sender_is_done(server: PracticeServer) -> None:
    send(server, "ann@contoso.example, bob@contoso.example", "<p>Größe</p>", subject="Für Zoë", text="Größe €\n2\n")
    (mail,) = server.mails
    assert (mail.sender, mail.recipients) == ("ppe@contoso.example", ("ann@contoso.example", "bob@contoso.example"))
    assert (mail.from_, mail.to) == ("PPE <ppe@contoso.example>", "ann@contoso.example, bob@contoso.example")
    assert (mail.subject, mail.text, mail.html) == ("Für Zoë", "Größe €\n2\n", "<p>Größe</p>\n")
    assert (mail.message_id, mail.date) == ("<1@contoso.example>", "Fri, 02 Jan 2026 10:11:12 +0100")


def test_tests_in_another_process_get_the_same_in_json(server: PracticeServer) -> None:
    for subject in ("One", "Two"):
        send(server, subject=subject)
    told = requests.get(f"{server.url}/practice/mails", timeout=5).json()
    assert [(mail["number"], mail["subject"]) for mail in told] == [(1, "One"), (2, "Two")]
    assert told[0] == next(mail.as_json() for mail in server.mails)
    assert told[0].keys() == {
        *("number", "received", "sender", "recipients", "from", "to", "subject", "message_id", "date", "text", "html")
    }
    assert requests.get(f"{server.url}/practice/tenant", timeout=5).json()["smtp_port"] == server.smtp_port


def test_a_subject_in_bare_utf_8_is_read(server: PracticeServer) -> None:
    send_raw(server, "Subject: Grüße\r\n an Zoë\r\n\r\nHello\r\n".encode())
    assert [(mail.subject, mail.text) for mail in server.mails] == [("Grüße an Zoë", "Hello\n")]


def test_a_mail_in_an_unknown_charset_is_read_as_well_as_can_be(server: PracticeServer) -> None:
    send_raw(server, "Content-Type: text/plain; charset=klingon\r\n\r\nGrüße\r\n".encode())
    assert [mail.text for mail in server.mails] == ["Grüße\n"]


def test_the_oldest_are_forgotten_and_numbers_are_not_used_again(server: PracticeServer) -> None:
    with line(server) as smtp:
        for number in range(KEPT + 1):
            smtp.sendmail("ppe@contoso.example", "ann@contoso.example", f"Subject: {number + 1}\r\n\r\n".encode())
    assert [server.mails.newest_first()[place].subject for place in (0, -1)] == [str(KEPT + 1), "2"]
    assert len(server.mails) == KEPT
    assert server.mails.get(1) is None
    assert requests.get(f"{server.url}/mailbox/1", timeout=5).status_code == 404
    server.mails.clear()
    send(server)
    assert [mail.number for mail in server.mails] == [KEPT + 2]


def test_the_page_says_when_there_is_nothing(server: PracticeServer) -> None:
    assert "No mail has arrived yet." in page(server)
    assert f"127.0.0.1:{server.smtp_port}" in page(server)
    assert 'href="/mailbox"' in page(server, "/")
    send(server)
    assert "No mail to bob has arrived." in page(server, "/mailbox?to=bob")


def test_the_page_lists_the_newest_first_and_those_to_one_recipient(server: PracticeServer) -> None:
    for subject, to in (
        ("First", "ann@contoso.example"),
        ("Second", "bob@contoso.example"),
        ("<b>Third", "bob@x.example"),
    ):
        send(server, to, subject=subject)
    assert re.findall(r'href="/mailbox/(\d)">(.+?)</a>', page(server)) == [
        ("3", "&lt;b&gt;Third"),
        ("2", "Second"),
        ("1", "First"),
    ]
    assert re.findall(r'href="/mailbox/(\d)"', page(server, "/mailbox?to=BOB@contoso")) == ["2"]


def test_only_links_to_this_machine_can_be_followed(server: PracticeServer) -> None:
    here = "http://127.0.0.1:8000/a?b=1&c=2"
    send(
        server, text=f"<i>Here</i>: ({here}). http://localhost/x https://evil.example/y http://[ javascript:alert(1)\n"
    )
    shown = page(server, "/mailbox/1")
    assert re.findall(r'href="((?:https?|javascript):[^"]+)"', shown) == [
        here.replace("&", "&amp;"),
        "http://localhost/x",
    ]
    assert "&lt;i&gt;Here&lt;/i&gt;: (<a " in shown
    assert "</a>). <a " in shown
    assert "https://evil.example/y http://[ javascript:alert(1)" in shown


def test_the_html_of_a_mail_is_shown_in_a_frame_that_may_do_nothing(server: PracticeServer) -> None:
    send(server, html="""<p style="color:teal">Hello "Zoë"</p><script>alert(1)</script>""")
    answer = requests.get(f"{server.url}/mailbox/1", timeout=5)
    assert '<iframe sandbox="" srcdoc="&lt;p style=&#34;color:teal&#34;&gt;Hello &#34;Zoë&#34;' in answer.text
    assert "<script" not in answer.text
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'self' 'unsafe-inline';")
    assert "script-src" not in policy


def test_the_list_needs_no_script_and_no_style_but_its_own(server: PracticeServer) -> None:
    send(server)
    answer = requests.get(f"{server.url}/mailbox", timeout=5)
    assert "unsafe-inline" not in answer.headers["Content-Security-Policy"]
    assert not re.search(r"<script|<style| style=| on[a-z]+=|https?://", answer.text)


def test_a_server_that_is_away_answers_421_and_hangs_up(server: PracticeServer) -> None:
    with line(server) as smtp:
        assert smtp.noop()[0] == 250
        assert "The mail server is away." in make(server, "mail_down").text
        assert smtp.mail("ppe@contoso.example")[0] == 421
        with pytest.raises(smtplib.SMTPServerDisconnected):
            smtp.noop()
    with pytest.raises(smtplib.SMTPConnectError) as refusal:
        line(server)
    assert refusal.value.smtp_code == 421
    make(server, "calm")
    send(server)
    assert len(server.mails) == 1


def test_a_mail_on_its_way_when_the_server_goes_away_is_not_kept(server: PracticeServer) -> None:
    with line(server) as smtp:
        smtp.ehlo()
        smtp.mail("ppe@contoso.example")
        smtp.rcpt("ann@contoso.example")
        assert smtp.docmd("DATA")[0] == 354
        server.weather.mail_down()
        smtp.send(b"Subject: Late\r\n\r\n.\r\n")
        assert smtp.getreply()[0] == 421
    assert len(server.mails) == 0


def test_recipients_are_refused(server: PracticeServer) -> None:
    told = requests.post(f"{server.url}/practice/weather", json={"action": "mail_refuses"}, timeout=5).json()
    assert told == {"done": "The mail server refuses every recipient."}
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refusal:
        send(server)
    assert [code for code, _ in refusal.value.recipients.values()] == [550]
    assert "The mail server refuses every recipient." in page(server)
    server.weather.calm()
    send(server)
    assert "All is calm." in page(server)


def test_a_weather_that_does_not_exist_is_said(server: PracticeServer) -> None:
    answer = make(server, "fog")
    assert (answer.status_code, answer.text) == (400, "There is no such weather: fog.")


def test_who_waits_for_a_mail_gets_it_when_it_comes(server: PracticeServer) -> None:
    send(server, subject="Too early")
    sender = threading.Thread(target=send, args=(server,), kwargs={"subject": "Awaited"})
    begun = time.monotonic()
    sender.start()
    assert server.mails.wait_for(lambda mail: mail.subject == "Awaited").number == 2
    assert time.monotonic() - begun < 5, "it was told, and did not just look once its patience had ended"
    sender.join()
    with pytest.raises(TimeoutError, match=r"within 0\.01 seconds; 2 others are here"):
        server.mails.wait_for(lambda mail: mail.subject == "Never", 0.01)


def test_an_open_connection_does_not_outlive_the_server() -> None:
    before = threading.active_count()
    with PracticeServer(Tenant.empty()) as server:
        port, smtp = server.smtp_port, line(server)
        smtp.ehlo()
    with pytest.raises(smtplib.SMTPServerDisconnected):
        smtp.noop()
    smtp.close()
    assert threading.active_count() == before
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)


def test_the_port_can_be_chosen() -> None:
    free = free_port()
    with PracticeServer(Tenant.empty(), smtp_port=free) as server:
        assert server.smtp_port == free
        send(server)
        assert len(server.mails) == 1
