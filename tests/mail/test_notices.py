"""The notices about syncs, read back from a real mail server: to the tech contact, or else to every administrator."""

import re
from typing import Any

import pytest

from ppe import outbox
from ppe.mail import mailer
from ppe.models import ADMIN, Account, Address, Connection, Mail, Organization, SyncRun
from ppe.sync import notices
from tests.conftest import People, add_account
from tests.mail.conftest import CONSOLE, NOW, Clock, delivered
from tests.mail.listener import Listener, Taken

OVER = "37 removals: more than 5 and more than 10 % of 120 accounts."
FAILURE = {"run": 7, "sentence": "Microsoft did not answer.", "advice": "Wait a little.", "code": "503"}
WRONG = {
    "run": 7, "sentence": "Microsoft does not accept the Client Secret.", "advice": "Paste the Value.",
    "code": "AADSTS7000215",
}  # fmt: skip
EXPIRED = WRONG | {"sentence": "The Client Secret has expired.", "code": "AADSTS7000222"}


def notice(people: People, kind: str, **details: Any) -> None:
    outbox.ask(kind, organization_id=people.contoso.id, details=details, now=NOW)


def bodies(taken: Taken) -> list[str]:
    """Text and HTML, the words alone."""
    return [" ".join(re.sub(r"<[^>]+>", " ", body).split()) for body in (taken.text, taken.html)]


@pytest.mark.parametrize(
    ("kind", "details", "subject", "words"),
    [
        (
            notices.HELD, {"run": 7, "sentences": [OVER]}, "A sync at Contoso holds changes back",
            [OVER, "If nobody does anything, none of these changes is made.", f"{CONSOLE}/import-sync/runs/7"],
        ),
        (
            notices.FAILED, FAILURE, "A sync at Contoso failed",
            ["Microsoft did not answer.", "Wait a little.", "503", "25 Nov 2025, 22:30 (UTC)", "less and less often",
             "Next try: 26 Nov 2025, 00:30 (UTC)", f"{CONSOLE}/import-sync/runs/7"],
        ),
        (
            notices.RECOVERED, {"run": 9, "since": "2025-11-23T04:13:00+00:00"}, "Syncs at Contoso work again",
            ["had failed since 23 Nov 2025, 04:13 (UTC)", f"{CONSOLE}/import-sync/runs/9"],
        ),
        (
            notices.SECRET_REFUSED, WRONG, "Microsoft refuses the Client Secret at Contoso",
            ["Microsoft does not accept the Client Secret.", "Paste the Value.", "AADSTS7000215",
             "can still sign in", f"{CONSOLE}/sign-in?main=1", f"{CONSOLE}/import-sync/azure"],
        ),
        (
            notices.SECRET_REFUSED, EXPIRED, "The Client Secret at Contoso has expired",
            ["the Client Secret has expired", "AADSTS7000222", "can still sign in"],
        ),
        (
            notices.SECRET_EXPIRES, {"days": 14, "expiry": "2025-12-09T20:00:00+00:00"},
            "The Client Secret at Contoso expires in 14 days",
            ["expires in 14 days", "9 Dec 2025, 20:00 (UTC)", f"{CONSOLE}/import-sync/azure"],
        ),
        (
            notices.SECRET_EXPIRES, {"days": 1, "expiry": "2025-11-26T20:00:00+00:00"},
            "The Client Secret at Contoso expires in 1 day", ["expires in 1 day", "From then on no sync runs"],
        ),
        (
            notices.SECRET_EXPIRES, {"days": 0, "expiry": "2025-11-25T20:00:00+00:00"},
            "The Client Secret at Contoso has expired", ["has expired", "Now no sync runs"],
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and " " not in value else "",
)  # fmt: skip
def test_each_says_what_it_has_to_in_text_and_html(
    post_office: People,
    listener: Listener,
    clock: Clock,
    kind: str,
    details: dict[str, Any],
    subject: str,
    words: list[str],
) -> None:
    Organization.update(tech_contact=post_office.ada).where(Organization.id == post_office.contoso.id).execute()
    Connection.update(
        sync_frequency=1,
        failing_since=NOW.replace(hour=22) if kind in (notices.FAILED, notices.SECRET_REFUSED) else None,
        next_sync_at=NOW + (NOW - NOW.replace(hour=22, minute=30)),
    ).where(Connection.organization == post_office.contoso).execute()
    notice(post_office, kind, **details)
    taken = delivered(listener, clock)
    assert taken.recipients == ["ada@contoso.example"]
    assert taken.message["Subject"] == subject
    for body, raw in zip(bodies(taken), (taken.text, taken.html), strict=True):
        for wanted in words:
            assert wanted in (raw if wanted.startswith("http") else body), wanted
    assert not re.search(r"<img|<script|<link|url\(", taken.html)
    assert set(re.findall(r"https?://[\w.-]+\w", taken.html)) == {CONSOLE}
    assert "\n\n\n" not in taken.text.replace("\r\n", "\n")


def test_without_a_tech_contact_every_active_administrator_gets_the_one_mail(
    post_office: People, listener: Listener, clock: Clock
) -> None:
    add_account(post_office.contoso, ADMIN, "Zoe", "zoe@contoso.example")
    gone = add_account(post_office.contoso, ADMIN, "Gone", "gone@contoso.example")
    Account.update(active=False).where(Account.id == gone.id).execute()
    notice(post_office, notices.FAILED, **FAILURE)
    assert sorted(delivered(listener, clock).recipients) == ["ada@contoso.example", "zoe@contoso.example"]


def test_further_addresses_of_the_profile_get_what_the_tech_contact_gets_once_each(
    post_office: People, listener: Listener, clock: Clock
) -> None:
    Organization.update(notice_addresses=["tickets@other.example", "ada@contoso.example"]).where(
        Organization.id == post_office.contoso.id
    ).execute()
    notice(post_office, notices.FAILED, **FAILURE)
    assert sorted(delivered(listener, clock).recipients) == ["ada@contoso.example", "tickets@other.example"]


def test_one_address_that_cannot_be_written_to_keeps_it_from_nobody_else(
    post_office: People, listener: Listener, clock: Clock
) -> None:
    zoe = add_account(post_office.contoso, ADMIN, "Zoë", "zoe@contoso.example")
    Address.update(address="zoë@contoso.example").where(Address.account == zoe).execute()
    notice(post_office, notices.FAILED, **FAILURE)
    assert delivered(listener, clock).recipients == ["ada@contoso.example"]


def test_one_address_that_the_server_refuses_keeps_it_from_nobody_else(
    post_office: People, listener: Listener, clock: Clock
) -> None:
    add_account(post_office.contoso, ADMIN, "Zoe", "zoe@contoso.example")
    listener.refuses = {"ada@contoso.example"}
    notice(post_office, notices.FAILED, **FAILURE)
    assert delivered(listener, clock).recipients == ["zoe@contoso.example"]


def test_nobody_left_to_be_told_is_nothing_to_send(post_office: People, listener: Listener, clock: Clock) -> None:
    Account.update(active=False).where(Account.id == post_office.ada.id).execute()
    notice(post_office, notices.FAILED, **FAILURE)
    mailer.deliver_due(clock)
    assert (listener.taken, Mail.get().sent_at) == ([], NOW)


def test_the_link_is_that_of_the_list_which_waits_when_it_is_sent(
    post_office: People, listener: Listener, clock: Clock
) -> None:
    connection = Connection.get(Connection.organization == post_office.contoso)
    lists = [
        SyncRun.create(
            organization=post_office.contoso, connection=connection, state=state, holds_connection=False,
            held_digest=state, created_at=NOW,
        )
        for state in ("superseded", "review")
    ]  # fmt: skip
    notice(post_office, notices.HELD, run=lists[0].id, sentences=[OVER])
    taken = delivered(listener, clock)
    assert set(re.findall(r"/import-sync/runs/(\d+)", taken.text + taken.html)) == {str(lists[1].id)}


def test_times_are_those_of_the_organisation_and_names_are_escaped(
    post_office: People, listener: Listener, clock: Clock
) -> None:
    Organization.update(time_zone="Asia/Kolkata").where(Organization.id == post_office.contoso.id).execute()
    notice(post_office, notices.FAILED, **(FAILURE | {"sentence": "The domain <b>x</b> is unknown."}))
    taken = delivered(listener, clock)
    assert "26 Nov 2025, 05:00 (Asia/Kolkata)" in taken.text
    assert "<b>" not in taken.html
    assert "The domain &lt;b&gt;x&lt;/b&gt; is unknown." in taken.html
