import re
from datetime import timedelta

import pytest
from flask import Flask

from ppe import outbox
from ppe.mail import letters, mailer
from ppe.models import (
    FUNCTIONAL,
    SILENT_USER,
    Account,
    Address,
    Connection,
    Mail,
    Organization,
    PasswordLink,
    SecondFactorCode,
)
from ppe.signin import codes, links
from tests.conftest import People
from tests.mail.conftest import CONSOLE, MINUTE, NOTICE, NOW, Clock, ask, delivered
from tests.mail.listener import Listener


@pytest.mark.parametrize(
    ("kind", "details", "subject", "words"),
    [
        ("welcome", {}, "Your account at Contoso", [f"{CONSOLE}/sign-in", "good for 7 days", "ask Ada"]),
        ("password_changed", NOTICE, "Your password at Contoso was changed", ["192.0.2.7", "ask Ada"]),
        ("one_time_code", {"issued_by": "Ada"}, "A code to sign in at Contoso", ["Ada had this code sent to you"]),
        (
            "second_factor_changed",
            NOTICE | {"what": "An authenticator app was set up."},
            "How you sign in at Contoso was changed",
            ["An authenticator app was set up.", "192.0.2.7"],
        ),
        ("second_factor_locked", NOTICE, "Somebody knows your password at Contoso", ["192.0.2.7"]),
    ],
)
def test_every_kind_says_what_it_has_to_in_text_and_html(
    post_office: People,
    listener: Listener,
    clock: Clock,
    kind: str,
    details: dict[str, str],
    subject: str,
    words: list[str],
) -> None:
    ask(post_office.bob, kind, **details)
    taken = delivered(listener, clock)
    assert taken.recipients == ["bob@contoso.example"]
    assert taken.message["Subject"] == subject
    assert taken.message["From"] == '"Filter, Contoso" <ppe@contoso.example>'
    assert taken.message["Auto-Submitted"] == "auto-generated"
    for body in (taken.text, taken.html):
        flattened = " ".join(re.sub(r"<[^>]+>", " ", body).split())
        for wanted in ["Hello Bob", *words]:
            assert wanted in flattened
        assert "Contoso" in flattened.rpartition("Sent by PPE")[0][-30:], "it is signed"
    assert not re.search(r"<img|<script|<link|url\(", taken.html)
    assert set(re.findall(r"https?://[\w.-]+\w", taken.html)) <= {CONSOLE}
    assert "\n\n\n" not in taken.text.replace("\r\n", "\n")


def test_every_template_is_of_a_kind(app: Flask) -> None:
    templates = {name.partition(".")[0] for name in app.jinja_env.list_templates() if name.startswith("mail/")}
    kinds = {"mail/test", *(f"mail/{kind}" for kind in (*letters.ACCOUNT_KINDS, *letters.ORGANIZATION_KINDS))}
    assert templates - {"mail/_layout", "mail/_button"} == kinds


@pytest.mark.parametrize(("kind", "days"), [("welcome", 7), ("password_reset", 1 / 24)])
def test_the_link_is_made_when_the_mail_is_sent(
    post_office: People, listener: Listener, clock: Clock, kind: str, days: float
) -> None:
    outbox.ask(kind, to=" Bob@CONTOSO.example", account_id=post_office.bob.id if kind == "welcome" else None, now=NOW)
    assert PasswordLink.select().count() == 0
    taken = delivered(listener, clock)
    tokens = re.findall(rf"{CONSOLE}/password/([\w-]+)", taken.text)
    assert set(re.findall(rf"{CONSOLE}/password/([\w-]+)", taken.html)) == set(tokens)
    assert len(tokens) == 1
    found = links.account_of(tokens[0], NOW + timedelta(days=days) - MINUTE)
    assert found is not None
    assert found.id == post_office.bob.id
    assert links.account_of(tokens[0], NOW + timedelta(days=days)) is None
    assert tokens[0] not in str(list(Mail.select().dicts()))


def test_the_code_is_made_when_the_mail_is_sent(post_office: People, listener: Listener, clock: Clock) -> None:
    ask(post_office.bob, "one_time_code", issued_by="Ada")
    assert SecondFactorCode.select().count() == 0
    taken = delivered(listener, clock)
    code = re.search(r"^    (\S+)$", taken.text.replace("\r\n", "\n"), re.MULTILINE)
    assert code is not None
    assert code[1] in taken.html
    assert code[1] not in str(list(Mail.select().dicts()))
    assert codes.spend(post_office.bob.id, code[1], NOW)


@pytest.mark.parametrize("offers", [True, False])
def test_the_welcome_names_microsoft_where_it_is_a_way_in(
    post_office: People, listener: Listener, clock: Clock, offers: bool
) -> None:
    Connection.update(
        tenant_id="t", application_id="a", ad_key="k", last_verified_at=NOW, disable_login=not offers
    ).where(Connection.organization == post_office.contoso.id).execute()  # fmt: skip
    ask(post_office.bob, "welcome")
    taken = delivered(listener, clock)
    assert ("Sign in with Microsoft" in taken.text) is offers
    assert ("Sign in with Microsoft" in taken.html) is offers


def test_the_notice_of_a_way_round_microsoft(post_office: People, listener: Listener, clock: Clock) -> None:
    details = NOTICE | {"name": "Ada", "address": "ada@contoso.example"}
    outbox.ask("fallback_used", organization_id=post_office.contoso.id, details=details, now=NOW)
    taken = delivered(listener, clock)
    assert taken.recipients == ["ada@contoso.example"]
    assert taken.message["Subject"] == "Ada signed in at Contoso without Microsoft"
    assert "Ada (ada@contoso.example)" in taken.text
    assert "Why:" not in taken.text


def test_times_are_those_of_the_organisation(post_office: People, listener: Listener, clock: Clock) -> None:
    Organization.update(time_zone="Europe/Amsterdam").where(Organization.id == post_office.contoso.id).execute()
    ask(post_office.bob, "password_changed", **NOTICE)
    assert "26 Nov 2025, 00:30 (Europe/Amsterdam)" in delivered(listener, clock).text


@pytest.mark.parametrize("typed", ["nobody@contoso.example", "silent@contoso.example", ""])
def test_nobody_to_write_to_is_nothing_to_send(
    post_office: People, listener: Listener, clock: Clock, typed: str
) -> None:
    Account.update(type=SILENT_USER).where(Account.id == post_office.bob.id).execute()
    Address.update(address="silent@contoso.example").where(Address.account == post_office.bob.id).execute()
    outbox.ask("password_reset", to=typed, now=NOW)
    mailer.deliver_due(clock)
    assert (listener.taken, Mail.get().sent_at, PasswordLink.select().count()) == ([], NOW, 0)


def test_a_reset_goes_to_the_address_we_know_not_to_one_that_folds_into_it(
    post_office: People, listener: Listener, clock: Clock
) -> None:
    outbox.ask("password_reset", to="ada@conto\u017fo.example", now=NOW)  # a long s: casefolded it is an s
    assert delivered(listener, clock).recipients == ["ada@contoso.example"]


@pytest.mark.parametrize(
    "change", [{"active": False}, {"removed_at": NOW}, {"type": SILENT_USER}, {"type": FUNCTIONAL}], ids=str
)
def test_who_may_not_sign_in_any_more_gets_no_mail(
    post_office: People, listener: Listener, clock: Clock, change: dict[str, object]
) -> None:
    ask(post_office.bob, "welcome")
    Account.update(**change).where(Account.id == post_office.bob.id).execute()
    mailer.deliver_due(clock)
    assert (listener.taken, Mail.get().sent_at, PasswordLink.select().count()) == ([], NOW, 0)


def test_a_name_with_line_breaks_and_markup_stays_a_name(post_office: People, listener: Listener, clock: Clock) -> None:
    name = "Ada\r\nBcc: eve@evil.example\r\n\r\n<b>Pay</b>\u202e here"
    details = NOTICE | {"name": name, "address": "ada@contoso.example"}
    outbox.ask("fallback_used", organization_id=post_office.contoso.id, details=details, now=NOW)
    taken = delivered(listener, clock)
    assert taken.recipients == ["ada@contoso.example"]
    assert taken.message["Bcc"] is None
    on_one_line = "Ada Bcc: eve@evil.example <b>Pay</b> here"
    assert taken.message["Subject"] == f"{on_one_line} signed in at Contoso without Microsoft"
    assert on_one_line in taken.text
    assert "<b>" not in taken.html
    assert "&lt;b&gt;Pay&lt;/b&gt;" in taken.html


def test_an_organisation_s_name_is_escaped_too(post_office: People, listener: Listener, clock: Clock) -> None:
    Organization.update(name="A&B\n<i>Ltd").where(Organization.id == post_office.contoso.id).execute()
    ask(post_office.bob, "welcome")
    taken = delivered(listener, clock)
    assert taken.message["Subject"] == "Your account at A&B <i>Ltd"
    assert "<i>" not in taken.html


def test_a_subject_is_one_line_whatever_it_is_made_of(post_office: People) -> None:
    letter = letters.Letter(("bob@contoso.example",), "Con\r\n\r\ntoso", {"name": "Bob", "link": CONSOLE})
    message = mailer._message("password_reset", letter, "1", NOW)
    assert message.subject == "Choose a new password for Con toso"
